# SPDX-License-Identifier: Apache-2.0
"""Delivers hints: messages that may get lost, so that nobody waits for a bus that is away."""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Callable

from nova_appliance.common import errors

LOG = logging.getLogger(__name__)

MOST = 1000
"""Hints that wait at most; the oldest are dropped."""
STOP_S = 1.0

Deliver = Callable[[], None]


class Courier:
    """One thread, begun with the first hint. Safe for threads."""

    def __init__(self, most: int = MOST) -> None:
        self._waiting: collections.deque[Deliver] = collections.deque(maxlen=most)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def post(self, deliver: Deliver) -> None:
        """Deliver it soon, or never; returns at once."""
        with self._changed:
            if self._stopped:
                return
            self._waiting.append(deliver)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Deliver what waits, if that is quickly done."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopped:
                    self._changed.wait()
                if not self._waiting:
                    return
                deliver = self._waiting.popleft()
            self._deliver(deliver)

    def _deliver(self, deliver: Deliver) -> None:
        """What waited for the same bus meanwhile is dropped with a hint that failed."""
        try:
            deliver()
        except errors.Unavailable as error:
            with self._changed:
                dropped = 1 + len(self._waiting)
                self._waiting.clear()
            LOG.warning("%s; hints dropped: %d", error.message, dropped)
        except Exception:
            LOG.exception("a hint could not be sent")
