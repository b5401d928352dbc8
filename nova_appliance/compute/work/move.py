# SPDX-License-Identifier: Apache-2.0
"""Orders `set_aside`, `arrive`, `withdraw`, `take_back`, `forget_origin`: a server changes its
host or its flavor while it is off. Done twice they find all done.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.common import errors
from nova_appliance.compute import connections, image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import Guest, PowerState
from nova_appliance.domain.journey import Journey
from nova_appliance.rpc.orders import ServerOrder


def set_aside(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the source: keep the disks for the target to fetch; nobody can start a guest on them."""
    agent.driver.lifecycle.destroy(order.server_id)
    _let_go(agent, order)
    journey = agent.driver.moves.set_aside(order.server_id, _journey(order))
    wire: dict[str, Any] = msgspec.to_builtins(journey)
    return {"journey": wire, "power": power_of(agent, order.server_id)}


def arrive(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the target: fetch the disks, make what the flavor has besides, start the guest."""
    guest, journey = _guest(order), _journey(order)
    with agent.builds:
        if order.image is not None and not journey.stays:
            _fetch_image(agent, order)
        agent.driver.moves.fetch(guest, journey)
        agent.driver.disks.create(guest)
        if order.power_on:
            agent.driver.power.on(guest)
    return _seen(agent, order)


def withdraw(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the target: nothing of the server is here any more, but for what the source keeps."""
    kept = agent.driver.moves.kept()
    if _journey(order).stays and order.server_id not in kept:
        return {"power": power_of(agent, order.server_id)}  # these disks are the only ones
    agent.driver.lifecycle.destroy(order.server_id)
    _let_go(agent, order)
    agent.driver.disks.remove(order.server_id)
    return {"power": power_of(agent, order.server_id)}


def take_back(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the source: the server is as it was before it moved."""
    agent.driver.moves.take_back(order.server_id)
    if order.power_on:
        agent.driver.power.on(_guest(order))
    return _seen(agent, order)


def forget_origin(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the source: what was kept goes."""
    agent.driver.moves.drop_kept(order.server_id)
    return {"power": power_of(agent, order.server_id)}


def _let_go(agent: Agent, order: ServerOrder) -> None:
    """A guest that is off here and goes on elsewhere needs no way to its volumes."""
    for volume in order.guest.volumes if order.guest and not _journey(order).stays else ():
        connections.disconnect(agent, volume)


def _seen(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """A guest that is not to run need not be known to the hypervisor."""
    off = int(PowerState.SHUTDOWN)
    return {"power": power_of(agent, order.server_id) if order.power_on else off}


def _fetch_image(agent: Agent, order: ServerOrder) -> None:
    """An image that is gone comes along with the disks."""
    if order.image is not None:
        try:
            image_cache.fetch(agent, order.image)
        except errors.Refused:
            return


def _guest(order: ServerOrder) -> Guest:
    if order.guest is None:
        raise errors.Invalid("An order to move needs the guest.")
    return order.guest


def _journey(order: ServerOrder) -> Journey:
    if order.journey is None:
        raise errors.Invalid("An order to move needs the journey.")
    return order.journey
