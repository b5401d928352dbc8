# SPDX-License-Identifier: Apache-2.0
"""The cgroups of lab hosts: who runs in them, how all of it is ended, how they go away."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from nova_appliance.common.clock import wait_for

ROOT = Path("/sys/fs/cgroup")
V1 = ("systemd", "unified", "memory", "pids", "devices", "freezer")
"""Hierarchies of a machine with the older layout, as far as it has them."""


def folders(name: str) -> tuple[Path, ...]:
    """The cgroup of that name in each hierarchy of this machine."""
    if (ROOT / "cgroup.controllers").exists():
        return (ROOT / name,)
    return tuple(ROOT / one / name for one in V1 if (ROOT / one).is_dir())


def names(prefix: str) -> tuple[str, ...]:
    """Names of the cgroups at the top that begin so."""
    found = {p.name for one in folders("x") for p in one.parent.glob(f"{prefix}*") if p.is_dir()}
    return tuple(sorted(found))


def pids(name: str) -> frozenset[int]:
    """Processes in it and in what is below it."""
    return frozenset(pid for folder in folders(name) for pid in _pids_below(folder))


def kill(name: str, timeout_s: float = 30) -> bool:
    """End every process of it by force, until none is left; tells whether that succeeded."""

    def nobody_left() -> bool:
        left = pids(name)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    return wait_for(nobody_left, timeout_s)


def kill_entering(prefix: str) -> None:
    """End processes that are about to join such a cgroup (see enter.py)."""
    mark = f"nova_appliance.lab.enter\0{prefix}".encode()
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark in one.read_bytes():
                os.kill(int(one.parent.name), signal.SIGKILL)


def remove(name: str, timeout_s: float = 10) -> None:
    """Remove the empty cgroup; right after a kill the kernel may need a moment."""
    wait_for(lambda: all(_gone(folder) for folder in folders(name)), timeout_s)


def _pids_below(folder: Path) -> Iterator[int]:
    for one in folder.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            yield from (int(line) for line in one.read_text().split() if line != "0")


def _gone(folder: Path) -> bool:
    below = sorted((p for p in folder.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts))
    for one in (*below, folder):
        with contextlib.suppress(OSError):
            one.rmdir()
    return not folder.exists()
