# SPDX-License-Identifier: Apache-2.0
"""Orders `attach_interface` and `detach_interface`. Done twice they change nothing."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import Vif
from nova_appliance.rpc.orders import ServerOrder


def attach(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Plug the port into the guest, running or not."""
    agent.driver.interfaces.attach(order.server_id, _vif(order))
    return {"power": power_of(agent, order.server_id)}


def detach(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Take the port out of the guest, and wait until the guest has let go of it."""
    agent.driver.interfaces.detach(order.server_id, _vif(order))
    return {"power": power_of(agent, order.server_id)}


def _vif(order: ServerOrder) -> Vif:
    if order.vif is None:
        raise errors.Invalid("An order about an interface needs it.")
    return order.vif
