# SPDX-License-Identifier: Apache-2.0
"""One lock for each name, so that deeds on different servers do not wait for each other."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class NamedLocks:
    """Locks that exist only while somebody holds or wants them; not reentrant."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the lock called `name`."""
        with self._guard:
            lock, users = self._locks.get(name, (threading.Lock(), 0))
            self._locks[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[name]
                if users == 1:
                    del self._locks[name]
                else:
                    self._locks[name] = (lock, users - 1)
