# SPDX-License-Identifier: Apache-2.0
"""How much room guests have, and were promised, in the file system under their disks."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from nova_appliance.common.errors import Refused
from nova_appliance.virt.libvirt import overlays
from nova_appliance.virt.libvirt.folders import Folders
from nova_appliance.virt.libvirt.moves import disk_names

GIB = 1 << 30
LOG = logging.getLogger(__name__)


def disk_space(folders: Folders, disk_format: str) -> tuple[int, int]:
    """Whole GiB of the file system, and GiB that are free when every guest has filled its disks:
    fewer than none where more was promised than there is.
    """
    servers = folders.servers
    existing = next(p for p in (servers, *servers.absolute().parents) if p.exists())
    space = os.statvfs(existing)
    free = space.f_bavail * space.f_frsize - promised_bytes(folders, disk_format)
    return space.f_blocks * space.f_frsize // GIB, free // GIB


def promised_bytes(folders: Folders, disk_format: str) -> int:
    """How much the disks of all guests may still grow; one that goes meanwhile is left out."""
    promised = 0
    for server_id in folders.owners():
        folder = folders.server(server_id)
        with contextlib.suppress(OSError):
            for name in disk_names(folder):
                promised += _growth(folder / name, disk_format)
    return promised


def _growth(disk: Path, disk_format: str) -> int:
    with contextlib.suppress(OSError):
        try:
            return max(0, overlays.virtual_bytes(disk, disk_format) - overlays.taken_bytes(disk))
        except Refused as error:
            LOG.warning("how much %s may grow is not known: %s", disk, error)
    return 0
