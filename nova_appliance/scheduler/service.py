# SPDX-License-Identifier: Apache-2.0
"""nova-scheduler: answers choose_hosts, and reports itself in cell0."""

from __future__ import annotations

import logging

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.daemon import Daemon
from nova_appliance.actions.notices import tasks
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.notice import END, START
from nova_appliance.rpc.orders import ChooseHosts, Chosen, Fits, NoHostFits
from nova_appliance.scheduler.choose import check_host, choose_hosts
from nova_appliance.scheduler.desk import Desk
from nova_appliance.scheduler.filters import registry

LOG = logging.getLogger(__name__)
BINARY = "nova-scheduler"


class Service:
    """The daemon: chooses hosts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        filters = registry.load(cloud.conf.filter_scheduler.enabled_filters)
        self._desk = Desk(cloud.conf, cloud.cells, filters)
        handlers = {"choose_hosts": self.choose_hosts, "check_host": self.check_host}
        self._daemon = Daemon(cloud, BINARY, handlers)

    def start(self) -> None:
        """Begin to listen and to report; returns at once."""
        self._daemon.start(self._cloud.conf.scheduler.workers)

    def stop(self) -> None:
        """End the decisions under way."""
        self._daemon.stop()

    def choose_hosts(self, _context: RequestContext, order: ChooseHosts) -> Chosen | NoHostFits:
        """See rpc/calls/scheduler.py."""
        started = self._cloud.clock.monotonic()
        tasks.select_destinations(self._cloud, START, order)
        answer = choose_hosts(self._desk, order)
        where = answer.host if isinstance(answer, Chosen) else "no host"
        took_ms = 1000 * (self._cloud.clock.monotonic() - started)
        LOG.info("server %s: %s, decided in %.1f ms", order.server_id, where, took_ms)
        if isinstance(answer, Chosen):
            tasks.select_destinations(self._cloud, END, order)
        return answer

    def check_host(self, _context: RequestContext, order: ChooseHosts) -> Fits | NoHostFits:
        """See rpc/calls/scheduler.py."""
        return check_host(self._desk, order) or Fits()
