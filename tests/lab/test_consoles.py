# SPDX-License-Identifier: Apache-2.0
"""Screens and serial ports of guests on other hosts: through the balancer for who has a token, else not.

Scenarios of molecule choose among these by molecule_consoles: fake guests have pages and tokens only.
"""

import contextlib
import re
import socket
import ssl
import struct
import urllib.parse
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fixtures.console_stage import WebClient, secret_of

from nova_appliance.common.clock import wait_for
from nova_appliance.console import rfb, tls

pytestmark = pytest.mark.timeout(600)
LINK = struct.pack("<4sIII IBBIII", b"REDQ", 2, 2, 18, 0, 1, 0, 0, 0, 18)
"""SpiceLinkHeader and SpiceLinkMess of protocol 2.2: the main channel, no capabilities."""
KINDS = {
    "novnc": ("vnc", b"", rfb.VERSION),
    "spice-html5": ("spice", LINK, b"REDQ"),
    "serial": ("serial", b"", b""),
}
"""Kind > protocol of remote-consoles, what a client says first, and what the guest's side says then."""
PAGES = {"novnc": "novnc.js", "spice-html5": "spice"}
"""Kinds with a page, and what it names."""
UNITS = (
    "nova-cert",
    "nova-consoleauth",
    "nova-novncproxy",
    "nova-spicehtml5proxy",
    "nova-serialproxy",
    "nova-xvpvncproxy",
)
REFUSED = (401, 403, 404)
FILES = ("cert.pem", "key.pem")
QUIET_S = 10
"""After so long without a word a guest is told again."""


class SecureClient(WebClient):
    """Comes to the balancer's address as the URL says, believing the cloud's authority alone."""

    def __init__(self, url, trust, timeout_s=60):
        self._at, self._trust = urllib.parse.urlsplit(url), trust
        origin = f"{'https' if trust else 'http'}://{self._at.netloc}"
        super().__init__(
            self._at.port,
            f"/?token={secret_of(url)}",
            timeout_s,
            Host=self._at.netloc,
            Origin=origin,
        )

    def connect(self, port, timeout_s):
        plain = socket.create_connection((self._at.hostname, port), timeout_s)
        if self._trust is None:
            return plain
        return self._trust.wrap_socket(plain, server_hostname=self._at.hostname)


@pytest.fixture
def trust(cloud):
    """What clients believe; None in a cluster without TLS."""
    return tls.towards(cloud.root_file) if cloud.is_secure else None


@pytest.fixture
def screen(cloud, servers):
    """A plain connection to where QEMU shows the first server's screen; its host's address."""
    host = cloud.lab.host(servers[0].hypervisor_hostname)
    said = cloud.on(
        host.name, f"virsh -c qemu:///system domdisplay --type vnc {servers[0].id}"
    ).strip()
    display = int(re.fullmatch(r"vnc://.*:(\d+)", said)[1])
    address = cloud.lab.address(host.number)
    with socket.create_connection((address, 5900 + display), 30) as connection:
        yield connection, address


@pytest.fixture
def proxys_files(cloud, tmp_path):
    """The certificate and key that the proxies show QEMU, as a thief of a whole host would have them."""
    controller = cloud.hosts("controller")[0].name
    for name in FILES:
        (tmp_path / name).write_text(cloud.on(controller, f"cat /etc/pki/qemu/{name}"))
    return [str(tmp_path / name) for name in FILES]


def test_qemus_spice_shows_a_certificate_of_the_hosts_key(cloud, servers):
    """Not always the one that lies there: a guest keeps what it was started with, and renewals keep the key."""
    assert cloud.lab.tls, "this lab was made with --plain"
    host = cloud.lab.host(servers[0].hypervisor_hostname)
    said = cloud.on(host.name, f"virsh -c qemu:///system dumpxml {servers[0].id}")
    (spice,) = re.findall(r"<graphics type='spice'[^>]*>", said)
    assert " port=" not in spice, "SPICE listens without TLS too"
    port = int(re.search(r" tlsPort='(\d+)'", spice)[1])
    address = cloud.lab.address(host.number)
    with (
        socket.create_connection((address, port), 30) as plain,
        tls.towards(cloud.root_file).wrap_socket(plain, server_hostname=address) as inside,
    ):
        shown = x509.load_der_x509_certificate(inside.getpeercert(binary_form=True))
    lies = x509.load_pem_x509_certificate(
        cloud.on(host.name, "cat /etc/pki/qemu/cert.pem").encode()
    )
    assert shown.public_key() == lies.public_key()


def typed_at(address, port, context):
    """What is said to who types there; b"" to whom QEMU refuses, None while nothing is said."""
    with socket.create_connection((address, port), QUIET_S) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=address) as inside:
                inside.sendall(b"\r")
                return inside.recv(64)
        except TimeoutError:  # one talks to the port at a time: who came before may be leaving
            return None
        except (ssl.SSLError, ConnectionError):
            return b""


def test_a_serial_port_is_for_who_has_a_certificate(cloud, servers, proxys_files):
    assert cloud.lab.tls, "this lab was made with --plain"
    host = cloud.lab.host(servers[0].hypervisor_hostname)
    said = cloud.on(host.name, f"virsh -c qemu:///system dumpxml {servers[0].id}")
    port = int(re.search(r"<source mode='bind' [^>]*service='(\d+)'[^>]* tls='yes'", said)[1])
    address = cloud.lab.address(host.number)
    nobody, proxy = tls.towards(cloud.root_file), tls.towards(cloud.root_file, *proxys_files)
    assert wait_for(lambda: typed_at(address, port, nobody) == b"", 120, 1)
    assert wait_for(lambda: typed_at(address, port, proxy), 300, 1)


