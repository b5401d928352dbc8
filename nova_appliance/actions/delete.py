# SPDX-License-Identifier: Apache-2.0
"""Deletes servers, whatever they are doing. Asked twice, it is done once."""

from __future__ import annotations

import functools

from nova_appliance.actions import find_server
from nova_appliance.actions.begin import TRIES, Wanted, new_saga, nudge
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server

VERB = "delete"


def delete(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to delete a server. Raises Conflict when it is locked, NotFound when it is gone."""
    wanted = Wanted(verb=VERB, saga="delete", order=VerbOrder(verb=VERB))
    for _ in range(TRIES):
        states.check_lock(server, VERB, is_admin=bool(context.is_admin))
        saga = new_saga(cloud, context, server, wanted)
        database = cloud.cells.database(server.cell_id)
        if database.transact(functools.partial(_write, context=context, saga=saga)):
            nudge(cloud, context, (saga,))
            return
        server = find_server.by_id(cloud, server.id)
    raise errors.Conflict(f"Instance {server.id} changes all the time; try again.")


def _write(conn: Connection, context: RequestContext, saga: SagaRow) -> bool:
    """False when the server is not in this cell any more."""
    if not servers.move(conn, saga.server_id, VERB):
        return False
    if any(name == saga.name for _, name in sagas.open_of(conn, saga.server_id)):
        return True
    server_actions.start(conn, saga.server_id, VERB, context)
    sagas.add(conn, (saga,))
    sagas.cancel_others(conn, saga.server_id, but=saga.name)
    return True
