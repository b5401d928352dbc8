# SPDX-License-Identifier: Apache-2.0
"""How long a key takes to what shows it: directly, through plain websockify, through our proxy.

Three guests: one that sends back what it gets, a small server of VNC that draws at once, and a real
QEMU. websockify and QEMU are processes of their own; our proxy shares this one with the client.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from fixtures import tiny_guest
from fixtures.console_stage import EchoGuest, WebClient, stage
from fixtures.drawing_guest import DrawingGuest
from fixtures.free_ports import free_port
from fixtures.rfb_client import Channel, Plain, RfbClient
from rich.table import Table

from nova_appliance.common.clock import wait_for

KEY = b"\x04\x01\0\0\0\0\0a"  # a KeyEvent of RFB
QEMU = "qemu-system-x86_64"
FIRST_VNC_PORT = 5900
CELL = 16, 9
Press = Callable[[], float]
"""Presses a key and waits for what shows it; the seconds between."""


@dataclasses.dataclass(frozen=True)
class Guest:
    """Who is typed to: `open` gives its port, `converse` the way to type over a channel."""

    open: Callable[[Path], AbstractContextManager[int]]
    converse: Callable[[Channel], Press]
    keys: int
    warm_up: int


def run(folder: Path, _given: argparse.Namespace) -> Table:
    """Measure all ways over all guests."""
    load = os.getloadavg()[0]
    title = f"key to what shows it, loopback, load {load:.1f}"
    table = Table("guest", "way", "keys", "median µs", "p99 µs", title=title)
    for name, guest in _guests().items():
        with guest.open(folder) as port:
            for way, channel in WAYS.items():
                times = _measured(guest, channel(port, folder / f"{name}-{way}"))
                p99 = times[int(0.99 * guest.keys)]
                row = name, way, str(guest.keys), f"{statistics.median(times):.0f}", f"{p99:.0f}"
                table.add_row(*row)
    return table


def _guests() -> dict[str, Guest]:
    found = {
        "bytes sent back": Guest(_echoing, _echo, 2000, 100),
        "VNC that draws at once": Guest(_drawing, _type, 2000, 100),
    }
    if shutil.which(QEMU):
        found["QEMU, text screen"] = Guest(_qemu, _type, 200, 10)
    return found


def _measured(guest: Guest, channel: AbstractContextManager[Channel]) -> list[float]:
    """Microseconds of each key, the shortest first."""
    with channel as opened:
        press = guest.converse(opened)
        for _ in range(guest.warm_up):
            press()
        return sorted(1e6 * press() for _ in range(guest.keys))


def _echo(channel: Channel) -> Press:
    def press() -> float:
        started = time.perf_counter()
        channel.send(KEY)
        channel.read(len(KEY))
        return time.perf_counter() - started

    return press


def _type(channel: Channel) -> Press:
    """Another letter in the first cell of the screen each time, until its pixels are others."""
    client = RfbClient(channel)
    client.screen()
    letters = itertools.cycle(b"ab")

    def press() -> float:
        before, letter = _cell(client), next(letters)
        client.ask()
        started = time.perf_counter()
        client.key(letter, down=True)
        client.update()
        while _cell(client) == before:  # something else has changed
            client.ask()
            client.update()
        took_s = time.perf_counter() - started
        client.key(letter, down=False)
        return took_s

    return press


def _cell(client: RfbClient) -> bytes:
    rows, columns = CELL
    return bytes(client.shown[:rows, :columns].tobytes())


# ---- guests


@contextlib.contextmanager
def _echoing(_folder: Path) -> Iterator[int]:
    guest = EchoGuest()
    yield guest.port
    guest.close()


@contextlib.contextmanager
def _drawing(_folder: Path) -> Iterator[int]:
    guest = DrawingGuest()
    yield guest.port
    guest.close()


@contextlib.contextmanager
def _qemu(folder: Path) -> Iterator[int]:
    """A guest of one disk sector: the firmware's services read the key and draw its letter."""
    disk, port = folder / "typed.img", free_port()
    disk.write_bytes(tiny_guest.typed_image())
    argv = [
        *(QEMU, "-accel", "tcg", "-m", "16", "-display", "none", "-nodefaults", "-vga", "std"),
        *("-drive", f"file={disk},format=raw,if=ide", "-vnc", f"127.0.0.1:{port - FIRST_VNC_PORT}"),
    ]
    with _child(argv):
        wait_for(lambda: _answers(port), 20)
        if not wait_for(lambda: _is_ready(port), 60, 0.2):
            raise TimeoutError("QEMU's guest does not show its prompt.")
        yield port


def _is_ready(port: int) -> bool:
    """Whether the first cell is lit and nothing else."""
    client = RfbClient(Plain(port))
    lit = client.screen().max(axis=2) > 0
    client.close()
    rows, columns = CELL
    return bool(lit[:rows, :columns].any()) and not lit[rows:].any() and not lit[:, columns:].any()


# ---- ways


@contextlib.contextmanager
def _direct(port: int, _folder: Path) -> Iterator[Channel]:
    channel = Plain(port)
    yield channel
    channel.close()


@contextlib.contextmanager
def _websockify(guest_port: int, _folder: Path) -> Iterator[Channel]:
    port = free_port()
    argv = [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{guest_port}"]
    with _child(argv):
        wait_for(lambda: _answers(port), 20)
        with _web(port, "/") as channel:
            yield channel


@contextlib.contextmanager
def _proxy(guest_port: int, folder: Path) -> Iterator[Channel]:
    folder.mkdir()
    with stage(folder) as consoles:
        proxy = consoles.proxy("nova-novncproxy")
        server = consoles.add_server()
        consoles.put(server, guest_port)
        with _web(proxy.port, f"/?token={consoles.secret(server, 'novnc')}") as channel:
            yield channel
        with contextlib.suppress(OSError):
            proxy.stop()


WAYS: dict[str, Callable[[int, Path], AbstractContextManager[Channel]]] = {
    "direct": _direct,
    "plain websockify": _websockify,
    "our proxy": _proxy,
}


@contextlib.contextmanager
def _web(port: int, target: str) -> Iterator[Channel]:
    client = WebClient(port, target)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    yield client
    client.close()


@contextlib.contextmanager
def _child(argv: list[str]) -> Iterator[None]:
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
