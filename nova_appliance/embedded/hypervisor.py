# SPDX-License-Identifier: Apache-2.0
"""Sees to it that libvirtd answers, with systemd or without, and stops it only if we started it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Unavailable
from nova_appliance.common.run import run
from nova_appliance.embedded import kvm_device, pids

SOCKET = Path("/run/libvirt/libvirt-sock")
SYSTEMD = Path("/run/systemd/system")
# Daemon > where it writes its process number; in the order of starting.
DAEMONS = {"virtlogd": Path("/run/virtlogd.pid"), "libvirtd": Path("/run/libvirtd.pid")}
START_S = 30


def ensure(state_dir: Path, prepare: Callable[[], None] = lambda: None) -> bool:
    """Start libvirtd unless it answers already, after `prepare`; tells whether it was started."""
    kvm_device.settle(state_dir)
    if answers():
        return False
    prepare()
    if SYSTEMD.is_dir():
        run(["systemctl", "start", "libvirtd.service"], timeout_s=START_S)
        _mark(state_dir).parent.mkdir(parents=True, exist_ok=True)
        _mark(state_dir).touch()
    else:
        _start_by_hand(state_dir)
    if not wait_for(answers, START_S):
        raise Unavailable(f"libvirtd was started, but nobody answers at {SOCKET}")
    return True


def answers() -> bool:
    """Whether somebody listens at libvirt's socket."""
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.settimeout(2)
        probe.connect(str(SOCKET))
        return True
    return False


def stop(state_dir: Path) -> None:
    """Stop what `ensure` started, and nothing else."""
    if _mark(state_dir).exists():
        run(["systemctl", "stop", "libvirtd.service"], timeout_s=START_S)
        _mark(state_dir).unlink()
    for daemon in reversed(DAEMONS):
        pids.stop(_file(state_dir, daemon), timeout_s=10)
    kvm_device.restore(state_dir)


def _start_by_hand(state_dir: Path) -> None:
    for daemon, its_file in DAEMONS.items():
        if _lives(its_file):
            continue
        run([daemon, "-d"], timeout_s=START_S)
        if wait_for(lambda path=its_file: _lives(path), START_S):  # type: ignore[misc]
            pids.write(_file(state_dir, daemon), int(its_file.read_text()))


def _lives(its_file: Path) -> bool:
    try:
        pid = int(its_file.read_text())
    except (FileNotFoundError, ValueError):
        return False
    return Path("/proc", str(pid), "comm").exists()


def _mark(state_dir: Path) -> Path:
    return state_dir / "run" / "libvirtd.by-systemd"


def _file(state_dir: Path, daemon: str) -> Path:
    return state_dir / "run" / f"{daemon}.pid"
