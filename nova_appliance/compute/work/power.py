# SPDX-License-Identifier: Apache-2.0
"""Orders `power_on` and `power_off`. A guest that is as wanted already is left alone."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import NoSuchGuest


def power_on(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Start the guest."""
    if order.guest is None:
        raise errors.Invalid("An order to power on needs the guest.")
    agent.driver.power.on(order.guest)
    return {"power": power_of(agent, order.server_id)}


def power_off(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Let the guest shut down, then cut its power; one that is gone is as good as off."""
    try:
        agent.driver.power.off(order.server_id, order.timeout_s)
    except NoSuchGuest:
        return {"power": int(PowerState.SHUTDOWN)}
    return {"power": power_of(agent, order.server_id)}


def power_of(agent: Agent, server_id: str) -> int:
    """Number of the power state that the hypervisor sees."""
    seen = agent.driver.lifecycle.find(server_id)
    return int(seen.power_state if seen else PowerState.NOSTATE)
