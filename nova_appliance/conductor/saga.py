# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of sagas: steps, what a step may answer, and what it works with."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.common import errors, ids
from nova_appliance.db import server_mappings, servers, services
from nova_appliance.db.engines import Connection
from nova_appliance.domain.saga import Answer, SagaError, SagaRow
from nova_appliance.domain.server import Server
from nova_appliance.domain.service import Service
from nova_appliance.rpc.orders import ServerOrder, Ticket

LOG = logging.getLogger(__name__)
CUT_OFF = "No host has reported itself for long; the message broker may have been away."
NEWS_S = 1.0
"""What one host reports is known to all so soon."""

Out = dict[str, Any]
"""Step > its result."""
Write = Callable[[Connection], object]
"""What a step changes in the database of the server's cell, in the transaction of its own end."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Done:
    """A step's end: its result, small JSON, and what it changes of the server."""

    result: Any = None
    write: Write | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parked:
    """The step waits: `order` goes to `host`, whose report ends the step."""

    name: str
    host: str
    order: ServerOrder
    write: Write | None = None


class Wait(Exception):
    """Look again in some seconds; not a failure."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"wait {seconds} s")


class Cancelled(errors.ApplianceError):
    """The server is wanted for something else, such as its deletion."""


class HostFailed(errors.Refused):
    """A host could not do it; another one, or a later try, may."""

    def __init__(self, message: str, host: str, *, retryable: bool, details: str = "") -> None:
        self.host, self.retryable, self.details = host, retryable, details
        super().__init__(message)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `do(ctx, out)` may run twice, `undo(ctx, out)` may find nothing.

    `then(ctx, out, answer)` turns a host's report into the end of a parked step.
    """

    name: str
    do: Callable[[Ctx, Out], Any]
    undo: Callable[[Ctx, Out], Any] | None = None
    then: Callable[[Ctx, Out, Answer], Any] | None = None
    otherwise: Callable[[Ctx, Out], Any] | None = None
    """The end of a step that cannot be done, from which there is no way back: what it was for will
    be done by somebody else."""
    no_way_back: bool = False
    """What came before cannot be undone: it is done though the saga is cancelled, and neighbours are
    waited for as long as it takes."""
    until_reported: bool = False
    """Cancelled, the saga turns back from here only when the host has said what came of its order:
    what undoes it is another host's."""
    event: str | None = None
    """Name under which os-instance-actions shows it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Saga:
    """An operation: its order's type, its steps, and what is true when it could not be done."""

    name: str
    order: type[msgspec.Struct]
    steps: tuple[Step, ...]
    failed: Callable[[Ctx, SagaError], Write]
    """What is written when all is undone."""
    stubborn: bool = False
    """Waits for neighbours as long as it takes."""
    learn: Callable[[Ctx, Out, SagaError], msgspec.Struct] | None = None
    """The order for another attempt after a host failed; without it there is one attempt."""


class Ctx:
    """What a step works with: the cloud, its saga and the server. Lives while one owner runs it."""

    def __init__(self, cloud: Cloud, saga: SagaRow, order: Any) -> None:
        self.cloud = cloud
        self.saga = saga
        self.order = order
        self.context = contexts.from_wire(saga.context)
        self._cell_id: str | None = None

    @property
    def server_id(self) -> str:
        """Whom it is about."""
        return self.saga.server_id

    @property
    def cell_id(self) -> str:
        """The cell in which the server is now; the saga's own when it has no mapping any more."""
        if self._cell_id is None:
            with self.cloud.cells.api.read() as conn:
                mapping = server_mappings.get(conn, self.server_id)
            self._cell_id = mapping.cell_id if mapping else self.saga.cell_id
        return self._cell_id

    def look_where(self) -> str:
        """The cell in which the server is, asked anew."""
        self._cell_id = None
        return self.cell_id

    def moved_to(self, cell_id: str) -> None:
        """The server is in this cell now."""
        self._cell_id = cell_id

    def server(self, *, deleted: bool = False) -> Server | None:
        """The server as it is now."""
        with self.cloud.cells.database(self.cell_id).read() as conn:
            return servers.get(conn, self.cell_id, self.server_id, deleted=deleted)

    def living(self) -> Server:
        """The server; raises Cancelled when it is gone."""
        server = self.server()
        if server is None:
            raise Cancelled(f"Server {self.server_id} is gone.")
        return server

    def ticket(self, step: str) -> Ticket:
        """The ticket of an order that this step sends; the same when it is sent again."""
        again = self.saga.parked == step
        return Ticket(
            cell_id=self.saga.cell_id,
            saga_id=self.saga.id,
            step=step,
            epoch=self.saga.parked_epoch if again else self.saga.epoch,
        )

    def is_up(self, host: str) -> bool:
        """Whether the host's nova-compute reports itself.

        Raises Unavailable when the silence of a host says nothing of it.
        """
        now, down_s = self.cloud.clock.now(), self.cloud.conf.service_down_time
        found = self._computes()
        mine = [one for one in found if one.host == host]
        if mine and services.is_up(mine[0], now, down_s):
            return True
        if mine and not mine[0].forced_down and services.says_nothing(found, now, down_s):
            raise errors.Unavailable(CUT_OFF)
        return False

    def check_news(self, asked_at: dt.datetime) -> None:
        """Raise Unavailable when the hosts' silence, now or when somebody else was asked about them,
        says nothing of them.
        """
        now, down_s = self.cloud.clock.now(), self.cloud.conf.service_down_time
        found = [one for one in self._computes() if not one.forced_down]
        back = asked_at - dt.timedelta(seconds=NEWS_S)
        silent = any(
            not services.is_up(one, now, down_s) or (one.steady_since or back) > back
            for one in found
        )
        if silent and services.says_nothing(found, now, down_s):
            raise errors.Unavailable(CUT_OFF)

    def is_alone(self, host: str) -> bool:
        """Whether this is the only host there is, apart from those forced down."""
        return [one.host for one in self._computes() if not one.forced_down] == [host]

    def _computes(self) -> tuple[Service, ...]:
        found: list[Service] = []
        for cell in self.cloud.cells.all_():
            with self.cloud.cells.database(cell.id).read() as conn:
                found += services.list_(conn, binary=services.COMPUTE)
        return tuple(found)


def follow_up(ctx: Ctx, name: str, order: msgspec.Struct) -> SagaRow:
    """The row of a saga that a step of this one begins in the transaction of its own end."""
    now = ctx.cloud.clock.now()
    return SagaRow(
        id=ids.new_id(),
        cell_id=ctx.cell_id,
        name=name,
        server_id=ctx.server_id,
        context=ctx.saga.context,
        order=msgspec.to_builtins(order),
        wake_at=now,
        created_at=now,
    )
