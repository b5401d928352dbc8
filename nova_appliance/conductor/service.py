# SPDX-License-Identifier: Apache-2.0
"""nova-conductor: answers hosts, runs sagas, does its chores."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.conductor import cache_images
from nova_appliance.conductor.chores import rounds
from nova_appliance.conductor.hosts_say import HostsSay
from nova_appliance.conductor.pool import Pool
from nova_appliance.conductor.saga import Saga
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.db import sagas, services
from nova_appliance.db.cells import CELL0
from nova_appliance.domain.saga import Answer
from nova_appliance.rpc import pins
from nova_appliance.rpc.orders import CacheImages, Heard, Nudge, Report, Ticket
from nova_appliance.rpc.server import Server

LOG = logging.getLogger(__name__)


class Service:
    """One conductor; several may run beside each other."""

    def __init__(self, cloud: Cloud, known: Mapping[str, Saga] = SAGAS) -> None:
        self._cloud = cloud
        self._pool = Pool(cloud, known, f"{cloud.conf.host}/{ids.new_id()}")
        hosts_say = HostsSay(cloud)
        handlers: dict[str, Callable[[RequestContext, Any], Any]] = {
            "nudge": self.nudge,
            "cache_images": self.cache_images,
            "is_awaited": self.is_awaited,
            "how_far": hosts_say.how_far,
            "report": self.report,
            "check_in": hosts_say.check_in,
            "put_inventory": hosts_say.put_inventory,
            "expected_servers": hosts_say.expected_servers,
            "power_seen": hosts_say.power_seen,
            "volumes_counted": hosts_say.volumes_counted,
        }
        self._server = Server(cloud.conf, "conductor", cloud.conf.host, handlers)
        self._stopped = threading.Event()
        self._started_at = cloud.clock.now()
        jobs: list[tuple[str, float, Callable[[Cloud], object]]] = [
            ("check in", float(cloud.conf.report_interval), self._check_in),
            *rounds(cloud.conf),
        ]
        self._threads = [
            threading.Thread(target=self._every, args=row, name=row[0], daemon=True) for row in jobs
        ]

    def start(self) -> None:
        """Begin; open sagas of a conductor that died are taken over."""
        self._pool.start()
        self._server.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the steps that run now."""
        self._stopped.set()
        self._server.stop()
        self._pool.stop()
        for thread in self._threads:
            thread.join()

    def nudge(self, _context: RequestContext, order: Nudge) -> None:
        """A saga may be due."""
        self._pool.look(order.cell_id, order.saga_id)

    def cache_images(self, context: RequestContext, order: CacheImages) -> None:
        """Hosts are to have images before any server wants them."""
        cache_images.begin(self._cloud, context, order)

    def report(self, _context: RequestContext, order: Report) -> Heard:
        """A host has done, or could not do, what a parked step ordered."""
        ticket = order.ticket
        answer = Answer(
            host=order.host,
            result=order.result,
            error=order.error,
            retryable=order.retryable,
            details=order.details,
        )
        database = self._cloud.cells.database(ticket.cell_id)
        heard = database.transact(
            lambda conn: sagas.answer(conn, ticket.saga_id, ticket.epoch, ticket.step, answer)
        )
        if heard:
            self._pool.look(ticket.cell_id, ticket.saga_id)
        return Heard(ok=heard)

    def is_awaited(self, _context: RequestContext, order: Ticket) -> Heard:
        """Whether a parked step waits for that order to be carried out."""
        with self._cloud.cells.database(order.cell_id).read() as conn:
            ok = sagas.awaits(conn, order.saga_id, order.epoch, order.step)
        return Heard(ok=ok)

    def _check_in(self, cloud: Cloud) -> None:
        cloud.cells.database(CELL0).transact(
            lambda conn: services.check_in(
                conn, cloud.conf.host, "nova-conductor", pins.VERSION, self._started_at
            )
        )

    def _every(self, name: str, seconds: float, work: Callable[[Cloud], object]) -> None:
        while True:
            try:
                work(self._cloud)
            except errors.ApplianceError as error:
                LOG.warning("%s: %s", name, error.message)
            except Exception:
                LOG.exception("%s failed", name)
            if self._stopped.wait(seconds):
                return
