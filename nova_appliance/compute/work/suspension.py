# SPDX-License-Identifier: Apache-2.0
"""Orders `pause`, `unpause`, `suspend`, `resume`, `interrupt`. Done twice they change nothing."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.rpc.orders import ServerOrder


def pause(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Hold the guest's processors."""
    agent.driver.suspension.pause(order.server_id)
    return {"power": power_of(agent, order.server_id)}


def unpause(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let a paused guest go on."""
    agent.driver.suspension.unpause(order.server_id)
    return {"power": power_of(agent, order.server_id)}


def suspend(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Keep the guest's memory and take its power."""
    agent.driver.suspension.suspend(order.server_id)
    return {"power": power_of(agent, order.server_id)}


def resume(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let a suspended guest go on."""
    if order.guest is None:
        raise errors.Invalid("An order to resume needs the guest.")
    agent.driver.suspension.resume(order.guest)
    return {"power": power_of(agent, order.server_id)}


def interrupt(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let the guest dump its memory."""
    agent.driver.suspension.interrupt(order.server_id)
    return {"power": power_of(agent, order.server_id)}
