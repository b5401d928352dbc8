# SPDX-License-Identifier: Apache-2.0
"""Call `diagnostics`: how the guest does."""

from __future__ import annotations

from nova_appliance.compute.agent import Agent
from nova_appliance.domain.diagnostics import Diagnosis
from nova_appliance.rpc.orders import GuestAsked


def diagnostics(agent: Agent, order: GuestAsked) -> Diagnosis:
    """What the hypervisor counted; raises NotFound, Conflict when the guest does not run."""
    return agent.driver.diagnostics.read(order.server_id)
