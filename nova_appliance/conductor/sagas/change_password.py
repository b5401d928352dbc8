# SPDX-License-Identifier: Apache-2.0
"""A password inside a guest is changed by its agent; no row keeps it when the saga has ended."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import PasswordOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import sagas, servers
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.rpc.orders import ServerOrder


def set_password(ctx: Ctx, _out: Out) -> Parked:
    """Let the host tell the guest's agent."""
    server = ctx.living()
    host = server.host or ""
    check_patience(ctx, "set_password", host, ctx.cloud.conf.conductor.order_timeout)
    order = ServerOrder(
        ticket=ctx.ticket("set_password"),
        server_id=server.id,
        guest=guests.guest_of(server, ctx.cloud.conf),
        password=ctx.order.password,
    )
    return Parked(name="set_password", host=host, order=order)


def changed(ctx: Ctx, _out: Out, _answer: Answer) -> Done:
    """The guest has it."""

    def write(conn: Any) -> None:
        servers.settle(conn, ctx.server_id, ctx.order.verb)
        _forget(ctx, conn)

    return Done(write=write)


def not_changed(ctx: Ctx, error: SagaError) -> Write:
    """The server is as before; the fault says what its host said."""
    give_up = failed(ctx, error)

    def write(conn: Any) -> None:
        give_up(conn)
        _forget(ctx, conn)

    return write


def _forget(ctx: Ctx, conn: Any) -> None:
    bare = msgspec.structs.replace(ctx.order, password="")
    sagas.rewrite_order(conn, ctx.saga.id, msgspec.to_builtins(bare))


CHANGE_PASSWORD = Saga(
    name="change_password",
    order=PasswordOrder,
    steps=(
        Step(
            name="set_password", do=set_password, then=changed, event="compute_set_admin_password"
        ),
    ),
    failed=not_changed,
)
