# SPDX-License-Identifier: Apache-2.0
"""Making disk files: overlays over cached images, blank disks with a file system, config drives."""

from __future__ import annotations

import shutil
import struct
import tempfile
from pathlib import Path, PurePosixPath

from nova_appliance.common.errors import Refused
from nova_appliance.common.run import run

CONFIG_DRIVE_LABEL = "config-2"
_COPY_TIMEOUT_S = 1800.0
_ISO_PROGRAMS = ("genisoimage", "mkisofs")
_BACKING = struct.Struct(">4sIQI")
_ISO_OPTIONS = ("-quiet", "-J", "-r", "-l", "-ldots", "-allow-lowercase", "-allow-multidot")

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


def make_config_drive(target: Path, files: dict[str, str]) -> None:
    """Make the ISO image that cloud-init looks for by its label."""
    program = next((p for p in _ISO_PROGRAMS if shutil.which(p)), _ISO_PROGRAMS[0])
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            file = Path(folder) / _inside(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        run([program, *_ISO_OPTIONS, "-V", CONFIG_DRIVE_LABEL, "-o", str(target), folder])


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise Refused(f"{name!r} cannot be the name of a file on the config drive.")
    return path
