# SPDX-License-Identifier: Apache-2.0
"""nova-compute: the RPC server of one host, its check-ins, and how it starts and ends."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from oslo_config import cfg

from nova_appliance.common import clock, errors
from nova_appliance.common import context as contexts
from nova_appliance.compute import (
    boot_mark,
    handlers,
    inventory,
    periodic,
    reconcile,
    shared_storage,
)
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.neighbours import Neighbours, open_neighbours
from nova_appliance.compute.settings import virt_settings
from nova_appliance.rpc import orders, pins
from nova_appliance.rpc.server import Server
from nova_appliance.virt import registry

LOG = logging.getLogger(__name__)
BINARY = "nova-compute"
RETRY_S = 1.0
LAST_WORDS_S = 3.0
"""What the end waits for threads that talk to a conductor: it may have ended before."""


class Service:
    """The daemon of a hypervisor host; opens the driver when it is made."""

    def __init__(self, conf: cfg.ConfigOpts, neighbours: Neighbours | None = None) -> None:
        driver = registry.load(conf.compute_driver, virt_settings(conf))
        self.agent = Agent(conf, driver, neighbours or open_neighbours(conf))
        self._conf = conf
        self._started_at = clock.SYSTEM.now()
        self._server = Server(conf, "compute", conf.host, handlers.of(self.agent))
        self._threads: list[threading.Thread] = []
        self._known = threading.Event()
        self.in_line = threading.Event()
        """Set when the host was brought in line after the start, and counts as up."""

    def start(self) -> None:
        """Begin to take orders and to report; returns at once."""
        self._server.start()
        for target in (self._keep_checking_in, self._come_in_line):
            thread = threading.Thread(target=target, name=target.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the deeds under way; guests keep running."""
        self.agent.over.set()
        self._server.stop()
        self.agent.stop()
        until = clock.SYSTEM.monotonic() + LAST_WORDS_S
        for thread in self._threads:
            thread.join(max(0.0, until - clock.SYSTEM.monotonic()))
        self.agent.driver.close()

    def check_in(self) -> None:
        """Report this daemon once. Raises Unavailable when nobody hears."""
        order = orders.CheckIn(
            host=self.agent.host, binary=BINARY, version=pins.VERSION, started_at=self._started_at
        )
        answer = self.agent.rpc.call("conductor", "check_in", order, contexts.for_background())
        self.agent.rpc.pins.learn(answer.versions)

    def _keep_checking_in(self) -> None:
        job = periodic.Job(
            name="check_in",
            every=lambda conf: int(conf.report_interval),
            run=lambda _agent: self.check_in(),
        )
        while not self.agent.over.is_set():
            heard = periodic.run(self.agent, job)
            if heard:
                self._known.set()
            self.agent.over.wait(self._conf.report_interval if heard else RETRY_S)

    def _come_in_line(self) -> None:
        """Wait for the conductor, tell it what the host has, do what is left over; then jobs."""
        while not self.agent.over.is_set() and not self.in_line.is_set():
            try:
                self._line_up()
                if self._known.wait(RETRY_S):
                    self.in_line.set()
            except errors.Unavailable as error:
                LOG.warning("waiting for the conductor: %s", error.message)
                self.agent.over.wait(RETRY_S)
            except Exception:
                LOG.exception("cannot bring the host in line")
                self.agent.over.wait(RETRY_S)
        if self.in_line.is_set():
            self._threads += periodic.start(self.agent)

    def _line_up(self) -> None:
        folder = Path(self._conf.state_path)
        shared_storage.sign(self.agent)
        inventory.send(self.agent)
        booted = boot_mark.is_new(folder)
        if booted and self._conf.resume_guests_state_on_host_boot:
            reconcile.resume(self.agent)
        else:
            reconcile.reconcile(self.agent, resume=False)
        boot_mark.keep(folder)
