# SPDX-License-Identifier: Apache-2.0
"""Calls `console_output` and `console_screenshot`: what the guest said last, and what it shows."""

from __future__ import annotations

import base64

from nova_appliance.compute import pictures
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import ConsoleOutput, GuestAsked, Output


def console_output(agent: Agent, order: ConsoleOutput) -> Output:
    """The end of the serial console's log; raises NotFound when there is no guest."""
    said = agent.driver.consoles.output(order.server_id, order.max_bytes)
    return Output(text=said.decode("utf-8", "replace"))


def console_screenshot(agent: Agent, order: GuestAsked) -> Output:
    """The screen as a JPEG, in base64; raises NotFound, Conflict when the guest does not run."""
    taken = agent.driver.consoles.screenshot(order.server_id)
    return Output(text=base64.b64encode(pictures.to_jpeg(taken)).decode())
