# SPDX-License-Identifier: Apache-2.0
"""Which orders may start: fences off old epochs, ignores doubled ones, remembers what was done.

Knows nothing of RPC or hypervisors; safe for threads.
"""

from __future__ import annotations

import collections
import enum
import threading
from typing import TypeVar

import msgspec

from nova_appliance.common import clock
from nova_appliance.rpc.orders import Report, ServerOrder, Ticket

T = TypeVar("T")
KEEP = 10_000
"""Sagas and servers that are remembered."""


class Verdict(enum.Enum):
    """What is to be done with an order."""

    DO = "do"
    RUNNING = "it is being carried out"
    OLD = "a newer conductor owns its saga"
    DONE = "it was carried out"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The last order that ended well for a server, and when."""

    name: str
    report: Report
    at: float


class OrderDesk:
    """The orders of one agent."""

    def __init__(self, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._clock = clocks
        self._lock = threading.Lock()
        self._epochs: collections.OrderedDict[str, int] = collections.OrderedDict()
        self._vouched: collections.OrderedDict[str, Ticket] = collections.OrderedDict()
        self._running: set[tuple[str, Ticket]] = set()
        self._busy: collections.Counter[str] = collections.Counter()
        self._done: collections.OrderedDict[str, Done] = collections.OrderedDict()

    def admit(self, name: str, order: ServerOrder) -> tuple[Verdict, Report | None]:
        """Take an order in; with DONE comes the report to send again.

        Only what was done last for a server counts as done: a build before a destroy does not.
        """
        with self._lock:
            if self._is_old(order.ticket):
                return Verdict.OLD, None
            self._note(self._epochs, order.ticket.saga_id, order.ticket.epoch)
            if (name, order.ticket) in self._running:
                return Verdict.RUNNING, None
            done = self._done.get(order.server_id)
            busy = self._busy[order.server_id]
            if done and not busy and (done.name, done.report.ticket) == (name, order.ticket):
                return Verdict.DONE, done.report
            self._running.add((name, order.ticket))
            self._busy[order.server_id] += 1
            return Verdict.DO, None

    def may_start(self, order: ServerOrder) -> bool:
        """Whether an admitted order, which may have waited, is still of the newest epoch."""
        with self._lock:
            return not self._is_old(order.ticket)

    def is_vouched_for(self, order: ServerOrder) -> bool:
        """Whether the conductor has confirmed this order's saga, none newer than the order, and no
        other saga of the server since: what that was for may have come to nothing.
        """
        with self._lock:
            last = self._vouched.get(order.server_id)
            if last is None or last.saga_id != order.ticket.saga_id:
                return False
            return last.epoch <= order.ticket.epoch

    def vouch_for(self, order: ServerOrder) -> None:
        """The conductor waits for this order."""
        with self._lock:
            self._note(self._vouched, order.server_id, order.ticket)

    def forget(self, server_id: str) -> None:
        """A deed on this server begins: what was done before it says nothing any more."""
        with self._lock:
            self._done.pop(server_id, None)

    def finish(self, name: str, order: ServerOrder, report: Report | None) -> None:
        """Take an order out; a report of success is remembered."""
        with self._lock:
            if report is not None and report.error is None:
                done = Done(name=name, report=report, at=self._clock.monotonic())
                self._note(self._done, order.server_id, done)
            self._running.discard((name, order.ticket))
            self._busy[order.server_id] -= 1
            if not self._busy[order.server_id]:
                del self._busy[order.server_id]

    def touched_since(self, server_id: str, moment: float) -> bool:
        """Whether an order for the server is under way or ended after `moment` (monotonic)."""
        with self._lock:
            done = self._done.get(server_id)
            return server_id in self._busy or (done is not None and done.at >= moment)

    def _is_old(self, ticket: Ticket) -> bool:
        return ticket.epoch < self._epochs.get(ticket.saga_id, ticket.epoch)

    @staticmethod
    def _note(kept: collections.OrderedDict[str, T], key: str, value: T) -> None:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > KEEP:
            kept.popitem(last=False)
