# SPDX-License-Identifier: Apache-2.0
"""Threads around a Runner: workers that follow the agenda, a poller, and a keeper of leases."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.conductor import recovery
from nova_appliance.conductor.agenda import Agenda
from nova_appliance.conductor.runner import Runner
from nova_appliance.conductor.saga import Saga
from nova_appliance.db import name_locks
from nova_appliance.db import sagas as rows

LOG = logging.getLogger(__name__)

PAGE = 500
"""Due sagas looked at in one poll of one cell."""


class Pool:
    """Runs the sagas of all cells until it is stopped."""

    def __init__(self, cloud: Cloud, sagas: Mapping[str, Saga], owner: str) -> None:
        self._cloud = cloud
        self._agenda = Agenda()
        self._runner = Runner(cloud, sagas, owner, self.look)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._owner = owner
        self._name: name_locks.NameLock | None = None

    def start(self) -> None:
        """Begin; what others left behind is taken over at once."""
        host = self._owner.partition("/")[0]
        self._name = name_locks.hold(self._cloud.cells.api, f"nova-conductor {host}")
        if self._name is None:
            LOG.warning("another conductor runs under the name %s; its sagas are left to it", host)
        else:
            self.bury()
        conductor = self._cloud.conf.conductor
        works: list[tuple[str, Callable[[], None]]] = [
            ("poll", lambda: self._every(conductor.poll_interval, self._poll)),
            ("leases", lambda: self._every(conductor.lease / 3, self._renew)),
        ]
        works += [(f"saga-{number}", self._work) for number in range(conductor.workers)]
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True) for name, work in works
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the steps that run now; their sagas stay for whoever starts next."""
        self._stopped.set()
        self._agenda.close()
        for thread in self._threads:
            thread.join()
        if self._name is not None:
            self._name.release()

    def look(self, cell_id: str, saga_id: str, wait_s: float = 0.0) -> None:
        """Let a worker look at this saga in some seconds."""
        self._agenda.put((cell_id, saga_id), wait_s)

    def _work(self) -> None:
        while (key := self._agenda.next()) is not None:
            try:
                self._runner.run_one(*key)
            except errors.Unavailable as error:
                LOG.warning("saga %s waits: %s", key[1], error.message)
            except Exception:
                LOG.exception("saga %s was dropped; its lease runs out", key[1])

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        while True:
            try:
                work()
            except errors.ApplianceError as error:
                LOG.warning("%s", error.message)
            except Exception:
                LOG.exception("The conductor's round failed")
            if self._stopped.wait(seconds):
                return

    def bury(self) -> None:
        """End the leases of those that ran under our host's name before, which is ours alone now.

        Else what they left would wait for its leases to run out.
        """
        prefix = self._owner.partition("/")[0] + "/"
        for cell in self._cloud.cells.all_():
            try:
                database = self._cloud.cells.database(cell.id)
                left = database.transact(functools.partial(rows.disown, prefix=prefix))
            except errors.Unavailable as error:
                LOG.warning("cell %s: %s", cell.name, error.message)
                continue
            if left:
                LOG.info("%d sagas of a dead conductor are taken over in cell %s", left, cell.name)

    def _poll(self) -> None:
        now = self._cloud.clock.now()
        for cell in self._cloud.cells.all_():
            try:
                with self._cloud.cells.database(cell.id).read() as conn:
                    due = rows.due(conn, cell.id, now, PAGE)
            except errors.Unavailable as error:
                LOG.warning("cell %s: %s", cell.name, error.message)
                continue
            for key in recovery.plan(due, set(self._runner.held), now):
                self.look(*key)

    def _renew(self) -> None:
        if self._name is not None:
            self._name.keep()
        held = dict(self._runner.held)
        lease_s = self._cloud.conf.conductor.lease
        for cell_id in {cell_id for cell_id, _ in held}:
            mine = [(saga_id, epoch) for (cell, saga_id), epoch in held.items() if cell == cell_id]
            database = self._cloud.cells.database(cell_id)
            database.transact(functools.partial(rows.renew, held=mine, lease_s=lease_s))