def url_of(cloud, server, kind):
    protocol = "vnc" if kind == "xvpvnc" else KINDS[kind][0]
    asked = {"remote_console": {"protocol": protocol, "type": kind}}
    answer = cloud.api.compute.post(
        f"/servers/{server.id}/remote-consoles", json=asked, microversion="2.8"
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["remote_console"]["url"]


def test_qemu_shows_no_screen_to_who_has_no_certificate(cloud, screen):
    assert cloud.lab.tls, "this lab was made with --plain"
    connection, address = screen
    with pytest.raises(rfb.NotRfb, match=r"offers security types \[19\]"):
        rfb.enter(connection, address, ("none",), None)
    again = socket.create_connection(connection.getpeername(), 30)
    with again, pytest.raises((ssl.SSLError, ConnectionError)):
        rfb.enter(again, address, ("vencrypt",), tls.towards(cloud.root_file))


def test_qemu_shows_it_to_the_proxies_certificate(cloud, screen, proxys_files):
    connection, address = screen
    context = tls.towards(cloud.root_file, *proxys_files)
    with rfb.enter(connection, address, ("vencrypt",), context) as inside:
        inside.sendall(b"\1")
        assert len(inside.recv(4)) > 0


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_of_a_console_is_there(cloud, servers, trust, kind):
    url = url_of(cloud, servers[0], kind)
    assert url.startswith("https://" if cloud.is_secure else "http://")
    with urllib.request.urlopen(url, timeout=60, context=trust) as answer:
        assert answer.status == 200
        assert PAGES[kind] in answer.read().decode()


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_of_a_console_daemon_runs(cloud, unit):
    for host in cloud.hosts("controller"):
        assert cloud.on(host.name, f"systemctl is-active {unit}").strip() == "active"


@pytest.mark.parametrize("kind", KINDS)
def test_a_false_token_is_refused(cloud, servers, trust, kind):
    url = url_of(cloud, servers[0], kind)
    with contextlib.closing(SecureClient(url.replace(secret_of(url), "0" * 36), trust)) as refused:
        assert refused.status in REFUSED, refused.head


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_leads_to_the_guest(cloud, servers, trust, kind):
    url = url_of(cloud, servers[0], kind)
    with contextlib.closing(SecureClient(url, trust)) as client:
        assert client.status == 101, client.head
        _, said, answered = KINDS[kind]
        client.send(said)
        assert client.read(len(answered)).startswith(answered)


def test_a_project_is_given_a_certificate(cloud):
    """By nova-cert, whose API Nova dropped: keys match, and the root signed it or its project's."""
    compute = cloud.api.compute
    root = compute.get("/os-certificates/root").json()["certificate"]["data"]
    made = compute.post("/os-certificates").json()["certificate"]
    mine, above = (x509.load_pem_x509_certificate(one.encode()) for one in (made["data"], root))
    key = serialization.load_pem_private_key(made["private_key"].encode(), None)
    assert key.public_key() == mine.public_key()
    assert above.subject == above.issuer
    assert mine.not_valid_after_utc <= above.not_valid_after_utc


def connect(url, trust, secret):
    """The XVP viewer's CONNECT with that token: the first line of the answer, and what follows."""
    at = urllib.parse.urlsplit(url)
    with contextlib.ExitStack() as stack:
        way = stack.enter_context(socket.create_connection((at.hostname, at.port), 60))
        if trust:
            way = stack.enter_context(trust.wrap_socket(way, server_hostname=at.hostname))
        way.sendall(f"CONNECT {at.path}?token={secret} HTTP/1.1\r\n\r\n".encode())
        file = stack.enter_context(way.makefile("rb"))
        status = int(file.readline().split()[1])
        while file.readline().strip():
            continue
        return status, file.read(len(rfb.VERSION)) if status == 200 else b""


def test_a_java_viewer_with_a_false_token_is_refused(cloud, servers, trust):
    url = url_of(cloud, servers[0], "xvpvnc")
    assert connect(url, trust, "0" * 36)[0] in REFUSED


def test_a_java_viewers_token_leads_to_the_guest(cloud, servers, trust):
    url = url_of(cloud, servers[0], "xvpvnc")
    assert connect(url, trust, secret_of(url)) == (200, rfb.VERSION)


def test_a_line_by_the_serial_port_is_answered_by_the_guest(cloud, servers, trust):
    client = None
    got = b""

    def enter():
        """One talks to the port at a time: who came before may be leaving."""
        nonlocal client
        client = SecureClient(url_of(cloud, servers[0], "serial"), trust, QUIET_S)
        return client.status == 101

    def is_answered():
        """A guest that is still starting hears nothing: so it is told again."""
        nonlocal got
        client.send(b"\recho by-$((6 * 7))\r")
        with contextlib.suppress(TimeoutError):
            while b"by-42\r\n" not in got:
                more = client.read(1)
                assert more, got
                got += more
        return b"by-42\r\n" in got

    assert wait_for(enter, 120, 1), client.head
    try:
        assert wait_for(is_answered, 300, 1), got
    finally:
        client.close()
