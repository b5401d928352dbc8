# SPDX-License-Identifier: Apache-2.0
"""The proxies over real sockets: who comes in, what is carried, how sessions end."""

import datetime as dt
import os
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fixtures.console_stage import WebClient, secret_of
from fixtures.spice_client import MAIN, link

from nova_appliance.common import errors
from nova_appliance.common.clock import wait_for
from nova_appliance.console import proxy as proxies
from nova_appliance.db import servers

KINDS = pytest.mark.parametrize(
    ("binary", "kind"),
    [
        ("nova-novncproxy", "novnc"),
        ("nova-spicehtml5proxy", "spice-html5"),
        ("nova-serialproxy", "serial"),
    ],
)

FIRST_WORDS = {"spice-html5": link(MAIN)}
"""Kinds whose first words the proxy goes by."""


@pytest.fixture
def proxy(consoles):
    return consoles.proxy("nova-novncproxy")


@pytest.fixture
def enter(consoles, proxy, server):
    """Comes in with a new token and the headers that are given."""
    opened = []

    def come(target="/?token={}", secret=None, **headers):
        secret = secret or consoles.secret(server, "novnc")
        opened.append(WebClient(proxy.port, target.format(secret), **headers))
        return opened[-1]

    yield come
    for client in opened:
        client.close()


def get(proxy, target):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}{target}") as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


@KINDS
def test_bytes_go_both_ways_for_each_kind(consoles, server, binary, kind):
    proxy = consoles.proxy(binary)
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, kind)}")
    assert client.status == 101
    words = FIRST_WORDS.get(kind, b"") + b"hello"
    client.send(words)
    assert client.read(len(words)) == words
    client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_much_goes_through_unchanged(enter):
    client = enter()
    data = os.urandom(3 << 20)

    def send():
        for start in range(0, len(data), 50000):
            client.send(data[start : start + 50000])

    thread = threading.Thread(target=send)
    thread.start()
    assert client.read(len(data)) == data
    thread.join(60)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/websockify?token={}", {}),
        ("/?path=%3Ftoken%3D{}", {}),
        ("/?path=websockify%3Ftoken%3D{}", {}),
    ],
)
def test_tokens_come_as_clients_send_them(enter, target, headers):
    assert enter(target, **headers).status == 101


def test_a_token_comes_in_a_cookie(consoles, enter, server):
    secret = consoles.secret(server, "novnc")
    assert enter("/websockify", Cookie=f"other=1; token={secret}").status == 101


def test_the_protocol_binary_is_answered_when_it_is_offered(enter):
    assert "Sec-WebSocket-Protocol: binary" in enter(Sec_WebSocket_Protocol="base64, binary").head
    assert "Sec-WebSocket-Protocol" not in enter(Sec_WebSocket_Protocol="base64").head
    assert "Sec-WebSocket-Protocol" not in enter().head


def refused(client, status):
    """The words of the status line; nothing that could be taken for a frame comes behind the head."""
    assert client.status == status
    assert client.body() == ""
    return client.head.partition("\r\n")[0]


def test_without_a_token_nobody_comes_in(enter, guest):
    assert "token is missing" in refused(enter("/websockify"), 400)
    assert guest.connections == []


def test_an_unknown_token_is_refused(enter, guest):
    assert "has ended" in refused(enter(secret="nonsense"), 401)
    assert guest.connections == []


def test_an_ended_token_is_refused(consoles, enter, server):
    secret = consoles.secret(server, "novnc")
    assert enter(secret=secret).status == 101
    consoles.clock.ahead = dt.timedelta(seconds=599)
    assert enter(secret=secret).status == 101
    consoles.clock.ahead = dt.timedelta(seconds=601)
    assert "has ended" in refused(enter(secret=secret), 401)


def test_a_token_of_another_kind_is_refused(consoles, enter, server):
    secret = consoles.secret(server, "serial")
    assert "another kind" in refused(enter(secret=secret), 401)


def test_a_token_dies_with_its_server(consoles, enter, server):
    secret = consoles.secret(server, "novnc")
    with consoles.cloud.cells.database(server.cell_id).write() as conn:
        servers.erase(conn, server.id)
    assert "has ended" in refused(enter(secret=secret), 401)


def test_a_token_is_no_good_when_the_guest_is_elsewhere_now(consoles, enter, server, guest):
    secret = consoles.secret(server, "novnc")
    consoles.put(server, guest.port + 1)
    assert "does not run at the place" in refused(enter(secret=secret), 401)
    del consoles.addresses[server.id]
    assert "does not run at the place" in refused(enter(secret=secret), 401)


def test_a_foreign_page_is_refused_and_an_own_one_not(enter, proxy):
    assert "elsewhere" in refused(enter(Origin="http://evil.example"), 403)
    assert refused(enter(Origin="https://127.0.0.1"), 403)
    assert refused(enter(Origin="null"), 403)
    assert enter(Origin=f"http://127.0.0.1:{proxy.port}").status == 101


def test_a_console_that_nobody_answers_is_told_in_the_close_frame(consoles, enter, server, guest):
    guest.close()
    assert enter().wait_for_close() == (1011, "The server's console cannot be reached.")


def test_a_guest_that_stops_ends_its_sessions_in_order(enter, guest, proxy):
    client = enter()
    client.send(b"x")
    assert client.read(1) == b"x"
    guest.hang_up()
    code, reason = client.wait_for_close()
    assert (code, reason) == (1000, "The server's console was closed: it may be off now.")
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_a_proxy_that_stops_tells_its_clients(enter, proxy):
    client = enter()
    client.send(b"x")
    assert client.read(1) == b"x"
    proxy.stop()
    assert client.wait_for_close() == (1001, "The console service stops.")


