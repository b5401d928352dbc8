# SPDX-License-Identifier: Apache-2.0
"""Order `change_disks`: a guest boots with a rescue disk, or without it again."""

from __future__ import annotations

import contextlib
from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute import image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain.guest import RESCUE_DISK, RESCUE_DRIVE, PowerState
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import NoSuchGuest


def change_disks(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Switch the guest off, make the disks it misses, boot, remove what only a rescued guest has."""
    if order.guest is None:
        raise errors.Invalid("An order to change disks needs the guest.")
    if order.image is not None:
        image_cache.fetch(agent, order.image)
    with contextlib.suppress(NoSuchGuest):
        agent.driver.power.off(order.server_id, order.timeout_s)
    agent.driver.disks.create(order.guest)
    if order.power_on:
        agent.driver.power.reboot_hard(order.guest)
    else:
        agent.driver.lifecycle.destroy(order.server_id)
    if not order.guest.is_rescued:
        for name in (RESCUE_DISK, RESCUE_DRIVE):
            agent.driver.disks.drop(order.server_id, name)
    return {"power": power_of(agent, order.server_id) or int(PowerState.SHUTDOWN)}
