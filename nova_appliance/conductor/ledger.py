# SPDX-License-Identifier: Apache-2.0
"""The transactions of the runner: a step's end and what it changes of the server, in one.

When saga and server stand in different cells, the server's part comes first: all such parts are
compare-and-set, so doing them again is harmless.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.conductor.saga import Ctx, Done, Parked, Step, Write
from nova_appliance.db import sagas as rows
from nova_appliance.db import server_actions
from nova_appliance.db.engines import Connection
from nova_appliance.domain.action import ActionEvent
from nova_appliance.domain.saga import DONE, FORWARD, UNDONE, SagaError


def finish(ctx: Ctx, step: Step, end: Any, *, is_last: bool) -> None:
    """Write a step's end, and the saga's with the last one."""
    done = end if isinstance(end, Done) else Done(result=end)
    fields: dict[str, Any] = {"state": DONE, "owner": None} if is_last else {}
    secrets = {name: "" for name in ("token", "password") if getattr(ctx.order, name, None)}
    if is_last and secrets:
        fields["order"] = msgspec.to_builtins(msgspec.structs.replace(ctx.order, **secrets))

    def saga_part(conn: Connection) -> bool:
        return rows.finish_step(conn, ctx.saga, step.name, done.result, **fields)

    def server_part(conn: Connection) -> None:
        _event(ctx, conn, step, "Success")
        if done.write:
            done.write(conn)
        if is_last:
            server_actions.finish(conn, ctx.server_id, str(ctx.context.request_id))

    wanted = done.write or step.event or is_last
    cancelled = _commit(ctx, saga_part, server_part if wanted else None)
    _changed(
        ctx,
        results={**ctx.saga.results, step.name: done.result},
        cancelled=bool(cancelled),
        failures=0,
        parked=None,
        report=None,
    )


def unfinish(ctx: Ctx, step: Step, end: Any) -> None:
    """Write that a step is undone."""
    write = end.write if isinstance(end, Done) else None
    _commit(ctx, lambda conn: rows.unfinish_step(conn, ctx.saga, step.name), write)
    left = {name: result for name, result in ctx.saga.results.items() if name != step.name}
    _changed(ctx, results=left, failures=0, parked=None, report=None)


def turn_back(ctx: Ctx, step: Step, error: SagaError, order: msgspec.Struct) -> None:
    """Write that the saga undoes from now on, the failed step first."""
    wire = msgspec.to_builtins(order)

    def saga_part(conn: Connection) -> None:
        rows.turn_back(conn, ctx.saga, error, tried=True, order=wire)

    def server_part(conn: Connection) -> None:
        _event(ctx, conn, step, "Error", error.message)

    _commit(ctx, saga_part, server_part if step.event else None)
    tried = {**ctx.saga.results}
    tried.setdefault(step.name, None)
    _changed(
        ctx,
        state="backward",
        error=error,
        order=wire,
        results=tried,
        failures=0,
        parked=None,
        report=None,
    )


def begin_again(ctx: Ctx) -> None:
    """Write that another attempt begins."""
    fields = {"state": FORWARD, "attempt": ctx.saga.attempt + 1, "error": None, "failures": 0}
    _commit(ctx, lambda conn: rows.write(conn, ctx.saga, **fields), None)
    _changed(ctx, **fields)


def give_up(ctx: Ctx, error: SagaError, write: Write) -> None:
    """Write that the saga is undone, and what is true of the server then."""

    def server_part(conn: Connection) -> None:
        write(conn)
        server_actions.finish(conn, ctx.server_id, str(ctx.context.request_id), failed=True)

    fields = {"state": UNDONE, "owner": None, "error": error}
    _commit(ctx, lambda conn: rows.write(conn, ctx.saga, **fields), server_part)


def park(ctx: Ctx, step: Step, parked: Parked, wait_s: float) -> bool:
    """Write that a host's report is awaited; sent again, it counts as a failure.

    False if the report came just now, when the order was to be sent again.
    """
    again, epoch = ctx.saga.parked == step.name, parked.order.ticket.epoch

    def saga_part(conn: Connection) -> bool:
        return rows.park(conn, ctx.saga, wait_s, step.name, epoch)

    def server_part(conn: Connection) -> None:
        _event(ctx, conn, step, None)
        if parked.write:
            parked.write(conn)

    wanted = parked.write or (step.event and not again)
    return bool(_commit(ctx, saga_part, server_part if wanted else None))


def let_go(ctx: Ctx, wait_s: float, **fields: Any) -> None:
    """Give the lease back for some seconds."""
    _commit(ctx, lambda conn: rows.let_go(conn, ctx.saga, wait_s, **fields), None)


def send_again(ctx: Ctx, wait_s: float) -> None:
    """The order was not handed over: send it again in some seconds."""
    database = ctx.cloud.cells.database(ctx.saga.cell_id)
    database.transact(lambda conn: rows.send_again(conn, ctx.saga.id, ctx.saga.epoch, wait_s))


def _commit(ctx: Ctx, saga_part: Write, server_part: Write | None) -> object:
    databases = ctx.cloud.cells
    if server_part is None:
        return databases.database(ctx.saga.cell_id).transact(saga_part)
    if ctx.cell_id != ctx.saga.cell_id:
        with databases.database(ctx.saga.cell_id).read() as conn:
            rows.check_lease(conn, ctx.saga)
        databases.database(ctx.cell_id).transact(server_part)
        return databases.database(ctx.saga.cell_id).transact(saga_part)

    def both(conn: Connection) -> object:
        result = saga_part(conn)
        server_part(conn)
        return result

    return databases.database(ctx.saga.cell_id).transact(both)


def _event(ctx: Ctx, conn: Connection, step: Step, result: str | None, details: str = "") -> None:
    if step.event is None:
        return
    now = ctx.cloud.clock.now()
    event = ActionEvent(
        event=step.event,
        started_at=now,
        finished_at=now if result else None,
        result=result,
        host=ctx.saga.report.host if ctx.saga.report else None,
        details=details or None,
    )
    server_actions.record(conn, ctx.server_id, str(ctx.context.request_id), event)


def _changed(ctx: Ctx, **fields: Any) -> None:
    ctx.saga = msgspec.structs.replace(ctx.saga, **fields)
