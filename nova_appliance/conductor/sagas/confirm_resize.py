# SPDX-License-Identifier: Apache-2.0
"""A server stays with its new flavor or host: what its source kept goes, and the source's claim."""

from __future__ import annotations

import msgspec

from nova_appliance.actions.orders import EndMoveOrder
from nova_appliance.conductor import targets
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.db import claims, hosts, server_mappings, server_migrations, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.migration import FINISHED
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.rpc.orders import ServerOrder

OFF = (PowerState.SHUTDOWN, PowerState.CRASHED)


def forget_origin(ctx: Ctx, _out: Out) -> Parked:
    """Let the source remove what it kept."""
    migration = targets.migration_of(ctx)
    host = migration.source_host or ""
    check_patience(ctx, "forget_origin", host, ctx.cloud.conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket("forget_origin"),
        server_id=ctx.living().id,
        journey=msgspec.convert(migration.facts["journey"], Journey),
    )
    return Parked(name="forget_origin", host=host, order=order)


def forgotten(_ctx: Ctx, _out: Out, _answer: Answer) -> None:
    """Nothing is left at the source."""


def forget_later(_ctx: Ctx, _out: Out) -> None:
    """The source may have forgotten it before it fell silent, so there is no way back: what is left
    there goes when it asks, for the server has no part in it any more.
    """


def settle(ctx: Ctx, _out: Out) -> Done:
    """The server is at rest in its new place."""
    server = ctx.living()

    def release(conn: Connection) -> None:
        hosts.release(conn, server.id, purpose=claims.KEPT)
        server_mappings.resize(conn, server.id, server.flavor.vcpus, server.flavor.memory_mib)

    ctx.cloud.cells.api.transact(release)
    end = "stopped" if server.power in OFF else "active"

    def write(conn: Connection) -> None:
        servers.settle(conn, server.id, ctx.order.verb, end=end)  # or it is being deleted
        targets.turn(conn, ctx.order.migration_id, "confirmed")

    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server waits for its confirmation again; the fault says what its source said."""
    fault = targets.fault(ctx, error)

    def write(conn: Connection) -> None:
        server_migrations.turn(conn, ctx.order.migration_id, ("confirming",), FINISHED)
        servers.change(conn, ctx.server_id, fault=fault)

    return write


CONFIRM_RESIZE = Saga(
    name="confirm_resize",
    order=EndMoveOrder,
    steps=(
        Step(
            name="forget_origin",
            do=forget_origin,
            then=forgotten,
            otherwise=forget_later,
            event="compute_confirm_resize",
        ),
        Step(name="settle", do=settle, no_way_back=True),
    ),
    failed=failed,
)
