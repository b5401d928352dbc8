# SPDX-License-Identifier: Apache-2.0
"""Runs sagas: takes a lease, goes forward from the last finished step, on error back to the first.

`run_one` is all there is to running one; pool.py gives it threads. Reads nothing but rows, so it
goes on where anybody died.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.conductor import attachments, herald, ledger
from nova_appliance.conductor.recovery import back_off, waited
from nova_appliance.conductor.saga import (
    Cancelled,
    Ctx,
    Done,
    HostFailed,
    Parked,
    Saga,
    Step,
    Wait,
)
from nova_appliance.db import sagas as rows
from nova_appliance.domain.saga import FORWARD, Answer, SagaError, SagaRow

LOG = logging.getLogger(__name__)
LEFT_S = 2.0
"""Somebody who knows it looks so soon."""

Look = Callable[[str, str, float], None]
"""look(cell_id, saga_id, wait_s): let somebody take this saga after that time."""


class Runner:
    """Runs one saga at a time in the caller's thread; many threads may share it."""

    def __init__(
        self, cloud: Cloud, sagas: Mapping[str, Saga], owner: str, look: Look | None = None
    ) -> None:
        self.cloud = cloud
        self.owner = owner
        self.held: dict[tuple[str, str], int] = {}
        """(cell id, saga id) > epoch of the sagas that our threads run now."""
        self._lock = threading.Lock()
        self._sagas = sagas
        self._look = look or (lambda _cell_id, _saga_id, _wait_s: None)

    def run_one(self, cell_id: str, saga_id: str) -> bool:
        """Take the saga and run it until it ends or must wait; False if it was not to be had."""
        database = self.cloud.cells.database(cell_id)
        lease_s = self.cloud.conf.conductor.lease
        row = database.transact(lambda conn: rows.take(conn, cell_id, saga_id, self.owner, lease_s))
        if row is None:
            return False
        with self._lock:
            self.held[cell_id, saga_id] = row.epoch
        try:
            self._run(row)
        except rows.LeaseLost as error:
            LOG.warning("%s", error.message)
        finally:
            self._let_fall((cell_id, saga_id), row.epoch)
        return True

    def _let_fall(self, key: tuple[str, str], epoch: int) -> None:
        """Unless another of our threads has it already: a host may report before we are here."""
        with self._lock:
            if self.held.get(key) == epoch:
                del self.held[key]

    def _run(self, row: SagaRow) -> None:
        saga = self._sagas.get(row.name)
        if saga is None:
            self._leave(row)
            return
        ctx = Ctx(self.cloud, row, msgspec.convert(row.order, saga.order))
        ctx.context.update_store()
        going: bool = True
        while going:
            step_on = self._forward if ctx.saga.state == FORWARD else self._backward
            going = step_on(saga, ctx)

    def _leave(self, row: SagaRow) -> None:
        """While a cloud is upgraded, newer ones than we are begin what we do not know."""
        LOG.info("saga %s of server %s is left to a newer conductor", row.name, row.server_id)
        self.cloud.cells.database(row.cell_id).transact(lambda conn: rows.let_go(conn, row, LEFT_S))

    # ---- forward

    def _forward(self, saga: Saga, ctx: Ctx) -> bool:
        """Run the next step; False when the saga is not ours any more."""
        todo = [step for step in saga.steps if step.name not in ctx.saga.results]
        step, is_last = todo[0], len(todo) == 1
        if ctx.saga.cancelled and not _goes_on(saga, step, ctx):
            return self._turn_back(
                saga, ctx, step, Cancelled("It was cancelled, or took too long.")
            )
        began, seen = time.monotonic(), herald.look(ctx, step)
        try:
            end = _call_forward(step, ctx)
            if isinstance(end, Parked):
                return self._park(ctx, step, end, seen)
            ledger.finish(ctx, step, end, is_last=is_last)
            herald.done(ctx, step, seen)
        except Wait as wait:
            return self._let_go(ctx, wait.seconds)
        except rows.LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the saga goes on or back
            return self._failed(saga, ctx, step, error)
        _log(ctx, step, "done", began)
        return not is_last

    def _failed(self, saga: Saga, ctx: Ctx, step: Step, error: Exception) -> bool:
        """Try the step again later if that may help, else turn back."""
        stubborn = _is_stubborn(saga, step)
        waits = isinstance(error, errors.Unavailable) and stubborn
        passes = stubborn or _may_pass(error)
        if waits or (passes and self._is_patient(error, ctx.saga.failures + 1)):
            return self._again_later(ctx, step, error)
        _log_failure(ctx, step, error)
        if step.otherwise is not None:
            is_last = len(saga.steps) == len(ctx.saga.results) + 1
            seen = herald.look(ctx, step)
            ledger.finish(ctx, step, step.otherwise(ctx, ctx.saga.results), is_last=is_last)
            herald.done(ctx, step, seen)
            return not is_last
        return self._turn_back(saga, ctx, step, error)

    def _is_patient(self, error: Exception, failures: int) -> bool:
        """Who is away may be away for minutes; what fails otherwise is tried a few times."""
        conf = self.cloud.conf.conductor
        if failures < conf.max_failures:
            return True
        return isinstance(error, errors.Unavailable) and waited(failures) < conf.outage_timeout

    def _turn_back(self, saga: Saga, ctx: Ctx, step: Step, error: Exception) -> bool:
        reason = SagaError(
            message=str(error),
            step=step.name,
            family=type(error).__name__,
            retryable=getattr(error, "retryable", False),
            host=getattr(error, "host", None),
            details=getattr(error, "details", ""),
        )
        order = ctx.order
        if saga.learn and reason.retryable:
            order = saga.learn(ctx, ctx.saga.results, reason)
        ledger.turn_back(ctx, step, reason, order)
        ctx.order = order
        herald.turned_back(ctx, reason)
        return True

    # ---- backward

    def _backward(self, saga: Saga, ctx: Ctx) -> bool:
        """Undo the last step that is not undone; False when the saga is not ours any more."""
        tried = [step for step in saga.steps if step.name in ctx.saga.results]
        if not tried:
            return self._undone(saga, ctx)
        step, began = tried[-1], time.monotonic()
        try:
            end = _call_backward(step, ctx)
            if isinstance(end, Parked):
                return self._park(ctx, step, end)
            ledger.unfinish(ctx, step, end)
        except Wait as wait:
            return self._let_go(ctx, wait.seconds)
        except rows.LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - what was done must be undone, however late
            return self._again_later(ctx, step, error)
        _log(ctx, step, "undone", began)
        return True

    def _undone(self, saga: Saga, ctx: Ctx) -> bool:
        """All is undone: begin another attempt, or end."""
        error = ctx.saga.error
        if error is None:
            raise errors.Refused(f"Saga {ctx.saga.id} went back without a reason.")
        again = saga.learn is not None and error.retryable and not ctx.saga.cancelled
        if again and ctx.saga.attempt < self.cloud.conf.scheduler.max_attempts:
            ledger.begin_again(ctx)
            return True
        seen = herald.look(ctx)
        ledger.give_up(ctx, error, saga.failed(ctx, error))
        herald.given_up(ctx, error, seen)
        LOG.info("saga %s of server %s undone: %s", ctx.saga.name, ctx.server_id, error.message)
        return False

    # ---- waiting

    def _park(self, ctx: Ctx, step: Step, parked: Parked, seen: herald.Seen | None = None) -> bool:
        """Write down that a host's report is awaited, then send it the order."""
        wait_s = self.cloud.conf.conductor.order_timeout
        if not ledger.park(ctx, step, parked, wait_s):
            self._look(ctx.saga.cell_id, ctx.saga.id, 0)
            return False
        herald.parked(ctx, step, seen)
        self._look(ctx.saga.cell_id, ctx.saga.id, wait_s)
        cell = self.cloud.cells.get(ctx.cell_id)
        try:
            client = self.cloud.rpc.at(cell.transport_url)
            client.cast("compute", parked.name, parked.order, ctx.context, parked.host)
        except errors.Unavailable as error:
            wait_s = back_off(ctx.saga.failures + 1)
            LOG.warning("%s of %s: %s", step.name, ctx.server_id, error.message)
            ledger.send_again(ctx, wait_s)
            self._look(ctx.saga.cell_id, ctx.saga.id, wait_s)
        return False

    def _again_later(self, ctx: Ctx, step: Step, error: Exception) -> bool:
        """Let go of the saga; the longer it fails, the longer."""
        _log_failure(ctx, step, error)
        failures = ctx.saga.failures + 1
        fresh = {"failures": failures, "parked": None, "report": None}
        return self._let_go(ctx, back_off(failures), **fresh)

    def _let_go(self, ctx: Ctx, wait_s: float, **fields: Any) -> bool:
        ledger.let_go(ctx, wait_s, **fields)
        self._look(ctx.saga.cell_id, ctx.saga.id, wait_s)
        return False


