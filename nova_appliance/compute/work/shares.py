# SPDX-License-Identifier: Apache-2.0
"""Order `release_share`: the host lets go of a share that a guest had. Twice changes nothing."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import ServerOrder


def release(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Unmount it, unless another guest has it too."""
    if order.share is None:
        raise errors.Invalid("An order about a share needs it.")
    agent.driver.shares.unmount(order.share)
    return {}
