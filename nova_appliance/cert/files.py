# SPDX-License-Identifier: Apache-2.0
"""Files of keys and certificates: replaced whole or not at all, private where they must be."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

PRIVATE, OPEN = 0o600, 0o644


def read(path: Path) -> str | None:
    """The text of a file; None when it is not there."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def put(path: Path, text: str, mode: int) -> bool:
    """Make a file say `text`; whether it had to change. A new one gets `mode`, and one that is
    replaced keeps its owner and group, and its mode unless that is wider than `mode`.
    """
    if read(path) == text:
        return _narrow(path, mode)
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            _take_over(file.fileno(), path, mode)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
    return True


def link(path: Path, name: str) -> bool:
    """Have a link to the file `name` of the same folder; whether it was made."""
    if path.is_symlink() and str(path.readlink()) == name:
        return False
    path.unlink(missing_ok=True)
    path.symlink_to(name)
    return True


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: one process at a time changes what is in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _take_over(handle: int, old: Path, mode: int) -> None:
    try:
        there = old.stat()
    except FileNotFoundError:
        os.fchmod(handle, mode)
        return
    os.fchmod(handle, there.st_mode & _allowed(mode))
    if os.geteuid() == 0:
        os.fchown(handle, there.st_uid, there.st_gid)


def _narrow(path: Path, mode: int) -> bool:
    stands = path.stat().st_mode & 0o777
    if stands & ~_allowed(mode):
        path.chmod(stands & _allowed(mode))
        return True
    return False


def _allowed(mode: int) -> int:
    """A private file may be shown to a group by its administrator, never to all."""
    return mode | 0o040
