# SPDX-License-Identifier: Apache-2.0
"""Gives /dev/kvm the group that udev would give it; libvirt asks anew at every call otherwise.

Only where no udev did: in containers and on machines without systemd.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import stat
from pathlib import Path

DEVICE = Path("/dev/kvm")
MODE = 0o660


def settle(state_dir: Path, device: Path = DEVICE) -> bool:
    """Let the group kvm use the device; remembers what it was. Tells whether it was changed."""
    try:
        group = grp.getgrnam("kvm").gr_gid
        found = device.stat()
    except (KeyError, FileNotFoundError):
        return False
    mode = stat.S_IMODE(found.st_mode)
    if found.st_gid == group and mode == MODE:
        return False
    kept = _kept(state_dir)
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        kept.write_text(json.dumps({"uid": found.st_uid, "gid": found.st_gid, "mode": mode}))
    os.chown(device, found.st_uid, group)
    device.chmod(MODE)
    return True


def restore(state_dir: Path, device: Path = DEVICE) -> None:
    """Make the device as `settle` found it."""
    with contextlib.suppress(FileNotFoundError):
        was = json.loads(_kept(state_dir).read_text())
        os.chown(device, was["uid"], was["gid"])
        device.chmod(was["mode"])
        _kept(state_dir).unlink()


def _kept(state_dir: Path) -> Path:
    return state_dir / "run" / "dev-kvm.was"
