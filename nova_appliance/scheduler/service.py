# SPDX-License-Identifier: Apache-2.0
"""nova-scheduler: answers choose_hosts, and reports itself in cell0."""

from __future__ import annotations

import logging
import threading

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import services
from nova_appliance.db.cells import CELL0
from nova_appliance.rpc.orders import ChooseHosts, Chosen, Fits, NoHostFits
from nova_appliance.rpc.pins import VERSION
from nova_appliance.rpc.server import Server
from nova_appliance.scheduler.choose import check_host, choose_hosts
from nova_appliance.scheduler.desk import Desk
from nova_appliance.scheduler.filters import registry

LOG = logging.getLogger(__name__)
BINARY = "nova-scheduler"


class Service:
    """The daemon: an RPC server and a thread that checks in."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        filters = registry.load(cloud.conf.filter_scheduler.enabled_filters)
        self._desk = Desk(cloud.conf, cloud.cells, filters)
        self._started_at = cloud.clock.now()
        self._host = cloud.conf.host
        self._over = threading.Event()
        handlers = {"choose_hosts": self.choose_hosts, "check_host": self.check_host}
        self._server = Server(cloud.conf, "scheduler", self._host, handlers)
        self._thread = threading.Thread(target=self._keep_checking_in, name="check-in", daemon=True)

    def start(self) -> None:
        """Begin to listen and to report; returns at once."""
        self._server.start(self._cloud.conf.scheduler.workers)
        self._thread.start()

    def stop(self) -> None:
        """End the decisions under way."""
        self._over.set()
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()

    def choose_hosts(self, _context: RequestContext, order: ChooseHosts) -> Chosen | NoHostFits:
        """See rpc/calls/scheduler.py."""
        started = self._cloud.clock.monotonic()
        answer = choose_hosts(self._desk, order)
        where = answer.host if isinstance(answer, Chosen) else "no host"
        took_ms = 1000 * (self._cloud.clock.monotonic() - started)
        LOG.info("server %s: %s, decided in %.1f ms", order.server_id, where, took_ms)
        return answer

    def check_host(self, _context: RequestContext, order: ChooseHosts) -> Fits | NoHostFits:
        """See rpc/calls/scheduler.py."""
        return check_host(self._desk, order) or Fits()

    def check_in(self) -> None:
        """Report this daemon once."""
        self._cloud.cells.database(CELL0).transact(
            lambda conn: services.check_in(conn, self._host, BINARY, VERSION, self._started_at)
        )

    def _keep_checking_in(self) -> None:
        while not self._over.is_set():
            try:
                self.check_in()
            except errors.Unavailable as error:
                LOG.warning("cannot report: %s", error.message)
            except Exception:
                LOG.exception("cannot report")
            self._over.wait(self._cloud.conf.report_interval)
