# SPDX-License-Identifier: Apache-2.0
"""Deletes servers, whatever they are doing. Asked twice, it is done once."""

from __future__ import annotations

import functools

from nova_appliance.actions import find_server
from nova_appliance.actions.begin import TRIES, Wanted, new_saga, nudge
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server

VERB, SOFT_VERB = "delete", "delete (soft)"
GOING = frozenset(("deleting", "soft-deleting"))
SPARED = frozenset(("rebuild", "rebuild_volume", "confirm_resize", "revert_resize"))
"""Sagas for which a soft deletion waits: ended half-way they leave nothing that can be restored."""


def delete(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to delete a server: for good, or first so that it can be restored for a while.

    Raises Conflict when it is locked, NotFound when it is gone.
    """
    kept = cloud.conf.reclaim_instance_interval > 0
    if kept and server.launched_at is not None and server.host is not None:
        soft(cloud, context, server)
    else:
        force(cloud, context, server)


def force(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to delete a server for good."""
    _begin(cloud, context, server, Wanted(verb=VERB, saga="delete", order=VerbOrder(verb=VERB)))


def soft(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to switch a server off; it can be restored until it is reclaimed."""
    states.check_lock(server, SOFT_VERB, is_admin=bool(context.is_admin))
    if server.state == "soft-delete" or server.task in GOING:
        return
    order = VerbOrder(verb=SOFT_VERB)
    _begin(cloud, context, server, Wanted(verb=SOFT_VERB, saga="soft_delete", order=order))


def _begin(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> None:
    for _ in range(TRIES):
        states.check_lock(server, wanted.verb, is_admin=bool(context.is_admin))
        saga = new_saga(cloud, context, server, wanted)
        work = functools.partial(_write, context=context, saga=saga, verb=wanted.verb)
        if cloud.cells.database(server.cell_id).transact(work):
            notices.moved(cloud, context, server)
            nudge(cloud, context, (saga,))
            return
        server = find_server.by_id(cloud, server.id)
    raise errors.Conflict(f"Instance {server.id} changes all the time; try again.")


def _write(conn: Connection, context: RequestContext, saga: SagaRow, verb: str) -> bool:
    """False when the server is not in this cell any more."""
    if not servers.move(conn, saga.server_id, verb):
        return False
    if any(name == saga.name for _, name in sagas.open_of(conn, saga.server_id)):
        return True
    server_actions.start(conn, saga.server_id, "delete", context)
    sagas.add(conn, (saga,))
    spared = SPARED if verb == SOFT_VERB else ()
    sagas.cancel_others(conn, saga.server_id, but=saga.name, spared=spared)
    return True
