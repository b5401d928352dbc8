# SPDX-License-Identifier: Apache-2.0
"""Tells the compute service by external events what it should know of ports and volumes.

As Neutron and Cinder do: from a thread of its own. News may get lost; Nova looks by itself.
"""

from __future__ import annotations

import logging
import queue
import threading
import urllib.error
from collections.abc import Callable, Sequence

from nova_appliance.common import clock
from nova_appliance.embedded.compute import Compute
from nova_appliance.embedded.settings import Settings

LOG = logging.getLogger(__name__)
TRIES = 5
PAUSE_S = 0.5
IDLE_S = 10.0
AT_ONCE = 100
Event = tuple[str, str, str]
"""Name, server, port or volume."""
DONE, FAILED = "completed", "failed"


class News:
    """Tells the Compute API, by HTTP as the service's own user (neutron, cinder)."""

    def __init__(
        self, settings: Settings, user: str, wait: Callable[[float], None] = clock.SYSTEM.sleep
    ) -> None:
        self._compute = Compute(settings, user)
        self._user = user
        self._wait = wait
        self._waiting: queue.SimpleQueue[tuple[Event, str]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = False

    def tell(self, told: Sequence[Event], status: str = DONE) -> None:
        """Have these told soon; `status` is how each ended."""
        if not told or not self._compute.is_there:
            return
        with self._lock:
            for event in told:
                self._waiting.put((event, status))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name=f"{self._user} news", daemon=True).start()

    def _run(self) -> None:
        while batch := self._next():
            self._send(batch)

    def _next(self) -> list[tuple[Event, str]]:
        """What waits; nothing ends the thread, the next news start another."""
        try:
            batch = [self._waiting.get(timeout=IDLE_S)]
        except queue.Empty:
            with self._lock:
                self._running = not self._waiting.empty()
                return [self._waiting.get()] if self._running else []
        while len(batch) < AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get())
        return list(dict.fromkeys(batch))

    def _send(self, batch: Sequence[tuple[Event, str]]) -> None:
        body = {
            "events": [
                {"name": name, "server_uuid": server_id, "tag": tag, "status": status}
                for (name, server_id, tag), status in batch
            ]
        }
        for _ in range(TRIES):
            try:
                self._compute.ask("POST", "os-server-external-events", body)
            except urllib.error.HTTPError as error:
                error.close()
                LOG.debug("the compute service answers news with %s", error.code)
                if error.code == 404:  # none of the servers is known there
                    return
            except OSError as error:
                LOG.debug("the compute service cannot be told news: %s", error)
            else:
                return
            self._wait(PAUSE_S)
