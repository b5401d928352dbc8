# SPDX-License-Identifier: Apache-2.0
"""Order `reboot`: soft asks the guest, and turns hard when it does not obey."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import NoSuchGuest


def reboot(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Start the guest anew."""
    if order.guest is None:
        raise errors.Invalid("An order to reboot needs the guest.")
    if order.hard or not _obeyed(agent, order):
        agent.driver.power.reboot_hard(order.guest)
    return {"power": power_of(agent, order.server_id)}


def _obeyed(agent: Agent, order: ServerOrder) -> bool:
    try:
        return agent.driver.power.reboot_soft(order.server_id, order.timeout_s)
    except NoSuchGuest:
        return False
