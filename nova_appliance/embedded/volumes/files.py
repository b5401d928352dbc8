# SPDX-License-Identifier: Apache-2.0
"""Disks of volumes and snapshots: sparse files; each has its name only when it is whole."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from nova_appliance.common.run import run
from nova_appliance.embedded.images.files import sweep
from nova_appliance.embedded.volumes.types import QCOW2, RAW

GIB = 1 << 30
COPY_S = 3600.0
PART = ".part"
_MAY_WRITE = 101
"""The byte that QEMU locks while it may write to a file (its RAW_LOCK_PERM_BASE and BLK_PERM_WRITE)."""
_FLOCK = struct.Struct("hhqqi4x")
"""fcntl's struct flock: kind, whence, start, length, process."""

__all__ = (
    "GIB", "Disk", "blank", "commit", "copy", "export", "grow", "is_open", "lay_over", "overwrite",
    "remove", "sweep",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Disk:
    """A file, and its format, which is never asked of what a guest may have written."""

    path: Path
    form: str = RAW


def blank(target: Disk, size_gib: int) -> None:
    """Make a disk of zeros; one that is there stays."""
    if not target.path.exists():
        part = _part(target.path)
        _CREATE[target.form](part, size_gib * GIB)
        _finish(part, target.path)


def copy(source: Disk, target: Disk, size_gib: int, *, shared: bool = False) -> None:
    """Make a disk that begins as `source`; one that is there stays.

    A `shared` one lies below a file that a guest writes to, and does not change.
    """
    if not target.path.exists():
        _convert(source, target, size_gib, shared=shared)


def lay_over(disk: Disk, over: Path) -> None:
    """Make a qcow2 file that keeps what differs from a disk, which may be in use; it stays if there."""
    if not over.exists():
        part, size = _part(over), str(_size(disk))
        base = ["-u", "-F", disk.form, "-b", disk.path.name]
        run(["qemu-img", "create", "-q", "-f", QCOW2, *base, str(part), size])
        _finish(part, over)


def commit(over: Path) -> None:
    """Write what a file holds into the disk below it, and leave it empty; none there is fine."""
    if over.exists():
        run(["qemu-img", "commit", "-q", "-f", QCOW2, str(over)], timeout_s=COPY_S)


def overwrite(source: Disk, target: Disk, size_gib: int) -> None:
    """Let a disk begin as `source` from now on; its old content stays until the new one is whole."""
    _convert(source, target, size_gib)


def grow(target: Disk, size_gib: int) -> None:
    """Give a disk this size unless it has more; done again it changes nothing."""
    wanted = size_gib * GIB
    if _size(target) < wanted:
        _RESIZE[target.form](target.path, wanted)


def is_open(disk: Path) -> bool:
    """Whether a running guest holds QEMU's lock on the disk, as somebody who may write to it."""
    if not disk.exists():
        return False
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _MAY_WRITE, 1, 0)
    with disk.open("rb") as file:
        told = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
    return bool(_FLOCK.unpack(told)[0] != fcntl.F_UNLCK)


def export(source: Disk, target: Path, disk_format: str) -> None:
    """Copy a disk into a file of another format."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    formats = ["-f", source.form, "-O", disk_format]
    run(["qemu-img", "convert", "-q", *formats, str(source.path), str(target)], timeout_s=COPY_S)


def remove(paths: Iterable[Path]) -> None:
    """Remove disks, half-made ones too; nothing there is fine."""
    for path in paths:
        path.unlink(missing_ok=True)
        path.with_name(path.name + PART).unlink(missing_ok=True)


def _convert(source: Disk, target: Disk, size_gib: int, *, shared: bool = False) -> None:
    part = _part(target.path)
    formats = [*(["-U"] if shared else []), "-f", source.form, "-O", target.form]
    run(["qemu-img", "convert", "-q", *formats, str(source.path), str(part)], timeout_s=COPY_S)
    grow(Disk(part, target.form), size_gib)
    _finish(part, target.path)


def _size(disk: Disk) -> int:
    """How large the disk is that a guest sees."""
    if disk.form == RAW:
        return disk.path.stat().st_size
    told = run(["qemu-img", "info", "-U", "-f", disk.form, "--output=json", str(disk.path)])
    return int(json.loads(told)["virtual-size"])


def _truncate(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)


def _create(path: Path, size: int) -> None:
    run(["qemu-img", "create", "-q", "-f", QCOW2, str(path), str(size)])


def _resize(path: Path, size: int) -> None:
    run(["qemu-img", "resize", "-q", "-f", QCOW2, str(path), str(size)])


_CREATE = {RAW: _truncate, QCOW2: _create}
_RESIZE = {RAW: _truncate, QCOW2: _resize}


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
