# SPDX-License-Identifier: Apache-2.0
"""Call `console_address`: where a guest's console is now."""

from __future__ import annotations

from nova_appliance.compute.agent import Agent
from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.rpc.orders import ConsoleAsked


def console_address(agent: Agent, order: ConsoleAsked) -> ConsoleAddress:
    """Ask the driver; raises NotFound, Conflict, Invalid or Unsupported as it does."""
    return agent.driver.consoles.address(order.server_id, order.device)
