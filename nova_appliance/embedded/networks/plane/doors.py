# SPDX-License-Identifier: Apache-2.0
"""Listens for guests at 169.254.169.254 in the namespaces of their networks, and lets them through.

The sockets stand in those namespaces, the threads in this process: nothing runs beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import logging
import os
import selectors
import socket
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nova_appliance.embedded.networks.plane import names
from nova_appliance.embedded.networks.plane.wanted import Wanted

LOG = logging.getLogger(__name__)
WORKERS = 64
AT_ONCE = 8
"""Connections of one address at the same time; more are closed at once."""
BACKLOG = 512
_NETNS = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Door:
    """Where guests of some networks are heard."""

    namespace: str
    host: str
    port: int
    networks: tuple[str, ...]


Serve = Callable[[socket.socket, str, Door], None]
"""Answers one connection: socket, the guest's address, the door it came through."""


def doors_of(wanted: Wanted) -> tuple[Door, ...]:
    """One in each namespace that guests reach: of DHCP, and of routers."""
    by_dhcp = [
        Door(dhcp.namespace, names.METADATA, 80, (dhcp.network_id,)) for dhcp in wanted.dhcps
    ]
    by_router = [
        Door(router.namespace, names.ANY, names.METADATA_PORT, router.networks)
        for router in wanted.routers
        if router.networks
    ]
    return (*by_dhcp, *by_router)


class Doors:
    """Opens and closes doors; `keep` is called by one thread."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._open: dict[Door, tuple[int, socket.socket]] = {}
        """Door > number of its namespace, and the socket."""
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._busy: dict[tuple[str, str], int] = {}
        self._stopping = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None

    def keep(self, wanted: Collection[Door]) -> bool:
        """Have these doors open and no others; whether all are."""
        for door in [one for one in self._open if not self._is_right(one, wanted)]:
            self._close(door)
        missing = [door for door in wanted if door not in self._open]
        if missing:
            self._begin()
        right = True
        for door in missing:
            right = self._try(door) and right
        return right

    def stop(self) -> None:
        """Close all; requests under way get some seconds."""
        for door in list(self._open):
            self._close(door)
        self._stopping.set()
        if self._thread:
            self._thread.join(5)
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._thread, self._pool = None, None

    def _is_right(self, door: Door, wanted: Collection[Door]) -> bool:
        return door in wanted and _number(door.namespace) == self._open[door][0]

    def _try(self, door: Door) -> bool:
        try:
            opened = listen(door)
        except OSError as error:
            LOG.warning("networks: no door for metadata in %s yet: %s", door.namespace, error)
            return False
        self._open[door] = (_number(door.namespace), opened)
        with self._lock:
            self._selector.register(opened, selectors.EVENT_READ, door)
        return True

    def _close(self, door: Door) -> None:
        _, opened = self._open.pop(door)
        with self._lock, contextlib.suppress(KeyError):
            self._selector.unregister(opened)
        opened.close()

    def _begin(self) -> None:
        if self._thread:
            return
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="metadata")
        self._thread = threading.Thread(target=self._accept, name="metadata", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(0.2) if self._open else ():
                self._accept_one(key.fileobj, key.data)
            if not self._open:
                self._stopping.wait(0.05)

    def _accept_one(self, opened: object, door: Door) -> None:
        try:
            connection, peer = opened.accept()  # type: ignore[attr-defined]
        except OSError:
            return  # closed meanwhile, or the guest hung up
        who = (door.namespace, str(peer[0]))
        with self._lock:
            busy = self._busy.get(who, 0)
            if busy < AT_ONCE:
                self._busy[who] = busy + 1
        if busy >= AT_ONCE or self._pool is None:
            connection.close()
            return
        self._pool.submit(self._let_through, connection, who, door)

    def _let_through(self, connection: socket.socket, who: tuple[str, str], door: Door) -> None:
        try:
            with connection:
                self._serve(connection, who[1], door)
        except Exception:
            LOG.exception("networks: a request for metadata failed")
        finally:
            with self._lock:
                self._busy[who] -= 1
                if not self._busy[who]:
                    del self._busy[who]


def listen(door: Door) -> socket.socket:
    """A socket that listens in the door's namespace. Raises OSError."""
    made: list[socket.socket | OSError] = []

    def inside() -> None:
        try:
            made.append(_listen_inside(door))
        except OSError as error:
            made.append(error)

    # Only this thread changes its namespace, and it ends there.
    thread = threading.Thread(target=inside, name="metadata door")
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _listen_inside(door: Door) -> socket.socket:
    with (_NETNS / door.namespace).open("rb") as namespace:
        if _LIBC.setns(namespace.fileno(), _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((door.host, door.port))
        opened.listen(BACKLOG)
        opened.settimeout(0)
    except OSError:
        opened.close()
        raise
    return opened


def _number(namespace: str) -> int:
    """What tells a namespace from a later one of the same name."""
    try:
        return (_NETNS / namespace).stat().st_ino
    except OSError:
        return 0
