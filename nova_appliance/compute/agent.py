# SPDX-License-Identifier: Apache-2.0
"""The agent of a host: carries orders out on its driver and tells the conductor, until heard.

One order at a time for each server; guests keep running when the agent ends.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from oslo_config import cfg

from nova_appliance.clients.images import Images
from nova_appliance.common import clock, errors
from nova_appliance.common.context import RequestContext
from nova_appliance.compute.desk import OrderDesk, Verdict
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.orders import Report, ServerOrder
from nova_appliance.virt.driver import Driver
from nova_appliance.virt.locks import NamedLocks

LOG = logging.getLogger(__name__)
HOPELESS = (errors.Refused, errors.Invalid, errors.Unsupported)
"""Errors that a second try, here or on another host, would meet again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0

Deed = Callable[["Agent", ServerOrder], dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Whom the agent talks to."""

    rpc: Client
    images: Images


class Agent:
    """One a host."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        driver: Driver,
        neighbours: Neighbours,
        clocks: clock.Clock = clock.SYSTEM,
    ) -> None:
        self.conf, self.driver, self.clock = conf, driver, clocks
        self.rpc, self.images = neighbours.rpc, neighbours.images
        self.host: str = conf.host
        self.desk = OrderDesk(clocks)
        self.servers = NamedLocks()
        self.downloads = NamedLocks()
        self.image_used_at: dict[str, float] = {}
        self.over = threading.Event()
        most = conf.max_concurrent_builds
        self._builds = threading.BoundedSemaphore(most) if most else None
        self._pool = concurrent.futures.ThreadPoolExecutor(conf.compute.workers, "order")

    def take(self, name: str, deed: Deed, context: RequestContext, order: ServerOrder) -> None:
        """Carry an order out in a thread of the pool, unless it is old or doubled."""
        verdict, report = self.desk.admit(name, order)
        if verdict is Verdict.DO:
            self._submit(self._carry_out, name, deed, context, order)
        elif report is not None:
            self._submit(self.report, context, report)
        else:
            LOG.info("server %s: %s is ignored: %s", order.server_id, name, verdict.value)

    def _submit(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._pool.submit(_logged, function, *arguments)
        except RuntimeError:
            LOG.info("the agent ends; the conductor will send the order again")

    def _carry_out(
        self, name: str, deed: Deed, context: RequestContext, order: ServerOrder
    ) -> None:
        report = None
        try:
            with self.servers.hold(order.server_id):
                if self.desk.may_start(order) and not self.over.is_set():
                    self.desk.forget(order.server_id)
                    report = self._do(name, deed, order)
        finally:
            self.desk.finish(name, order, report)
        if report is not None:
            self.report(context, report)

    def _do(self, name: str, deed: Deed, order: ServerOrder) -> Report:
        started = self.clock.monotonic()
        plain = Report(ticket=order.ticket, host=self.host)
        try:
            report = msgspec.structs.replace(plain, result=deed(self, order))
        except Exception as error:
            if not isinstance(error, errors.ApplianceError):
                LOG.exception("server %s: %s failed", order.server_id, name)
            report = msgspec.structs.replace(
                plain,
                error=_sentence(name, error),
                retryable=not isinstance(error, HOPELESS),
                details=traceback.format_exc(),
            )
        took_s = self.clock.monotonic() - started
        outcome = report.error or "done"
        LOG.info("server %s: %s: %s (%.2f s)", order.server_id, name, outcome, took_s)
        return report

    def report(self, context: RequestContext, report: Report) -> None:
        """Tell the conductor, again and again until it has heard or the agent ends."""
        pause_s = FIRST_PAUSE_S
        while not self.over.is_set():
            try:
                heard = self.rpc.call("conductor", "report", report, context)
            except errors.Unavailable as error:
                LOG.warning("saga %s: cannot report: %s", report.ticket.saga_id, error.message)
                self.over.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            if not heard.ok:
                LOG.info("saga %s does not wait for this report", report.ticket.saga_id)
            return

    @contextlib.contextmanager
    def build_slot(self) -> Iterator[None]:
        """Hold one of the max_concurrent_builds."""
        with self._builds or contextlib.nullcontext():
            yield

    def power_of(self, server_id: str) -> int:
        """Number of the power state that the hypervisor sees."""
        seen = self.driver.lifecycle.find(server_id)
        return int(seen.power_state if seen else PowerState.NOSTATE)

    def stop(self) -> None:
        """Begin nothing new and wait for the deeds under way."""
        self.over.set()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _logged(function: Callable[..., None], *arguments: Any) -> None:
    """Nobody asks the pool's futures, so what goes wrong must be seen in the log."""
    try:
        function(*arguments)
    except Exception:
        LOG.exception("an order came to no end")


def _sentence(name: str, error: Exception) -> str:
    if isinstance(error, errors.ApplianceError):
        return error.message
    return f"{name} failed on the host: {type(error).__name__}: {error}"
