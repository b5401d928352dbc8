# SPDX-License-Identifier: Apache-2.0
"""A daemon of the control plane: it answers a topic, reports itself in cell0, and keeps house."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.db import services
from nova_appliance.db.cells import CELL0
from nova_appliance.rpc.pins import VERSION
from nova_appliance.rpc.server import Handler, Server

LOG = logging.getLogger(__name__)


class Daemon:
    """An RPC server, and a thread that checks in and does the housework every report_interval."""

    def __init__(
        self,
        cloud: Cloud,
        binary: str,
        handlers: Mapping[str, Handler],
        housework: Callable[[], object] = lambda: None,
    ) -> None:
        """The name of the binary without `nova-` is its topic."""
        self._cloud, self._housework = cloud, housework
        self._binary, self._host = binary, cloud.conf.host
        self._started_at = cloud.clock.now()
        self._over = threading.Event()
        self._server = Server(cloud.conf, binary.removeprefix("nova-"), self._host, handlers)
        self._thread = threading.Thread(target=self._keep_house, name="house", daemon=True)

    def start(self, threads: int | None = None) -> None:
        """Begin to listen, with so many orders at once, and to report; returns at once."""
        self._server.start(threads)
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked already, then end."""
        self._over.set()
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()

    def check_in(self) -> None:
        """Report this daemon once."""
        facts = (self._host, self._binary, VERSION, self._started_at)
        self._cloud.cells.database(CELL0).transact(lambda conn: services.check_in(conn, *facts))

    def _keep_house(self) -> None:
        while not self._over.is_set():
            try:
                self.check_in()
                self._housework()
            except errors.ApplianceError as error:
                LOG.warning("%s: cannot keep house: %s", self._binary, error.message)
            except Exception:
                LOG.exception("%s: cannot keep house", self._binary)
            self._over.wait(self._cloud.conf.report_interval)
