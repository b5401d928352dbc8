# SPDX-License-Identifier: Apache-2.0
"""How long a key takes to its echo: directly, through plain websockify, through our proxy.

websockify is a process of its own; our proxy shares this one with the client and the guest.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fixtures.console_stage import EchoGuest, WebClient, stage
from fixtures.mariadb import free_port
from rich.table import Table

from nova_appliance.common.clock import wait_for

KEYS = 2000
KEY = b"\x04\x01\0\0\0\0\0a"  # a KeyEvent of RFB
Press = Callable[[], None]


def run(folder: Path, _given: argparse.Namespace) -> Table:
    """Measure all three over the same guest, which sends back what it gets."""
    table = Table("way", "median µs", "p99 µs", title=f"echo of a key, {KEYS} keys, loopback")
    guest = EchoGuest()
    for name, way in (("direct", _direct), ("websockify", _websockify), ("proxy", _proxy)):
        with way(guest, folder) as press:
            for _ in range(100):
                press()
            times = sorted(_timed(press) for _ in range(KEYS))
        p99 = times[int(0.99 * KEYS)]
        table.add_row(name, f"{statistics.median(times):.0f}", f"{p99:.0f}")
    guest.close()
    return table


def _timed(press: Press) -> float:
    started = time.perf_counter()
    press()
    return 1e6 * (time.perf_counter() - started)


@contextlib.contextmanager
def _direct(guest: EchoGuest, _folder: Path) -> Iterator[Press]:
    with socket.create_connection(("127.0.0.1", guest.port)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def press() -> None:
            plain.sendall(KEY)
            got = 0
            while got < len(KEY):
                got += len(plain.recv(64))

        yield press


@contextlib.contextmanager
def _websockify(guest: EchoGuest, _folder: Path) -> Iterator[Press]:
    port = free_port()
    argv = [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{guest.port}"]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), 20)
        with _web(port, "/") as press:
            yield press
    finally:
        child.terminate()
        child.wait()


@contextlib.contextmanager
def _proxy(guest: EchoGuest, folder: Path) -> Iterator[Press]:
    with stage(folder) as consoles:
        proxy = consoles.proxy("nova-novncproxy")
        server = consoles.add_server()
        consoles.put(server, guest.port)
        with _web(proxy.port, f"/?token={consoles.secret(server, 'novnc')}") as press:
            yield press
        with contextlib.suppress(OSError):
            proxy.stop()


@contextlib.contextmanager
def _web(port: int, target: str) -> Iterator[Press]:
    client = WebClient(port, target)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def press() -> None:
        client.send(KEY)
        client.read(len(KEY))

    yield press
    client.close()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