def _goes_on(saga: Saga, step: Step, ctx: Ctx) -> bool:
    """Whether the step is done although nobody wants it any more."""
    awaited = step.until_reported and ctx.saga.parked == step.name
    return awaited or step.otherwise is not None or _is_stubborn(saga, step)


def _is_stubborn(saga: Saga, step: Step) -> bool:
    return saga.stubborn or step.no_way_back


def _call_forward(step: Step, ctx: Ctx) -> Any:
    """The step's deed, or, when a host's report is there, what follows from it."""
    answer = _answer(step, ctx)
    if answer is None or step.then is None:
        return step.do(ctx, ctx.saga.results)
    if answer.error is not None:
        raise HostFailed(
            answer.error, answer.host, retryable=answer.retryable, details=answer.details
        )
    return step.then(ctx, ctx.saga.results, answer)


def _call_backward(step: Step, ctx: Ctx) -> Any:
    answer = _answer(step, ctx)
    if answer is not None:
        if answer.error is not None:
            raise HostFailed(answer.error, answer.host, retryable=True)
        ways = answer.result.get("connections")
        return Done(write=attachments.connected(ctx, ways, must=False)) if ways else None
    return step.undo(ctx, ctx.saga.results) if step.undo else None


def _answer(step: Step, ctx: Ctx) -> Answer | None:
    return ctx.saga.report if ctx.saga.parked == step.name else None


def _may_pass(error: Exception) -> bool:
    """Whether another try may help: neighbours come back, and a bug may meet other data."""
    ours = isinstance(error, errors.ApplianceError)
    return isinstance(error, errors.Unavailable) or not ours


def _log(ctx: Ctx, step: Step, what: str, began: float) -> None:
    LOG.info(
        "saga %s step %s %s, server %s, %.0f ms",
        ctx.saga.name,
        step.name,
        what,
        ctx.server_id,
        (time.monotonic() - began) * 1000,
    )


def _log_failure(ctx: Ctx, step: Step, error: Exception) -> None:
    known = isinstance(error, errors.ApplianceError)
    LOG.log(
        logging.WARNING if known else logging.ERROR,
        "saga %s step %s of server %s failed (%d): %s",
        ctx.saga.name,
        step.name,
        ctx.server_id,
        ctx.saga.failures + 1,
        error,
        exc_info=None if known else error,
    )
