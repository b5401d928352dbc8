# SPDX-License-Identifier: Apache-2.0
"""Queries of sagas, in a cell's database. A saga changes only for who holds its lease.

Each taking adds 1 to `epoch`; all that an owner writes names its epoch, so a late one is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock, errors
from nova_appliance.db.tables.cell import SAGA_STEPS, SAGAS
from nova_appliance.domain.saga import BACKWARD, OPEN, Answer, Due, SagaError, SagaRow

_S = SAGAS.c
_T = SAGA_STEPS.c
_JSON = {"context": dict[str, Any], "order": dict[str, Any], "error": SagaError, "report": Answer}
_COLUMNS = tuple(
    _S.order_.label("order") if name == "order" else _S[name]
    for name in SagaRow.__struct_fields__
    if name not in {"cell_id", "results"}
)


PATIENT = ("hear_later",)
"""Sagas that wait for the server's rest: for others they do not count, or both would wait."""


class LeaseLost(errors.ApplianceError):
    """Somebody else runs this saga now."""

    def __init__(self, saga_id: str) -> None:
        self.saga_id = saga_id
        super().__init__(f"Saga {saga_id} is in other hands.")


def add(conn: sa.Connection, sagas: Sequence[SagaRow]) -> None:
    """Store new sagas in one statement."""
    conn.execute(sa.insert(SAGAS), [_new(saga) for saga in sagas])


def get(conn: sa.Connection, cell_id: str, saga_id: str) -> SagaRow | None:
    """The saga with the results of its steps."""
    row = conn.execute(sa.select(*_COLUMNS).where(_S.id == saga_id)).mappings().first()
    if row is None:
        return None
    values = dict(row)
    for name, kind in _JSON.items():
        if values[name] is not None:
            values[name] = msgspec.json.decode(values[name], type=kind)
    return SagaRow(cell_id=cell_id, results=_results(conn, saga_id), **values)


def due(conn: sa.Connection, cell_id: str, now: dt.datetime, limit: int) -> tuple[Due, ...]:
    """Open sagas whose time has come, those waiting longest first, owned or not."""
    select = (
        sa.select(_S.id, _S.wake_at, _S.lease_until)
        .where(_S.state.in_(OPEN), _S.wake_at <= now)
        .order_by(_S.wake_at)
        .limit(limit)
    )
    return tuple(
        Due(cell_id=cell_id, saga_id=row.id, wake_at=row.wake_at, lease_until=row.lease_until)
        for row in conn.execute(select)
    )


def take(
    conn: sa.Connection, cell_id: str, saga_id: str, owner: str, lease_s: float
) -> SagaRow | None:
    """Become the owner of an open saga that is due and that nobody holds; None if it is not so."""
    now = clock.SYSTEM.now()
    free = sa.or_(_S.owner.is_(None), _S.lease_until < now)
    where = (_S.id == saga_id, _S.state.in_(OPEN), _S.wake_at <= now, free)
    lease = {"owner": owner, "lease_until": now + dt.timedelta(seconds=lease_s)}
    update = sa.update(SAGAS).where(*where).values(epoch=_S.epoch + 1, **lease)
    return get(conn, cell_id, saga_id) if conn.execute(update).rowcount else None


def renew(conn: sa.Connection, held: Sequence[tuple[str, int]], lease_s: float) -> None:
    """Hold sagas, given as (id, epoch), for longer; those in other hands stay there."""
    until = clock.SYSTEM.now() + dt.timedelta(seconds=lease_s)
    for saga_id, epoch in held:
        mine = (_S.id == saga_id, _S.epoch == epoch, _S.owner.is_not(None))
        conn.execute(sa.update(SAGAS).where(*mine).values(lease_until=until))


def check_lease(conn: sa.Connection, saga: SagaRow) -> None:
    """Raise LeaseLost if the saga is in other hands."""
    mine = (_S.id == saga.id, _S.epoch == saga.epoch, _S.owner == saga.owner)
    if conn.execute(sa.select(_S.row).where(*mine)).first() is None:
        raise LeaseLost(saga.id)


def finish_step(conn: sa.Connection, saga: SagaRow, step: str, result: Any, **fields: Any) -> bool:
    """Write a step's end; returns whether the saga was cancelled. Raises LeaseLost."""
    fresh = {"failures": 0, "parked": None, "report": None}
    _put_step(conn, saga.id, step, result)
    if not saga.cancelled and _write(conn, saga, _S.cancelled.is_(False), **fresh, **fields):
        return False
    write(conn, saga, **fresh, **fields)
    return True


def unfinish_step(conn: sa.Connection, saga: SagaRow, step: str) -> None:
    """Write that a step is undone. Raises LeaseLost."""
    write(conn, saga, failures=0, parked=None, report=None)
    conn.execute(sa.delete(SAGA_STEPS).where(_T.saga_id == saga.id, _T.name == step))


def turn_back(
    conn: sa.Connection, saga: SagaRow, error: SagaError, *, tried: bool, order: dict[str, Any]
) -> None:
    """From now on undo, beginning with the step that failed if it was tried. Raises LeaseLost."""
    fresh = {"failures": 0, "parked": None, "report": None}
    write(conn, saga, state=BACKWARD, error=error, order=order, **fresh)
    if tried and error.step not in _results(conn, saga.id):
        _put_step(conn, saga.id, error.step, None)


