# SPDX-License-Identifier: Apache-2.0
"""Orders `rebuild_here` and `abandon`: a server whose host is down is made anew on this one, from
its disks where they are shared, else from its image.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute import connections, image_cache, shared_storage
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc.orders import ServerOrder


def rebuild_here(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Have the disks, and start the guest if it is to run."""
    if order.guest is None:
        raise errors.Invalid("An order to rebuild needs the guest.")
    with agent.builds:
        if not _has_disks(agent, order):
            if order.image is not None:
                image_cache.fetch(agent, order.image)
            agent.driver.disks.create(order.guest)
        if order.power_on:
            agent.driver.power.on(order.guest)
    off = int(PowerState.SHUTDOWN)
    return {"power": power_of(agent, order.server_id) if order.power_on else off}


def abandon(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """The guest is not here; disks that its own host sees too stay."""
    agent.driver.lifecycle.destroy(order.server_id)
    for volume in order.guest.volumes if order.guest else ():
        connections.disconnect(agent, volume)
    if not _has_disks(agent, order):
        agent.driver.disks.remove(order.server_id)
    return {"power": int(PowerState.NOSTATE)}


def _has_disks(agent: Agent, order: ServerOrder) -> bool:
    """Whether the disks here are those of the host that is down."""
    source = order.journey.source if order.journey else None
    shared = shared_storage.is_shared_with(agent, source)
    return shared and agent.driver.disks.exists(order.server_id)
