# SPDX-License-Identifier: Apache-2.0
"""What a conductor looks at next: sagas by the time at which they are due. Safe for threads."""

from __future__ import annotations

import heapq
import threading

from nova_appliance.common import clock

Key = tuple[str, str]
"""(cell id, saga id)"""


class Agenda:
    """A queue with times; a saga stands in it once, for the earliest time named."""

    def __init__(self, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._clock = clocks
        self._changed = threading.Condition()
        self._heap: list[tuple[float, Key]] = []
        self._times: dict[Key, float] = {}
        self._closed = False

    def put(self, key: Key, wait_s: float = 0.0) -> None:
        """Let somebody look at this saga in `wait_s` seconds."""
        at = self._clock.monotonic() + wait_s
        with self._changed:
            if at < self._times.get(key, float("inf")):
                self._times[key] = at
                heapq.heappush(self._heap, (at, key))
                self._changed.notify()

    def next(self) -> Key | None:
        """Wait for the next saga whose time has come; None when the agenda is closed."""
        with self._changed:
            while not self._closed:
                wait_s = self._until_due()
                if wait_s is not None and wait_s <= 0:
                    _, key = heapq.heappop(self._heap)
                    del self._times[key]
                    self._changed.notify()  # somebody must wait for the one behind it
                    return key
                self._changed.wait(wait_s)
            return None

    def close(self) -> None:
        """Wake all who wait, for good."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _until_due(self) -> float | None:
        while self._heap and self._times.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] - self._clock.monotonic() if self._heap else None
