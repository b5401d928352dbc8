# SPDX-License-Identifier: Apache-2.0
"""Lets a guest hold still while its volumes are copied, if its image asks for that.

Its host thaws it by itself when we die: see compute/work/freeze.py.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from nova_appliance.actions import find_server, moves
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import guest_agent, root_image
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import GuestAsked, Thawed

LOG = logging.getLogger(__name__)
ACTIVE = "active"


@contextlib.contextmanager
def held_still(cloud: Cloud, context: RequestContext, server: Server) -> Iterator[None]:
    """Around the copies. Raises Invalid when the image requires it and it cannot be, or did not last."""
    image = root_image.of(server)
    how = guest_agent.quiesce(image.properties if image else {})
    if how is Quiesce.NO or server.state != ACTIVE:
        yield
        return
    frozen = _freeze(cloud, context, server, how)
    lasted = False
    try:
        yield
    finally:
        if frozen:
            lasted = _thaw(cloud, context, server)
    if how is Quiesce.MUST and not lasted:
        raise _cannot(server, "the guest did not hold still until its volumes were copied")


def _freeze(cloud: Cloud, context: RequestContext, server: Server, how: Quiesce) -> bool:
    try:
        if not moves.is_up(cloud, server.host or ""):  # nobody waits for one that is down
            raise errors.Conflict(f"nova-compute on {server.host} is down.")
        _ask(cloud, context, server, "freeze")
    except errors.ApplianceError as error:
        if isinstance(error, errors.Unavailable):  # the host may have done it
            _thaw(cloud, context, server)
        if how is Quiesce.MUST:
            raise _cannot(server, error.message) from error
        LOG.info("server %s is copied as it runs: %s", server.id, error.message)
        return False
    return True


def _thaw(cloud: Cloud, context: RequestContext, server: Server) -> bool:
    """Whether it was frozen until now. What cannot be thawed from here its host thaws."""
    try:
        now = find_server.by_id(cloud, server.id)
        told: Thawed = _ask(cloud, context, now, "thaw")
    except errors.ApplianceError as error:
        LOG.warning("server %s is left to its host to be thawed: %s", server.id, error.message)
        return False
    return told.lasted


def _ask(cloud: Cloud, context: RequestContext, server: Server, name: str) -> Thawed:
    client = cloud.rpc.at(cloud.cells.get(server.cell_id).transport_url)
    order = GuestAsked(server_id=server.id)
    answer: Thawed = client.call("compute", name, order, context, server.host)
    return answer


def _cannot(server: Server, reason: str) -> errors.Invalid:
    return errors.Invalid(f"Quiescing is not supported in instance {server.id}: {reason}")
