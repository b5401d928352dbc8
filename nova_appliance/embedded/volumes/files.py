# SPDX-License-Identifier: Apache-2.0
"""Disks of volumes and snapshots: raw, sparse files; each has its name only when it is whole."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from nova_appliance.common.run import run
from nova_appliance.embedded.images.files import sweep

GIB = 1 << 30
COPY_S = 3600.0
PART = ".part"
_MAY_WRITE = 101
"""The byte that QEMU locks while it may write to a file (its RAW_LOCK_PERM_BASE and BLK_PERM_WRITE)."""
_FLOCK = struct.Struct("hhqqi4x")
"""fcntl's struct flock: kind, whence, start, length, process."""

__all__ = (
    "GIB", "blank", "commit", "copy", "export", "grow", "is_open", "lay_over", "overwrite",
    "remove", "sweep",
)  # fmt: skip


def blank(target: Path, size_gib: int) -> None:
    """Make a disk of zeros; one that is there stays."""
    if not target.exists():
        part = _part(target)
        with part.open("wb") as file:
            file.truncate(size_gib * GIB)
        _finish(part, target)


def copy(
    source: Path, source_format: str, target: Path, size_gib: int, *, shared: bool = False
) -> None:
    """Make a disk that begins as `source`; one that is there stays.

    A `shared` one lies below a file that a guest writes to, and does not change.
    """
    if not target.exists():
        _convert(source, source_format, target, size_gib, shared=shared)


def lay_over(disk: Path, over: Path) -> None:
    """Make a qcow2 file that keeps what differs from a disk, which may be in use; it stays if there."""
    if not over.exists():
        part, size = _part(over), str(disk.stat().st_size)
        base = ["-u", "-F", "raw", "-b", disk.name]
        run(["qemu-img", "create", "-q", "-f", "qcow2", *base, str(part), size])
        _finish(part, over)


def commit(over: Path) -> None:
    """Write what a file holds into the disk below it, and leave it empty; none there is fine."""
    if over.exists():
        run(["qemu-img", "commit", "-q", "-f", "qcow2", str(over)], timeout_s=COPY_S)


def overwrite(source: Path, source_format: str, target: Path, size_gib: int) -> None:
    """Let a disk begin as `source` from now on; its old content stays until the new one is whole."""
    _convert(source, source_format, target, size_gib)


def grow(target: Path, size_gib: int) -> None:
    """Give a disk this size unless it has more; done again it changes nothing."""
    _grow(target, size_gib)


def is_open(disk: Path) -> bool:
    """Whether a running guest holds QEMU's lock on the disk, as somebody who may write to it."""
    if not disk.exists():
        return False
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _MAY_WRITE, 1, 0)
    with disk.open("rb") as file:
        told = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
    return bool(_FLOCK.unpack(told)[0] != fcntl.F_UNLCK)


def export(source: Path, target: Path, disk_format: str) -> None:
    """Copy a disk into a file of another format."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    formats = ["-f", "raw", "-O", disk_format]
    run(["qemu-img", "convert", "-q", *formats, str(source), str(target)], timeout_s=COPY_S)


def remove(paths: Iterable[Path]) -> None:
    """Remove disks, half-made ones too; nothing there is fine."""
    for path in paths:
        path.unlink(missing_ok=True)
        path.with_name(path.name + PART).unlink(missing_ok=True)


def _convert(
    source: Path, source_format: str, target: Path, size_gib: int, *, shared: bool = False
) -> None:
    part = _part(target)
    formats = [*(["-U"] if shared else []), "-f", source_format, "-O", "raw"]
    run(["qemu-img", "convert", "-q", *formats, str(source), str(part)], timeout_s=COPY_S)
    _grow(part, size_gib)
    _finish(part, target)


def _grow(path: Path, size_gib: int) -> None:
    wanted = size_gib * GIB
    with path.open("r+b") as file:
        if file.seek(0, os.SEEK_END) < wanted:
            file.truncate(wanted)


def _part(target: Path) -> Path:
    target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    return part


def _finish(part: Path, target: Path) -> None:
    part.chmod(0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
