# SPDX-License-Identifier: Apache-2.0
"""News of a server that something else is done with just now: kept until that has ended."""

from __future__ import annotations

import msgspec

from nova_appliance.actions.begin import Wanted, begin, new_saga, nudge
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import LateNews
from nova_appliance.common import context as contexts
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server

SAGA = "hear_later"


def begin_or_keep(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> None:
    """Begin the move, now or when the server comes to rest."""
    try:
        begin(cloud, context, server, wanted)
    except errors.Conflict:
        keep(cloud, context, server, wanted)


def keep(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> None:
    """Let a conductor begin the move when the server comes to rest; the same news is kept once."""
    order = LateNews(
        verb=wanted.verb,
        saga=wanted.saga,
        saga_id=ids.new_id(),
        order=msgspec.to_builtins(wanted.order),
        context=context.as_wire(),
    )
    waiting = Wanted(verb=wanted.verb, saga=SAGA, order=order)
    # What it begins is the request's, and ends with it; waiting is not.
    saga = new_saga(cloud, contexts.for_background(), server, waiting)

    def work(conn: Connection) -> bool:
        if not servers.lock(conn, server.id):
            return False
        kept = [known for name, known in sagas.orders_of(conn, server.id) if name == SAGA]
        if any((one["saga"], one["order"]) == (order.saga, order.order) for one in kept):
            return False
        sagas.add(conn, (saga,))
        return True

    if cloud.cells.database(server.cell_id).transact(work):
        nudge(cloud, context, (saga,))
