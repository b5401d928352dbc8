# SPDX-License-Identifier: Apache-2.0
"""Making disk files: overlays over cached images, blank disks with a file system."""

from __future__ import annotations

import struct
from pathlib import Path

from nova_appliance.common.run import run

_COPY_TIMEOUT_S = 1800.0
_BACKING = struct.Struct(">4sIQI")

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
        start = file.read(_BACKING.size)
        if len(start) < _BACKING.size:
            return None
        magic, _, offset, length = _BACKING.unpack(start)
        if magic != b"QFI\xfb" or not offset:
            return None
        file.seek(offset)
        return file.read(length).decode(errors="replace")
