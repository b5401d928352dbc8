# SPDX-License-Identifier: Apache-2.0
"""Order `set_password`: the guest's agent changes its administrator's password."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain import guest_agent
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import NoGuestAgent


def set_password(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Change it. Raises NoGuestAgent for a guest that has no agent or does not run."""
    if order.guest is None:
        raise errors.Invalid("An order to set a password needs the guest.")
    properties = order.guest.image_properties
    if not guest_agent.is_there(properties):
        raise NoGuestAgent(order.server_id, "its image does not promise one")
    user = guest_agent.admin_user(properties)
    agent.driver.inside.set_password(order.server_id, user, order.password)
    return {"power": power_of(agent, order.server_id)}
