# SPDX-License-Identifier: Apache-2.0
"""Making disk files: overlays over cached images, blank disks with a file system."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import msgspec

from nova_appliance.common.errors import Refused
from nova_appliance.common.run import run

_COPY_TIMEOUT_S = 1800.0
_QCOW2 = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQ")
"""Magic, version, place and length of the backing file's name, cluster bits, size that the guest
sees; source: docs/interop/qcow2 of QEMU.
"""
_BLOCK = 512

MAKE_BLANK = {
    # purpose > how its file system is made, before the file's name
    "ephemeral": ("mke2fs", "-q", "-F", "-t", "ext4", "-L", "ephemeral0"),
    "swap": ("mkswap", "-q"),
}


def lay_over(base: Path, base_format: str, target: Path, size_bytes: int) -> None:
    """Make a qcow2 disk that keeps only what differs from `base`."""
    size = [str(size_bytes)] if size_bytes else []
    run([
        "qemu-img", "create", "-q", "-f", "qcow2",
        "-F", base_format, "-b", str(base), str(target), *size,
    ])  # fmt: skip


def copy_raw(base: Path, base_format: str, target: Path, size_bytes: int) -> None:
    """Make a raw disk that has the content of `base`."""
    argv = ["qemu-img", "convert", "-q", "-f", base_format, "-O", "raw", str(base), str(target)]
    run(argv, timeout_s=_COPY_TIMEOUT_S)
    if size_bytes > target.stat().st_size:
        run(["qemu-img", "resize", "-q", "-f", "raw", str(target), str(size_bytes)])


def copy_whole(base: Path, base_format: str, target: Path, size_bytes: int) -> None:
    """Make a qcow2 disk that has the content of `base` and does not need it any more."""
    argv = ["qemu-img", "convert", "-q", "-f", base_format, "-O", "qcow2", str(base), str(target)]
    run(argv, timeout_s=_COPY_TIMEOUT_S)
    if size_bytes:
        run(["qemu-img", "resize", "-q", "-f", "qcow2", str(target), str(size_bytes)])


def make_empty(target: Path, disk_format: str, size_bytes: int) -> None:
    """Make a disk of zeros."""
    run(["qemu-img", "create", "-q", "-f", disk_format, str(target), str(size_bytes)])


def make_blank(target: Path, purpose: str, size_bytes: int) -> None:
    """Make a sparse raw file with the file system of its purpose."""
    with target.open("wb") as file:
        file.truncate(size_bytes)
    run([*MAKE_BLANK[purpose], str(target)], timeout_s=_COPY_TIMEOUT_S)


def backing_file(disk: Path) -> str | None:
    """Path of the file that a qcow2 disk lies over, read from its header."""
    with disk.open("rb") as file:
        start = file.read(_HEADER.size)
        if len(start) < _HEADER.size:
            return None
        magic, _, offset, length, _, _ = _HEADER.unpack(start)
        if magic != _QCOW2 or not offset:
            return None
        file.seek(offset)
        return file.read(length).decode(errors="replace")


def virtual_bytes(disk: Path, disk_format: str) -> int:
    """Size of the disk that the guest sees."""
    if disk_format == "raw":
        return disk.stat().st_size
    with disk.open("rb") as file:
        start = file.read(_HEADER.size)
    if len(start) < _HEADER.size or not start.startswith(_QCOW2):
        raise Refused(f"{disk} is not the qcow2 file that it should be.")
    return int(_HEADER.unpack(start)[-1])


def taken_bytes(disk: Path) -> int:
    """What the file takes of its file system now."""
    return disk.stat().st_blocks * _BLOCK


def grow(disk: Path, disk_format: str, size_bytes: int) -> None:
    """Make the disk as large as that; one that is larger stays."""
    if size_bytes > virtual_bytes(disk, disk_format):
        run(["qemu-img", "resize", "-q", "-f", disk_format, str(disk), str(size_bytes)])


def lie_over(disk: Path, base: Path, base_format: str) -> None:
    """Let an overlay lie over another copy of its base."""
    run([
        "qemu-img", "rebase", "-q", "-u", "-f", "qcow2",
        "-F", base_format, "-b", str(base), str(disk),
    ])  # fmt: skip


def swallow(disk: Path, base: Path) -> None:
    """Take all of its base into an overlay, so that it lies over nothing."""
    lie_over(disk, base, str(_info(disk, "qcow2")["backing-filename-format"]))
    run(["qemu-img", "rebase", "-q", "-f", "qcow2", "-b", "", str(disk)], timeout_s=_COPY_TIMEOUT_S)


def _info(disk: Path, disk_format: str) -> dict[str, Any]:
    """What qemu-img says of a file, also of one in use; its format is never guessed: guests write
    what they like.
    """
    words = run(["qemu-img", "info", "-U", "-f", disk_format, "--output=json", str(disk)])
    found: dict[str, Any] = msgspec.json.decode(words)
    return found
