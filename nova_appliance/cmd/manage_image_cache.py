# SPDX-License-Identifier: Apache-2.0
"""nova-manage image_cache: the images on this compute host, from its folders; no database is asked."""

from __future__ import annotations

import argparse

from nova_appliance.cmd.manage_command import OfflineCommand, Outcome
from nova_appliance.common import errors
from nova_appliance.compute.settings import virt_settings
from nova_appliance.conf import load
from nova_appliance.virt.libvirt import cached
from nova_appliance.virt.libvirt.cached import Cached
from nova_appliance.virt.libvirt.folders import folders_of

_MIB = 1 << 20


def list_(given: argparse.Namespace) -> Outcome:
    """Every image of the cache: what it is, how large, when last taken, and whose disks need it."""
    conf = load.load(files=given.config_file)
    if conf.compute_driver == "fake":
        raise errors.Invalid("This host has the fake driver, which keeps no images in a folder.")
    folders = folders_of(virt_settings(conf))
    try:
        found = cached.look(folders)
    except PermissionError as error:
        raise errors.Refused(f"{error.filename} is not yours to read: ask as root.") from error
    return [_row(one) for one in found] or f"There are no images in {folders.images}."


def _row(one: Cached) -> dict[str, object]:
    servers = [*one.servers, *(f"{name} (moved)" for name in one.moved)]
    return {
        "image": one.image_id,
        "state": one.state,
        "format": one.disk_format,
        "MiB on disk": -(-one.on_disk_bytes // _MIB),
        "MiB unfolded": -(-one.virtual_bytes // _MIB),
        "last taken (UTC)": one.taken_at.isoformat(" ", "seconds") if one.taken_at else "",
        "servers": len(servers),
        "over it": "\n".join(servers),
    }


COMMANDS = (
    OfflineCommand(
        "image_cache",
        "list",
        "show the images that this compute host has fetched, and the servers over them",
        list_,
    ),
)
