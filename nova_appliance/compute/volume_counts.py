# SPDX-License-Identifier: Apache-2.0
"""What guests read from their volumes and wrote, as the hypervisor counts it; told in one message."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.domain.volume_usage import VolumeCount
from nova_appliance.rpc.orders import VolumesCounted
from nova_appliance.virt.driver import Unsupported

LOG = logging.getLogger(__name__)


def send(agent: Agent) -> None:
    """Tell the conductor of all guests; not of those that an order is changing meanwhile."""
    since = agent.clock.monotonic()
    found = [one for guest in agent.driver.lifecycle.list_() for one in _of(agent, guest.server_id)]
    counts = tuple(one for one in found if not agent.desk.touched_since(one.server_id, since))
    if counts:
        order = VolumesCounted(host=agent.host, counts=counts)
        agent.rpc.call("conductor", "volumes_counted", order, contexts.for_background())


def last_of(agent: Agent, server_id: str, volume_id: str) -> dict[str, Any]:
    """For the report on a volume that is about to leave; nothing unless usage is counted."""
    if agent.conf.volume_usage_poll_interval <= 0:
        return {}
    found = [one for one in _of(agent, server_id) if one.volume_id == volume_id]
    return {"count": msgspec.structs.asdict(found[0])} if found else {}


def _of(agent: Agent, server_id: str) -> tuple[VolumeCount, ...]:
    """Nothing of a guest that the hypervisor cannot tell of now: no order fails with it."""
    if isinstance(agent.driver.volumes, Unsupported):
        return ()
    try:
        return agent.driver.volumes.counts(server_id)
    except errors.ApplianceError as error:
        LOG.warning("server %s: its volumes are not counted: %s", server_id, error.message)
        return ()
