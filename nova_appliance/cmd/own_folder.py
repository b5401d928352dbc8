# SPDX-License-Identifier: Apache-2.0
"""Temporary folders of daemons; who starts next removes those whose owner was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

LOCK = "owner"


def make(prefix: str) -> Path:
    """A folder that is ours while this process, or one that it has forked, lives.

    Folders with that prefix that our user's dead processes have left are removed.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_left(left)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_WRONLY, 0o600)
        if _take(lock) and (folder / LOCK).exists():
            return folder  # the lock stays open: it ends with the last of us
        os.close(lock)  # another has taken the folder for one that was left, just now


def _remove_if_left(folder: Path) -> None:
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            return
        lock = os.open(folder / LOCK, os.O_WRONLY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if _take(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
