# SPDX-License-Identifier: Apache-2.0
"""The very bytes that the XVP viewer and TightVNC's Java viewer send, and what they want to read."""

import datetime as dt
import socket

import pytest

from nova_appliance.common.clock import wait_for


@pytest.fixture
def proxy(consoles):
    return consoles.proxy("nova-xvpvncproxy")


class Viewer:
    def __init__(self, port, first):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall(f"{first}\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = self.file.readline()
        while self.file.readline() not in (b"\r\n", b""):
            continue

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def view(proxy):
    opened = []

    def connect(first):
        opened.append(Viewer(proxy.port, first))
        return opened[-1]

    yield connect
    for viewer in opened:
        viewer.close()


@pytest.mark.parametrize(
    ("first", "status"),
    [
        ("CONNECT /console?token={} HTTP/1.0", b"HTTP/1.1 200 "),
        ("CONNECT {}:5900 HTTP/1.0", b"HTTP/1.0 200 "),
    ],
)
def test_a_viewer_gets_the_screens_own_bytes(consoles, server, view, proxy, first, status):
    viewer = view(first.format(consoles.secret(server, "xvpvnc")))
    assert viewer.status.startswith(status)
    viewer.socket.sendall(b"RFB 003.003\n")
    assert viewer.file.read(12) == b"RFB 003.003\n"
    viewer.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


@pytest.mark.parametrize(
    ("first", "status"),
    [
        ("CONNECT /console HTTP/1.0", b"HTTP/1.1 400 "),
        ("CONNECT /console?token=nonsense HTTP/1.0", b"HTTP/1.1 401 "),
        ("CONNECT nonsense:5900 HTTP/1.0", b"HTTP/1.0 401 "),
    ],
)
def test_viewers_without_a_good_token_are_refused(view, guest, first, status):
    assert view(first).status.startswith(status)
    assert guest.connections == []


def test_tokens_of_other_kinds_and_ended_ones_are_refused(consoles, server, view):
    assert b" 401 " in view(f"CONNECT {consoles.secret(server, 'novnc')}:1 HTTP/1.0").status
    secret = consoles.secret(server, "xvpvnc")
    consoles.clock.ahead = dt.timedelta(seconds=601)
    assert b" 401 " in view(f"CONNECT {secret}:1 HTTP/1.0").status


def test_a_screen_that_nobody_shows_is_a_bad_gateway(consoles, server, guest, view):
    guest.close()
    assert b" 502 " in view(f"CONNECT {consoles.secret(server, 'xvpvnc')}:1 HTTP/1.0").status


def test_a_guest_that_stops_hangs_up(consoles, server, guest, view):
    viewer = view(f"CONNECT {consoles.secret(server, 'xvpvnc')}:1 HTTP/1.0")
    viewer.socket.sendall(b"x")
    assert viewer.file.read(1) == b"x"
    guest.hang_up()
    assert viewer.file.read(1) == b""


def test_anything_but_connect_is_refused(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert plain.recv(20).startswith(b"HTTP/1.0 501 ")
