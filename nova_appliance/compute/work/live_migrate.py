# SPDX-License-Identifier: Apache-2.0
"""Orders `show_passport`, `admit`, `go`, `come_back`: a server changes hosts while it runs."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.compute import image_cache, shared_storage
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.passport import Progress
from nova_appliance.rpc.orders import HowFar, ServerOrder
from nova_appliance.virt.moves import Watch


def show_passport(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the source: say what the target must know."""
    if order.journey is None:
        raise errors.Invalid("An order to move needs the journey.")
    passport = agent.driver.live.passport(_guest(order), order.journey)
    wire: dict[str, Any] = msgspec.to_builtins(passport)
    return {"passport": wire, "power": power_of(agent, order.server_id)}


def admit(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the target: check that the guest can live here, and have its disks ready."""
    if order.passport is None:
        raise errors.Invalid("An order to admit a guest needs its passport.")
    shared = shared_storage.is_shared_with(agent, order.passport.journey.source)
    if not shared and order.image is not None:
        image_cache.fetch(agent, order.image)
    welcome = agent.driver.live.admit(_guest(order), order.passport, shared=shared)
    wire: dict[str, Any] = msgspec.to_builtins(welcome)
    return {"welcome": wire, "power": power_of(agent, order.server_id)}


def go(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the source: send the guest, tell how far it is, do what is wanted meanwhile."""
    if order.welcome is None:
        raise errors.Invalid("An order to go needs the welcome.")
    with agent.moves:
        agent.driver.live.go(_guest(order), order.welcome, _watch(agent, order))
    return {"power": power_of(agent, order.server_id)}


def come_back(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """At the target: a guest that is here goes back to the source; none here is fine."""
    if order.welcome is None:
        raise errors.Invalid("An order to come back needs the welcome.")
    if agent.driver.lifecycle.find(order.server_id) is not None:
        agent.driver.live.go(_guest(order), order.welcome, lambda _progress: None)
    return {"power": power_of(agent, order.server_id)}


def _watch(agent: Agent, order: ServerOrder) -> Watch:
    """Ask the conductor what is wanted; a conductor that is away wants nothing."""

    def tell(progress: Progress) -> str | None:
        ticket = order.ticket
        news = HowFar(cell_id=ticket.cell_id, migration_id=order.migration_id, progress=progress)
        try:
            wish = agent.rpc.call("conductor", "how_far", news, contexts.for_background())
        except errors.Unavailable:
            return None
        wanted: str | None = wish.wanted
        return wanted

    return tell


def _guest(order: ServerOrder) -> Guest:
    if order.guest is None:
        raise errors.Invalid("An order to move needs the guest.")
    return order.guest
