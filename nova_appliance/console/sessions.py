# SPDX-License-Identifier: Apache-2.0
"""The sessions of a proxy: counted for each server, and all ended when the proxy stops."""

from __future__ import annotations

import collections
import contextlib
import socket
import threading
from collections.abc import Iterator

from nova_appliance.common import errors


class TooManySessions(errors.Conflict):
    """As many people look at this server's console as may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This console is open {most} times already, and more are not allowed. "
            "Close one of them, then reload this page."
        )


class Sessions:
    """Safe for threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._of: collections.Counter[str] = collections.Counter()
        self._guests: set[socket.socket] = set()
        self.over = threading.Event()

    @contextlib.contextmanager
    def place(self, server_id: str) -> Iterator[None]:
        """Hold one of the server's places. Raises TooManySessions."""
        with self._lock:
            if self._of[server_id] >= self._most:
                raise TooManySessions(self._most)
            self._of[server_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._of[server_id] -= 1
                if not self._of[server_id]:
                    del self._of[server_id]

    @contextlib.contextmanager
    def watch(self, guest: socket.socket) -> Iterator[None]:
        """Let `end_all` cut this connection; closes it at the end."""
        with self._lock:
            self._guests.add(guest)
        try:
            if self.over.is_set():
                _cut(guest)
            yield
        finally:
            with self._lock:
                self._guests.discard(guest)
            guest.close()

    def count(self) -> int:
        """How many go on."""
        with self._lock:
            return sum(self._of.values())

    def end_all(self) -> None:
        """Cut all connections to guests, now and from now on."""
        self.over.set()
        with self._lock:
            for guest in self._guests:
                _cut(guest)


def _cut(guest: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(guest, socket.SHUT_RDWR)  # under TLS: that stays the thread's own
