# SPDX-License-Identifier: Apache-2.0
"""Order `build`: image into the cache, disks, then the guest. Done twice it finds all there."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute import image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import ServerOrder


def build(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Make the server's guest and start it."""
    if order.guest is None:
        raise errors.Invalid("An order to build needs the guest.")
    with agent.builds:
        if order.image is not None:
            image_cache.fetch(agent, order.image)
        agent.driver.disks.create(order.guest)
        seen = agent.driver.lifecycle.start_new(order.guest)
    return {"power": int(seen.power_state)}
