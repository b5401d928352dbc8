# SPDX-License-Identifier: Apache-2.0
"""Hosts as administrators asked for them before 2.43: what they have, what holds it, on and off."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import services
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.services import Change, Daemon
from nova_appliance.common import errors
from nova_appliance.db import host_use, hosts
from nova_appliance.domain.host import Amounts

NOT_SUPPORTED = "The requested functionality is not supported."


class HostUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a host has, and what the servers of each project hold of it."""

    has: Amounts
    used: Amounts
    by_project: dict[str, Amounts]


def use(cloud: Cloud, name: str) -> HostUse:
    """The first node of a host. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        nodes = hosts.list_(conn, hosts=[name])
        if not nodes:
            raise errors.NotFound(f"Compute host {name} could not be found.")
        held = host_use.by_project(conn, [node.id for node in nodes])
    inventory = nodes[0].inventory
    return HostUse(
        has=Amounts(
            vcpus=inventory.vcpus, memory_mib=inventory.memory_mib, disk_gib=inventory.disk_gib
        ),
        used=nodes[0].used,
        by_project=held,
    )


def find_working(cloud: Cloud, name: str) -> Daemon:
    """The nova-compute of a host. Raises NotFound; Invalid when it does not work."""
    daemon = services.computes(cloud).get(name)
    if daemon is None:
        raise errors.NotFound(f"Compute host {name} could not be found.")
    if not daemon.is_up:
        raise errors.Invalid(f"Compute service of {name} is unavailable at this time.")
    return daemon


def enable(cloud: Cloud, name: str, *, enabled: bool) -> None:
    """Let new servers come to a host, or not. Raises NotFound, Invalid."""
    services.change(cloud, find_working(cloud, name), Change(disabled=not enabled))


def refuse(cloud: Cloud, name: str) -> errors.Unsupported:
    """The error for what no driver can do to a host; raises NotFound, Invalid as ever."""
    find_working(cloud, name)
    return errors.Unsupported(NOT_SUPPORTED)
