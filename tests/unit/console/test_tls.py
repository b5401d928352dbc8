# SPDX-License-Identifier: Apache-2.0
"""Proxies with TLS of their own: clients of both kinds, renewed certificates, options that lack."""

import os
import socket
import ssl

import pytest
from fixtures.console_stage import WebClient
from fixtures.pki import Pki

from nova_appliance.cert import hosts
from nova_appliance.cert.place import Place
from nova_appliance.common import errors
from nova_appliance.common.clock import wait_for
from nova_appliance.console import reach, tls
from nova_appliance.domain.console import ConsoleAddress

PROXIES = {"spice-html5": "nova-spicehtml5proxy", "serial": "nova-serialproxy"}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    made.host("proxy", "127.0.0.1")
    return made


@pytest.fixture
def options(consoles):
    """Sets options of nova.conf until the end of the test."""
    conf, known = consoles.cloud.conf, []

    def set_(group=None, **values):
        for name, value in values.items():
            conf.set_override(name, value, group)
            known.append((name, group))
        return conf

    yield set_
    for name, group in known:
        conf.clear_override(name, group)


@pytest.fixture
def secure(options, pki):
    place = pki.folder / "proxy"
    options(cert=str(place / "cert.pem"), key=str(place / "key.pem"))
    return options


@pytest.fixture
def context(pki):
    return ssl.create_default_context(cafile=str(pki.root))


class SecureClient(WebClient):
    """A WebSocket client that speaks TLS."""

    def __init__(self, port, target, context):
        self._context = context
        super().__init__(port, target)

    def connect(self, port, timeout_s):
        return self._context.wrap_socket(
            super().connect(port, timeout_s), server_hostname="127.0.0.1"
        )


@pytest.mark.usefixtures("secure")
def test_a_session_by_tls_carries_much_and_ends_in_order(consoles, server, guest, context):
    proxy = consoles.proxy("nova-novncproxy")
    client = SecureClient(proxy.port, f"/?token={consoles.secret(server, 'novnc')}", context)
    assert client.status == 101
    for _ in range(20):  # by turns: one OpenSSL connection is not for two threads at once
        data = os.urandom(50000)
        client.send(data)
        assert client.read(len(data)) == data
    guest.hang_up()
    assert client.wait_for_close() == (1000, "The server's console was closed: it may be off now.")
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


@pytest.mark.usefixtures("secure")
def test_clients_without_tls_come_in_unless_only_tls_may(consoles, server, secure):
    proxy = consoles.proxy("nova-novncproxy")
    target = f"/?token={consoles.secret(server, 'novnc')}"
    client = WebClient(proxy.port, target)
    assert client.status == 101
    client.close()
    secure(ssl_only=True)
    proxy = consoles.proxy("nova-novncproxy")
    with pytest.raises((AssertionError, ConnectionError)):
        WebClient(proxy.port, target)


@pytest.mark.usefixtures("secure")
def test_a_java_viewer_by_tls(consoles, server, context):
    proxy = consoles.proxy("nova-xvpvncproxy")
    secret = consoles.secret(server, "xvpvnc")
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as plain:
        viewer = context.wrap_socket(plain, server_hostname="127.0.0.1")
        viewer.sendall(f"CONNECT /console?token={secret} HTTP/1.0\r\n\r\n".encode())
        assert viewer.recv(13).startswith(b"HTTP/1.1 200 ")
        while not viewer.recv(100).endswith(b"\r\n\r\n"):
            continue
        viewer.sendall(b"hello")
        assert viewer.recv(5) == b"hello"
        viewer.close()


@pytest.mark.usefixtures("secure")
def test_who_begins_no_tls_holds_nobody_up(consoles, server, context):
    proxy = consoles.proxy("nova-novncproxy")
    silent = [socket.create_connection(("127.0.0.1", proxy.port), 10) for _ in range(20)]
    half = socket.create_connection(("127.0.0.1", proxy.port), 10)
    half.sendall(b"\x16\3\1")
    target = f"/?token={consoles.secret(server, 'novnc')}"
    client = SecureClient(proxy.port, target, context)
    assert client.status == 101
    for one in (*silent, half, client):
        one.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_a_renewed_certificate_is_shown_without_a_restart(consoles, options, tmp_path):
    pki = Pki(tmp_path).begin()
    place = pki.host("front", "127.0.0.1")
    options(cert=str(place / "cert.pem"), key=str(place / "key.pem"))
    proxy = consoles.proxy("nova-novncproxy")
    before = _shown(proxy, pki)
    hosts.renew(pki.authority, Place(place), hosts.Terms(), now=True)
    after = _shown(proxy, pki)
    assert after != before
    (place / "cert.pem").write_text("half")  # as if a renewal were under way
    assert _shown(proxy, pki) == after


def _shown(proxy, pki):
    """The serial number of what the proxy shows."""
    context = ssl.create_default_context(cafile=str(pki.root))
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as plain:
        inside = context.wrap_socket(plain, server_hostname="127.0.0.1")
        serial = inside.getpeercert()["serialNumber"]
        inside.close()
    return serial


@pytest.mark.parametrize(
    ("group", "values", "words"),
    [
        (None, {"ssl_only": True}, "needs a certificate"),
        (None, {"cert": "/nowhere.pem"}, "cannot be used"),
        ("vnc", {"auth_schemes": ["vencrypt"]}, "set vencrypt_ca_certs"),
        ("vnc", {"auth_schemes": ["tls"]}, "none and vencrypt"),
        ("vnc", {"auth_schemes": []}, "none and vencrypt"),
        ("spice", {"ca_certs": "/nowhere.pem"}, "cannot be used"),
    ],
)
def test_options_that_cannot_work_are_told_at_the_start(consoles, options, group, values, words):
    options(group, **values)
    with pytest.raises(errors.Invalid, match=words):
        consoles.proxy("nova-novncproxy")


def test_plain_vnc_is_left_alone_when_nothing_else_is_wanted(consoles):
    assert reach.make(consoles.cloud.conf).vnc_schemes == ("none",)
    assert tls.ServerSide(consoles.cloud.conf).context() is None


@pytest.mark.parametrize(
    ("kind", "group"), [("spice-html5", "spice"), ("serial", "serial_console")]
)
def test_a_guest_that_speaks_tls_alone_is_out_of_reach_of_who_believes_nobody(
    consoles, caplog, kind, group
):
    server = consoles.add_server()
    consoles.addresses[server.id] = ConsoleAddress(host="127.0.0.1", port=0, tls_port=1)
    proxy = consoles.proxy(PROXIES[kind])
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, kind)}")
    client.wait_for_close()
    client.close()
    assert wait_for(lambda: f"[{group}] ca_certs does not say whom to believe" in caplog.text, 60)