def test_one_server_has_so_many_consoles_at_once(consoles, server):
    proxy = consoles.proxy("nova-novncproxy", connections_per_server=2)
    secret = consoles.secret(server, "novnc")
    clients = [WebClient(proxy.port, f"/?token={secret}") for _ in range(3)]
    assert [client.status for client in clients[:2]] == [101, 101]
    assert "open 2 times already" in refused(clients[2], 409)
    clients[0].close()
    assert wait_for(lambda: proxy.sessions.count() == 1, 60)
    clients.append(WebClient(proxy.port, f"/?token={secret}"))
    assert clients[3].status == 101
    for client in clients:
        client.close()


def test_silence_ends_a_session(consoles, server):
    proxy = consoles.proxy("nova-novncproxy", idle_timeout=1)
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, 'novnc')}")
    assert client.wait_for_close() == (1000, "Nothing happened for long, so the session was ended.")


def test_a_session_ends_with_its_token_when_that_is_wanted(consoles, server, enter):
    conf = consoles.cloud.conf
    conf.set_override("enforce_session_timeout", True, "consoleauth")
    try:
        for life_s in (1, 4, 16):  # it must last until we are in, however busy the machine
            conf.set_override("token_ttl", life_s, "consoleauth")
            client = enter()
            if client.status == 101:
                break
        assert client.wait_for_close() == (1000, "The time of this session is over.")
    finally:
        for name in ("token_ttl", "enforce_session_timeout"):
            conf.clear_override(name, "consoleauth")


def test_more_connections_than_a_proxy_holds_are_closed_at_once(consoles, server, monkeypatch):
    monkeypatch.setattr(proxies, "MOST", 2)
    proxy = consoles.proxy("nova-novncproxy")
    secret = consoles.secret(server, "novnc")
    clients = [WebClient(proxy.port, f"/?token={secret}") for _ in range(2)]
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as third:
        assert third.recv(1) == b""
    clients.pop().close()
    assert wait_for(lambda: proxy.sessions.count() == 1, 60)
    assert wait_for(lambda: can_enter(proxy, secret), 60)
    clients.pop().close()


def can_enter(proxy, secret):
    try:
        client = WebClient(proxy.port, f"/?token={secret}")
    except (AssertionError, OSError):
        return False
    client.close()
    return client.status == 101


def test_a_client_that_sends_endless_messages_is_cut_off(enter, proxy):
    client = enter()
    with pytest.raises(OSError, match=r"pipe|reset"):
        client.socket.sendall(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(12 << 20))
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_pings_are_answered(enter):
    client = enter()
    frame = client._web._encode_hybi(9, b"are you there", os.urandom(4))
    client.socket.sendall(frame)
    assert client.socket.recv(64) == b"\x8a\x0dare you there"


def test_the_page_names_the_server_and_keeps_its_token(consoles, proxy, server):
    url = consoles.url(server, "novnc")
    status, body, headers = get(proxy, url.partition(str(proxy.port))[2])
    assert status == 200
    assert "<title>a &lt;b&gt; &amp; c</title>" in body
    assert secret_of(url) not in body
    assert "noVNC" in body, "tempest looks for it"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_page_says_why_there_is_no_console(proxy):
    status, body, _ = get(proxy, "/vnc_auto.html?path=%3Ftoken%3Dold")
    assert status == 401
    assert "does not work any more" in body
    assert get(proxy, "/vnc_auto.html")[0] == 400


def test_only_our_files_and_the_librarys_are_served(proxy):
    assert get(proxy, "/static/console.css")[0] == 200
    assert get(proxy, "/static/novnc.js")[2]["Content-Type"].startswith("text/javascript")
    for target in (
        "/", "/static/", "/static/..", "/static/../proxy.py", "/static/%2e%2e/proxy.py",
        "/novnc/../../etc/passwd", "/novnc/..%2f..%2fetc/passwd", "/novnc/core", "/etc/passwd",
        "/spice/main.js", "/novnc/core/%00",
    ):  # fmt: skip
        assert get(proxy, target)[0] == 404, target


def test_without_nova_consoleauth_links_cannot_be_checked_now(proxy, enter):
    def away(_secret, _kind):
        raise errors.Unavailable("nova-consoleauth did not answer in time.")

    object.__setattr__(proxy.desk, "check", away)
    assert "cannot be checked" in refused(enter(secret="any"), 503)


def test_two_hundred_at_once_and_nothing_is_left_open(consoles, guest):
    proxy = consoles.proxy("nova-novncproxy")
    folder = Path("/proc/self/fd")
    before = len(list(folder.iterdir()))
    many = [consoles.add_server() for _ in range(20)]
    clients = []
    for server in many:
        consoles.put(server, guest.port)
        secret = consoles.secret(server, "novnc")
        clients += [WebClient(proxy.port, f"/?token={secret}") for _ in range(10)]
    assert proxy.sessions.count() == 200
    for number, client in enumerate(clients):
        client.send(b"%d." % number)
    for number, client in enumerate(clients):
        assert client.read(len(b"%d." % number)) == b"%d." % number
    for client in clients:
        client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)
    assert wait_for(lambda: len(list(folder.iterdir())) <= before + 3, 60)


def test_who_never_reads_costs_little_and_disturbs_nobody(consoles, enter, server, proxy):
    silent = enter()
    silent.socket.settimeout(2)
    many = b"".join(silent._web._encode_hybi(2, bytes(60000), b"mask") for _ in range(2000))
    with pytest.raises(TimeoutError):
        silent.socket.sendall(many)
    other = enter()
    other.send(b"quick")
    assert other.read(5) == b"quick"
    silent.close()
    other.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)
