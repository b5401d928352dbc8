# SPDX-License-Identifier: Apache-2.0
"""Orders `snapshot`, `upload_snapshot`, `drop_snapshot`: a root disk becomes an image."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work.power import power_of
from nova_appliance.domain import guest_agent
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.rpc.orders import ServerOrder


def snapshot(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Copy the root disk."""
    quiesce = guest_agent.quiesce(order.guest.image_properties) if order.guest else Quiesce.NO
    with agent.copies:
        disk_format = agent.driver.snapshots.take(order.server_id, _image_id(order), quiesce)
    return {"power": power_of(agent, order.server_id), "disk_format": disk_format}


def upload(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Give the copy to the image service, once, and remove it here."""
    image_id = _image_id(order)
    if agent.images.get(image_id).status != "active":
        with agent.copies:
            disk_format = agent.driver.snapshots.take(order.server_id, image_id)
            data = agent.driver.snapshots.chunks(order.server_id, image_id)
            agent.images.upload(image_id, disk_format, data)
    agent.driver.snapshots.drop(order.server_id, image_id)
    return {"power": power_of(agent, order.server_id)}


def drop(agent: Agent, order: ServerOrder) -> dict[str, Any]:
    """Remove the copy; nothing there is fine."""
    agent.driver.snapshots.drop(order.server_id, _image_id(order))
    return {"power": power_of(agent, order.server_id)}


def _image_id(order: ServerOrder) -> str:
    if order.image is None:
        raise errors.Invalid("An order about a snapshot needs its image.")
    return order.image.id
