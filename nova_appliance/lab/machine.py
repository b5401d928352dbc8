# SPDX-License-Identifier: Apache-2.0
"""Whether this machine can carry hosts of a lab: tried before anything is made, told in one sentence."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from nova_appliance.common.errors import Unsupported
from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.lab import cgroups, mounts

PROBE = "labprobe"
"""Begins the names of what is made to try it, and taken away at once."""
TUN = Path("/dev/net/tun")


def check(home: Path) -> None:
    """Raises Unsupported, which names everything that is missing."""
    lacks = []
    for sentence, attempt in NEEDS:
        try:
            attempt(home)
        except (ProgramFailed, OSError) as error:
            lacks.append(f"{sentence} ({' '.join(str(error).split())})")
    if lacks:
        raise Unsupported(f"This machine cannot carry hosts of a lab: {'; '.join(lacks)}.")


def _be_root(_home: Path) -> None:
    if os.geteuid():
        raise PermissionError(f"this is user {os.geteuid()}")


def _mount_overlay(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=PROBE) as name:
        lower, disk = Path(name, "lower"), Path(name, "disk")
        lower.mkdir()
        try:
            mounts.overlay(disk, (lower,))
        finally:
            mounts.remove(disk)


def _make_cgroup(_home: Path) -> None:
    name = f"{PROBE}-{os.getpid()}"
    folders = cgroups.folders(name)
    if not folders:
        raise FileNotFoundError(f"{cgroups.ROOT} holds no hierarchy")
    try:
        for folder in folders:
            folder.mkdir()
    finally:
        cgroups.remove(name)


def _make_bridge(_home: Path) -> None:
    name = f"{PROBE[:5]}{os.getpid()}"
    run(["ip", "link", "add", name, "type", "bridge"])
    run(["ip", "link", "del", name])


def _find_tun(_home: Path) -> None:
    if not TUN.is_char_device():
        raise FileNotFoundError(f"{TUN} is no device")


NEEDS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("only root starts them", _be_root),
    (
        "their disks need overlay mounts where NOVA_APPLIANCE_STATE is, on ext4, xfs or tmpfs",
        _mount_overlay,
    ),
    ("each needs a cgroup of its own", _make_cgroup),
    ("their wires need bridges", _make_bridge),
    ("their guests need taps", _find_tun),
)
"""What a host cannot do without, and how it is tried."""
