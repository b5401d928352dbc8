# SPDX-License-Identifier: Apache-2.0
"""Processes that must be found again later: a file says which one, and since when it runs.

The start time keeps us from ever ending a stranger who was given the same number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from pathlib import Path

from nova_appliance.common.clock import wait_for

PROC = Path("/proc")
START_FIELD = 19  # of /proc/PID/stat, counted after the name: "starttime" in proc(5)


@dataclasses.dataclass(frozen=True)
class Process:
    """A process number, and its start in clock ticks since the machine booted."""

    pid: int
    started: int


def write(path: Path, pid: int) -> None:
    """Remember the running process `pid` in `path`."""
    started = _start_of(pid)
    if started is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(f"{pid} {started}\n")
    beside.replace(path)


def living(path: Path) -> int | None:
    """The process number in `path`, if that very process still runs."""
    process = _read(path)
    return process.pid if process and _start_of(process.pid) == process.started else None


def stop(path: Path, timeout_s: float = 30) -> bool:
    """End the process of `path`, gently and then by force; tells whether it was running."""
    pid = living(path)
    if pid is not None:
        _send(pid, signal.SIGTERM)
        if not wait_for(lambda: living(path) is None, timeout_s):
            _send(pid, signal.SIGKILL)
            wait_for(lambda: living(path) is None, 5)
    path.unlink(missing_ok=True)
    return pid is not None


def _read(path: Path) -> Process | None:
    try:
        pid, started = path.read_text().split()
        return Process(int(pid), int(started))
    except (FileNotFoundError, ValueError):
        return None


def _start_of(pid: int) -> int | None:
    """When the process started; None when it does not run, or has ended and only waits to be reaped."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[START_FIELD])


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
