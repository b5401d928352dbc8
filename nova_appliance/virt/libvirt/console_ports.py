# SPDX-License-Identifier: Apache-2.0
"""Ports for serial consoles by TCP: libvirt chooses those of VNC and SPICE, but not these."""

from __future__ import annotations

import collections
import random
import socket
import threading

from nova_appliance.common.errors import ApplianceError

REMEMBERED = 64
"""Ports given out of late: their guests may not listen yet."""


class NoFreePort(ApplianceError):
    """All ports of [serial_console]port_range are taken."""


class FreePorts:
    """Finds a port that nobody listens on; safe for threads. Without an address it gives 0."""

    def __init__(self, address: str, ports: tuple[int, int]) -> None:
        self._address = address
        self._ports = ports
        self._lock = threading.Lock()
        most = max(1, min(REMEMBERED, (ports[1] - ports[0]) // 2))
        self._given: collections.deque[int] = collections.deque(maxlen=most)

    def take(self) -> int:
        """A port that was free just now. Raises NoFreePort."""
        if not self._address:
            return 0
        first, end = self._ports
        with self._lock:
            for port in random.sample(range(first, end), end - first):
                if port not in self._given and self._is_free(port):
                    self._given.append(port)
                    return port
        raise NoFreePort(f"No port from {first} to {end - 1} is free for a serial console.")

    def keep_or_take(self, port: int) -> int:
        """The same port if nobody listens on it now, else another. Raises NoFreePort."""
        return port if self._is_free(port) else self.take()

    def _is_free(self, port: int) -> bool:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((self._address, port))
            except OSError:
                return False
        return True