def let_go(conn: sa.Connection, saga: SagaRow, wait_s: float, **fields: Any) -> None:
    """Give the lease back; nobody is to look before `wait_s` seconds. Raises LeaseLost."""
    wake_at = clock.SYSTEM.now() + dt.timedelta(seconds=wait_s)
    write(conn, saga, owner=None, lease_until=None, wake_at=wake_at, **fields)


def park(conn: sa.Connection, saga: SagaRow, wait_s: float, step: str, epoch: int) -> bool:
    """Give the lease back and await the report on an order. Raises LeaseLost.

    False if the report came just now, when the order was to be sent again: look at it at once.
    """
    fresh = {"failures": saga.failures + 1} if saga.parked == step else {"report": None}
    let_go(conn, saga, wait_s, parked=step, parked_epoch=epoch, **fresh)
    came = sa.update(SAGAS).where(_S.id == saga.id, _S.report.is_not(None))
    return not conn.execute(came.values(wake_at=clock.SYSTEM.now())).rowcount


def write(conn: sa.Connection, saga: SagaRow, **fields: Any) -> None:
    """Set columns of a saga whose lease is held. Raises LeaseLost."""
    if not _write(conn, saga, **fields):
        raise LeaseLost(saga.id)


def _write(
    conn: sa.Connection, saga: SagaRow, *also: sa.ColumnElement[bool], **fields: Any
) -> bool:
    values = _encoded(fields) | {"updated_at": clock.SYSTEM.now()}
    mine = (_S.id == saga.id, _S.epoch == saga.epoch, _S.owner == saga.owner)
    return bool(conn.execute(sa.update(SAGAS).where(*mine, *also).values(values)).rowcount)


def rewrite_order(conn: sa.Connection, saga_id: str, order: dict[str, Any]) -> None:
    """Keep another order: the old one held what no row is to hold for long."""
    values = _encoded({"order": order})
    conn.execute(sa.update(SAGAS).where(_S.id == saga_id).values(values))


def answer(conn: sa.Connection, saga_id: str, epoch: int, step: str, report: Answer) -> bool:
    """Keep what a host reported of the order that a parked step sent, and wake the saga.

    False when the saga waits for no report on that ticket.
    """
    values = _encoded({"report": report}) | {"wake_at": clock.SYSTEM.now()}
    update = sa.update(SAGAS).where(*_awaited(saga_id, epoch, step)).values(values)
    return bool(conn.execute(update).rowcount)


def awaits(conn: sa.Connection, saga_id: str, epoch: int, step: str) -> bool:
    """Whether the saga waits for a report on that ticket."""
    select = sa.select(_S.row).where(*_awaited(saga_id, epoch, step))
    return conn.execute(select).first() is not None


def _awaited(saga_id: str, epoch: int, step: str) -> tuple[sa.ColumnElement[bool], ...]:
    ticket = (_S.id == saga_id, _S.parked == step, _S.parked_epoch == epoch)
    return (*ticket, _S.state.in_(OPEN), _S.report.is_(None))


def send_again(conn: sa.Connection, saga_id: str, epoch: int, wait_s: float) -> None:
    """An order could not be handed over: nobody will report, so look again in some seconds."""
    wake_at = clock.SYSTEM.now() + dt.timedelta(seconds=wait_s)
    where = (_S.id == saga_id, _S.epoch == epoch, _S.owner.is_(None), _S.report.is_(None))
    values = {"wake_at": wake_at, "parked": None, "failures": _S.failures + 1}
    conn.execute(sa.update(SAGAS).where(*where).values(values))


def wake_parked(conn: sa.Connection, server_ids: Collection[str], before: dt.datetime) -> int:
    """Wake sagas of these servers that wait for a report on orders sent before then; how many."""
    lost = (_S.parked.is_not(None), _S.report.is_(None), _S.owner.is_(None))
    theirs = (_S.server_id.in_(server_ids), _S.state.in_(OPEN), _S.updated_at < before)
    update = sa.update(SAGAS).where(*lost, *theirs).values(wake_at=clock.SYSTEM.now())
    return int(conn.execute(update).rowcount)


def wake_waiting(conn: sa.Connection, server_id: str) -> tuple[str, ...]:
    """Let the sagas of a server look again now that wait for something else than a host; their ids."""
    waiting = (_S.server_id == server_id, _S.state.in_(OPEN), _S.owner.is_(None))
    found = tuple(conn.execute(sa.select(_S.id).where(*waiting, _S.parked.is_(None))).scalars())
    if found:
        now = clock.SYSTEM.now()
        conn.execute(sa.update(SAGAS).where(_S.id.in_(found), *waiting).values(wake_at=now))
    return found


def disown(conn: sa.Connection, prefix: str) -> int:
    """End the leases of owners whose names begin so: they are known to be dead; how many."""
    dead = (_S.owner.startswith(prefix, autoescape=True), _S.state.in_(OPEN))
    update = sa.update(SAGAS).where(*dead).values(owner=None, lease_until=None)
    return int(conn.execute(update).rowcount)


