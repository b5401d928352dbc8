# SPDX-License-Identifier: Apache-2.0
"""Orders about one volume: to attach, detach, swap, resize, snapshot, merge. Twice changes nothing."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute import connections, volume_counts
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import Merge, Volume
from nova_appliance.rpc.orders import ServerOrder


def attach(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Connect the volume, plug it in, and tell the volume service."""
    volume = connections.connect(agent, _needed(order.volume))
    agent.driver.volumes.attach(order.server_id, volume)
    ways = connections.settle(agent, (volume,))
    return {"power": power_of(agent, order.server_id), "connections": ways}


def detach(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Take the volume out, wait until the guest has let go of it, and give its way back."""
    volume = _needed(order.volume)
    count = volume_counts.last_of(agent, order.server_id, volume.volume_id)
    agent.driver.volumes.detach(order.server_id, volume)
    connections.disconnect(agent, volume)
    return {"power": power_of(agent, order.server_id)} | count


def swap(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let the guest go on with the other volume, which gets the content of the first."""
    old = connections.connect(agent, _needed(order.volume))
    new = connections.connect(agent, _needed(order.new_volume))
    agent.driver.volumes.swap(order.server_id, old, new)
    ways = connections.settle(agent, (new,))
    connections.disconnect(agent, old)
    return {"power": power_of(agent, order.server_id), "connections": ways}


def resize(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let the guest see how large the volume is now."""
    volume = connections.connect(agent, _needed(order.volume))
    agent.driver.volumes.resize(order.server_id, volume)
    return {"power": power_of(agent, order.server_id)}


def snapshot(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let the guest write to another file, which lies over the volume's."""
    volume = connections.connect(agent, _needed(order.volume))
    now = agent.driver.volumes.lay_over(order.server_id, volume, order.file)
    return _told(agent, order, volume, now)


def merge(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Make files of the volume one."""
    volume = connections.connect(agent, _needed(order.volume))
    now = agent.driver.volumes.merge(order.server_id, volume, order.merge or Merge())
    return _told(agent, order, volume, now)


def _told(agent: Agent, order: ServerOrder, volume: Volume, now: Volume) -> dict[str, Any]:
    ways = connections.moved(volume, now)
    return {"power": power_of(agent, order.server_id), "connections": ways}


def _needed(volume: Volume | None) -> Volume:
    if volume is None:
        raise errors.Invalid("An order about a volume needs it.")
    return volume
