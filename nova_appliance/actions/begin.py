# SPDX-License-Identifier: Apache-2.0
"""How an action begins: check the table of moves, then task, record and saga in one transaction.

The saga's row is the order; the nudge that follows may get lost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import share as shares
from nova_appliance.domain import states
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import Nudge

TRIES = 5
"""How often the server may change between the check and the transaction."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """A move of domain.states, and the saga that carries it out."""

    verb: str
    saga: str
    order: msgspec.Struct
    also: Callable[[Connection], object] | None = None
    """Done in the same transaction; raises Conflict when the move may not begin any more."""


def begin(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> SagaRow:
    """Begin the move; the saga's row. Raises Conflict when the server's state or lock does not allow it."""
    for _ in range(TRIES):
        states.check_lock(server, wanted.verb, is_admin=bool(context.is_admin))
        states.check(server, wanted.verb)
        saga = new_saga(cloud, context, server, wanted)
        if cloud.cells.database(server.cell_id).transact(write(context, saga, wanted)):
            notices.moved(cloud, context, server)
            nudge(cloud, context, (saga,))
            return saga
        server = find_server.by_id(cloud, server.id)
    raise errors.Conflict(f"Instance {server.id} changes all the time; try again.")


def as_read(server: Server) -> Callable[[Connection], None]:
    """For `also`, of an order that depends on where the server is, in which state, as large as what
    and with which shares: raises Conflict when it is not so any more.
    """

    def check(conn: Connection) -> None:
        now = servers.get(conn, server.cell_id, server.id)
        if now is None or _matters(now) != _matters(server):
            raise errors.Conflict(f"Instance {server.id} has just changed; try again.")

    return check


def _matters(server: Server) -> tuple[object, ...]:
    known = shares.of(server.system_metadata)
    return server.state, server.host, server.flavor.id, {one.share_id for one in known}


def new_saga(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> SagaRow:
    """The row of a saga that begins now."""
    now = cloud.clock.now()
    return SagaRow(
        id=ids.new_id(),
        cell_id=server.cell_id,
        name=wanted.saga,
        server_id=server.id,
        context=context.as_wire(),
        order=msgspec.to_builtins(wanted.order),
        wake_at=now,
        created_at=now,
    )


def nudge(cloud: Cloud, context: RequestContext, begun: tuple[SagaRow, ...]) -> None:
    """Tell a conductor, which would find the rows by itself a little later; nobody waits for it."""
    for saga in begun:
        order = Nudge(cell_id=saga.cell_id, saga_id=saga.id)
        cloud.rpc.hint("conductor", "nudge", order, context)


def write(context: RequestContext, saga: SagaRow, wanted: Wanted) -> Callable[[Connection], bool]:
    """For a transaction: task, record and saga; False if the server may not begin the move any more."""

    def work(conn: Connection) -> bool:
        if not servers.move(conn, saga.server_id, wanted.verb):
            return False
        if wanted.also is not None:
            wanted.also(conn)
        action = states.MOVES[wanted.verb].action
        if action:
            server_actions.start(conn, saga.server_id, action, context)
        sagas.add(conn, (saga,))
        return True

    return work
