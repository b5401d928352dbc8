# SPDX-License-Identifier: Apache-2.0
"""Order `destroy`: the guest and its disks go. Nothing there is fine."""

from __future__ import annotations

from typing import Any

from nova_appliance.compute import connections
from nova_appliance.compute.agent import Agent
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import Unsupported


def destroy(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Stop the guest at once and remove all that it had on this host."""
    agent.driver.lifecycle.destroy(order.server_id)
    for volume in order.guest.volumes if order.guest else ():
        connections.disconnect(agent, volume)
    for share in order.guest.shares if order.guest else ():
        agent.driver.shares.unmount(share)
    agent.driver.disks.remove(order.server_id)
    if not isinstance(agent.driver.moves, Unsupported):
        agent.driver.moves.drop_kept(order.server_id)
    return {"power": int(PowerState.NOSTATE)}
