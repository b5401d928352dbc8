# SPDX-License-Identifier: Apache-2.0
"""What another service told of a server that was busy: begun when the server comes to rest.

Nobody waits for it, and it goes on when others are cancelled (db.sagas.PATIENT).
"""

from __future__ import annotations

import msgspec

from nova_appliance.actions import begin
from nova_appliance.actions.begin import Wanted
from nova_appliance.actions.orders import LateNews
from nova_appliance.common import context as contexts
from nova_appliance.conductor.saga import Ctx, Done, Out, Saga, Step, Wait, follow_up
from nova_appliance.conductor.sagas.suspension import not_interrupted as unchanged
from nova_appliance.db import sagas
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states

LOOK_S = 2.0


def begin_at_rest(ctx: Ctx, _out: Out) -> Done:
    """Wait for what is done with the server, then begin in one transaction."""
    order: LateNews = ctx.order
    if not states.allows(ctx.living(), order.verb):
        raise Wait(LOOK_S)
    row = follow_up(ctx, order.saga, order)
    row = msgspec.structs.replace(row, id=order.saga_id, order=order.order, context=order.context)
    wanted = Wanted(verb=order.verb, saga=order.saga, order=order)
    start = begin.write(contexts.from_wire(order.context), row, wanted)

    def write(conn: Connection) -> None:
        if sagas.get(conn, ctx.cell_id, row.id) is not None:
            return  # we died after this
        if not start(conn):
            raise Wait(LOOK_S)

    return Done(write=write)


HEAR_LATER = Saga(
    name="hear_later",
    order=LateNews,
    steps=(Step(name="begin_at_rest", do=begin_at_rest),),
    failed=unchanged,
)
