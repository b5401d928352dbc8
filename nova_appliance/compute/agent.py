# SPDX-License-Identifier: Apache-2.0
"""The agent of a host: carries orders out on its driver and tells the conductor, until heard.

One order at a time for each server; guests keep running when the agent ends.
"""

from __future__ import annotations

import concurrent.futures
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from nova_appliance.common import clock
from nova_appliance.common.context import RequestContext
from nova_appliance.compute import power_watch, reports
from nova_appliance.compute.desk import OrderDesk, Verdict
from nova_appliance.compute.neighbours import Neighbours
from nova_appliance.rpc.orders import ServerOrder
from nova_appliance.virt.driver import Driver
from nova_appliance.virt.locks import NamedLocks

LOG = logging.getLogger(__name__)
NO_LIMIT = 1 << 20
Deed = Callable[["Agent", ServerOrder], dict[str, Any]]


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
        self.volumes = neighbours.volumes
        self.host: str = conf.host
        self.desk = OrderDesk(clocks)
        self.power_watch = power_watch.PowerWatch(clocks)
        self.servers = NamedLocks()
        self.downloads = NamedLocks()
        self.image_used_at: dict[str, float] = {}
        self.over = threading.Event()
        self.builds = threading.BoundedSemaphore(conf.max_concurrent_builds or NO_LIMIT)
        self.copies = threading.BoundedSemaphore(conf.max_concurrent_snapshots or NO_LIMIT)
        self.moves = threading.BoundedSemaphore(conf.max_concurrent_live_migrations or NO_LIMIT)
        self._pool = concurrent.futures.ThreadPoolExecutor(conf.compute.workers, "order")

    def take(self, name: str, deed: Deed, context: RequestContext, order: ServerOrder) -> None:
        """Carry an order out in a thread of the pool, unless it is old or doubled."""
        verdict, report = self.desk.admit(name, order)
        if verdict is Verdict.DO:
            self._submit(self._carry_out, name, deed, context, order)
        elif report is not None:
            self._submit(reports.tell, self, context, report)
        else:
            LOG.info("server %s: %s is ignored: %s", order.server_id, name, verdict.value)

    def later(self, work: Callable[[Agent, Any], None], order: Any) -> None:
        """Do it in a thread of the pool; nobody waits for it."""
        self._submit(work, self, order)

    def _submit(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._pool.submit(_logged, function, *arguments)
        except RuntimeError:
            LOG.info("the agent ends; the conductor will send the order again")

    def _carry_out(
        self, name: str, deed: Deed, context: RequestContext, order: ServerOrder
    ) -> None:
        report = None
        context.update_store()
        try:
            with self.servers.hold(order.server_id):
                if reports.is_awaited(self, context, order) and self.desk.may_start(order):
                    self.desk.forget(order.server_id)
                    report = reports.of(self, name, functools.partial(deed, self, order), order)
        finally:
            self.desk.finish(name, order, report)
        if report is not None:
            reports.tell(self, context, report)

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
