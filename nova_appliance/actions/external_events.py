# SPDX-License-Identifier: Apache-2.0
"""What the network and volume services tell of servers."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence

from nova_appliance.actions import find_server, interfaces, refresh_addresses, volumes
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import Nudge

LOG = logging.getLogger(__name__)

NEEDS_TAG = frozenset(
    ("volume-extended", "power-update", "accelerator-request-bound", "volume-reimaged")
)
POWER = {"POWER_ON": "start", "POWER_OFF": "stop"}
"""Tag of power-update > the action it is recorded as."""


@dataclasses.dataclass(frozen=True)
class Event:
    """One piece of news about a server."""

    name: str
    server_id: str
    tag: str | None = None


def receive(cloud: Cloud, context: RequestContext, events: Sequence[Event]) -> tuple[int, ...]:
    """Take note of each; a code for each: 200, 400 (tag is missing), 404, 422 (no host)."""
    refreshed: set[tuple[str, str]] = set()
    codes = []
    for event in events:
        code = _code(cloud, event)
        codes.append(code)
        if code == 200 and (event.name, event.server_id) not in refreshed:
            _act(cloud, context, event)
            if event.name == _ADDRESSES:
                refreshed.add((event.name, event.server_id))
    return tuple(codes)


def _code(cloud: Cloud, event: Event) -> int:
    try:
        server = find_server.by_id(cloud, event.server_id)
    except errors.NotFound:
        return 404
    if server.host is None:
        return 422
    if event.name in NEEDS_TAG and event.tag is None:
        return 400
    return 200


def _act(cloud: Cloud, context: RequestContext, event: Event) -> None:
    LOG.info("server %s: %s %s", event.server_id, event.name, event.tag or "")
    act = _ACTS.get(event.name)
    if act is None:
        return
    try:
        act(cloud, context, find_server.by_id(cloud, event.server_id), event)
    except errors.NotFound:
        return  # it has just been deleted
    except errors.Unavailable as error:
        LOG.warning("server %s: %s is not done: %s", event.server_id, event.name, error.message)


def _refresh(cloud: Cloud, _context: RequestContext, server: Server, _event: Event) -> None:
    refresh_addresses.refresh(cloud, server.id)


def _port_deleted(cloud: Cloud, context: RequestContext, server: Server, event: Event) -> None:
    """The guest loses its card also while the network service, which knows the addresses, is away."""
    try:
        refresh_addresses.refresh(cloud, server.id)
    finally:
        interfaces.forget(cloud, context, server, event.tag or "")


def _wake(cloud: Cloud, context: RequestContext, server: Server, _event: Event) -> None:
    """What waits for ports or for a volume looks now; it would do so by itself a little later."""
    for cell_id in (CELL0, server.cell_id):  # a boot's order stays where the server was born
        database = cloud.cells.database(cell_id)
        for saga_id in database.transact(lambda conn: sagas.wake_waiting(conn, server.id)):
            order = Nudge(cell_id=cell_id, saga_id=saga_id)
            cloud.rpc.hint("conductor", "nudge", order, context)


def _power(cloud: Cloud, context: RequestContext, server: Server, event: Event) -> None:
    """Its host finds the new power state by itself; what is kept here is that it was told."""
    action = POWER.get(event.tag or "")
    if action is None:
        LOG.warning("server %s: there is no power state %s", server.id, event.tag)
        return

    def work(conn: Connection) -> None:
        server_actions.start(conn, server.id, action, context)
        server_actions.finish(conn, server.id, str(context.request_id))

    cloud.cells.database(server.cell_id).transact(work)


def _extended(cloud: Cloud, context: RequestContext, server: Server, event: Event) -> None:
    volumes.extended(cloud, context, server, str(event.tag))


_ADDRESSES = "network-changed"
_Act = Callable[[Cloud, RequestContext, Server, Event], None]
_ACTS: dict[str, _Act] = {
    "network-changed": _refresh,
    "network-vif-deleted": _port_deleted,
    "network-vif-plugged": _wake,
    "volume-reimaged": _wake,
    "power-update": _power,
    "volume-extended": _extended,
}
"""Events that change something here. The others are taken note of:
accelerators are looked at when they are used."""
