# SPDX-License-Identifier: Apache-2.0
"""Orders `fetch_image` and `rebuild`: the image comes first, then the guest is made anew."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute import image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc.orders import ServerOrder


def fetch_image(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Have the image in the cache."""
    if order.image is not None:
        image_cache.fetch(agent, order.image)
    return {"power": power_of(agent, order.server_id)}


def rebuild(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Make disks and config drive anew, and start the guest if it is to run."""
    if order.guest is None:
        raise errors.Invalid("An order to rebuild needs the guest.")
    with agent.builds:
        if order.image is not None:
            image_cache.fetch(agent, order.image)
        agent.driver.lifecycle.destroy(order.server_id)
        agent.driver.disks.renew(order.guest, keep_ephemeral=order.keep_ephemeral)
        if not order.power_on:
            return {"power": int(PowerState.SHUTDOWN)}
        seen = agent.driver.lifecycle.start_new(order.guest)
    return {"power": int(seen.power_state)}
