# SPDX-License-Identifier: Apache-2.0
"""Call `console_output`: what the guest said last."""

from __future__ import annotations

from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import ConsoleOutput, Output


def console_output(agent: Agent, order: ConsoleOutput) -> Output:
    """The end of the serial console's log; raises NotFound when there is no guest."""
    said = agent.driver.consoles.output(order.server_id, order.max_bytes)
    return Output(text=said.decode("utf-8", "replace"))