def cancel_others(
    conn: sa.Connection, server_id: str, but: str, spared: Collection[str] = ()
) -> int:
    """Tell the open sagas of a server to turn back, and wake them; how many are open still.

    Those named `but` are left alone: two deletions must not wait for each other. Those `spared`
    are waited for, but not told to turn back.
    """
    now = clock.SYSTEM.now()
    left_alone = _S.name.not_in((but, *PATIENT))
    others = (_S.server_id == server_id, left_alone, _S.state.in_(OPEN))
    fresh = sa.update(SAGAS).where(*others, _S.name.not_in(spared), _S.cancelled.is_(False))
    conn.execute(fresh.values(cancelled=True, wake_at=now))
    return int(conn.execute(sa.select(sa.func.count()).where(*others)).scalar_one())


def cancel_old(conn: sa.Connection, name: str, before: dt.datetime) -> int:
    """Tell the open sagas of that name that began before that time to turn back; how many."""
    old = (_S.name == name, _S.state.in_(OPEN), _S.created_at < before, _S.cancelled.is_(False))
    update = sa.update(SAGAS).where(*old)
    return int(conn.execute(update.values(cancelled=True, wake_at=clock.SYSTEM.now())).rowcount)


def open_of(conn: sa.Connection, server_id: str) -> tuple[tuple[str, str], ...]:
    """(id, name) of the open sagas of a server that work, oldest first."""
    select = sa.select(_S.id, _S.name).where(_S.server_id == server_id, _S.state.in_(OPEN))
    at_work = select.where(_S.name.not_in(PATIENT))
    return tuple(conn.execute(at_work.order_by(_S.row)).tuples())


def orders_of(conn: sa.Connection, server_id: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """(name, order) of the open sagas of a server."""
    select = sa.select(_S.name, _S.order_).where(_S.server_id == server_id, _S.state.in_(OPEN))
    found = conn.execute(select).tuples()
    return tuple((name, msgspec.json.decode(text, type=_JSON["order"])) for name, text in found)


def busy_among(conn: sa.Connection, server_ids: Collection[str]) -> frozenset[str]:
    """Those of the servers that have an open saga here that works."""
    open_ = (_S.server_id.in_(server_ids), _S.state.in_(OPEN), _S.name.not_in(PATIENT))
    return frozenset(conn.execute(sa.select(_S.server_id).where(*open_)).scalars())


def stuck(conn: sa.Connection, before: dt.datetime) -> tuple[tuple[str, str, str], ...]:
    """(id, name, server id) of open sagas that began before that time."""
    select = sa.select(_S.id, _S.name, _S.server_id)
    old = select.where(_S.state.in_(OPEN), _S.created_at < before)
    return tuple(conn.execute(old.order_by(_S.row)).tuples())


def asleep(conn: sa.Connection, until: dt.datetime) -> tuple[tuple[str, str, str], ...]:
    """(id, name, server id) of open sagas at which nobody will look before that time."""
    select = sa.select(_S.id, _S.name, _S.server_id)
    late = select.where(_S.state.in_(OPEN), _S.wake_at > until)
    return tuple(conn.execute(late.order_by(_S.row)).tuples())


def wake(conn: sa.Connection, saga_id: str) -> None:
    """Let somebody look at an open saga now."""
    update = sa.update(SAGAS).where(_S.id == saga_id, _S.state.in_(OPEN))
    conn.execute(update.values(wake_at=clock.SYSTEM.now()))


def forget(conn: sa.Connection, before: dt.datetime, limit: int) -> int:
    """Remove sagas that ended before that time; how many."""
    ended = sa.select(_S.id).where(_S.state.not_in(OPEN), _S.updated_at < before).limit(limit)
    saga_ids = list(conn.execute(ended).scalars())
    conn.execute(sa.delete(SAGA_STEPS).where(_T.saga_id.in_(saga_ids)))
    conn.execute(sa.delete(SAGAS).where(_S.id.in_(saga_ids)))
    return len(saga_ids)


def _results(conn: sa.Connection, saga_id: str) -> dict[str, Any]:
    steps = sa.select(_T.name, _T.result).where(_T.saga_id == saga_id).order_by(_T.row)
    return {name: msgspec.json.decode(result) for name, result in conn.execute(steps).tuples()}


def _put_step(conn: sa.Connection, saga_id: str, step: str, result: Any) -> None:
    values = {"result": msgspec.json.encode(result).decode(), "finished_at": clock.SYSTEM.now()}
    conn.execute(sa.insert(SAGA_STEPS).values(saga_id=saga_id, name=step, **values))


def _new(saga: SagaRow) -> dict[str, Any]:
    skip = {"cell_id", "results"}
    return _encoded({n: getattr(saga, n) for n in SagaRow.__struct_fields__ if n not in skip})


def _encoded(fields: dict[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    for name in values.keys() & _JSON.keys():
        if values[name] is not None:
            values[name] = msgspec.json.encode(values[name]).decode()
    if "order" in values:
        values["order_"] = values.pop("order")
    return values
