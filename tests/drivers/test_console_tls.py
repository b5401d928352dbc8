# SPDX-License-Identifier: Apache-2.0
"""A real QEMU whose screens ask for certificates: whom it refuses, and how proxies come in."""

import datetime as dt
import socket
import ssl
import struct

import msgspec
import pytest
from fixtures.console_stage import WebClient, one_test, stage
from fixtures.pki import Pki
from fixtures.secure_libvirt import FILES, fill, secure_libvirt, tell_guests, trust

from nova_appliance.cert import signing
from nova_appliance.common import clock
from nova_appliance.common.clock import wait_for
from nova_appliance.console import rfb, tls
from nova_appliance.virt import registry
from nova_appliance.virt.settings import VirtSettings


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    for name in ("proxy", "thief"):
        made.host(name, "127.0.0.1")
    made.revoke("thief")
    made.host("qemu", "127.0.0.1", uses=("server",))
    return made


@pytest.fixture(scope="module")
def libvirtd(pki):
    made = secure_libvirt(pki)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def guest(libvirtd, bench_of):
    settings = VirtSettings(
        host="qemu-host", state_dir=libvirtd.folder / "servers", uri=libvirtd.uri,
        virt_type="qemu", spice_listen="127.0.0.1",
    )  # fmt: skip
    bench = bench_of(lambda: registry.load("libvirt", settings), libvirtd.folder / "servers")
    yield bench, bench.started()
    bench.clean()
    bench.driver.close()


@pytest.fixture
def screen(guest):
    """A plain connection to the screen of the guest."""
    bench, made = guest
    address = bench.driver.consoles.address(made.server_id, "vnc")
    with socket.create_connection((address.host, address.port), 10) as connection:
        yield connection


@pytest.fixture
def consoles(tmp_path, guest, pki):
    with stage(tmp_path) as made, one_test(made) as one:
        one.driver = guest[0].driver
        trust(one.cloud.conf, pki)
        yield one


def test_qemu_offers_nothing_without_certificates(screen):
    with pytest.raises(rfb.NotRfb, match=r"offers security types \[19\]"):
        rfb.enter(screen, "127.0.0.1", ("none",), None)


@pytest.mark.parametrize("who", ["nobody", "stranger", "thief"])
def test_qemu_refuses_who_has_no_good_certificate(screen, pki, tmp_path, who):
    """Nobody's, another authority's, and a revoked one; the proxy's own beside them comes in."""
    places = {"nobody": None, "thief": pki.folder / "thief"}
    if who == "stranger":
        places["stranger"] = Pki(tmp_path).begin().host("stranger", "127.0.0.1")
    place = places[who]
    files = (str(place / "cert.pem"), str(place / "key.pem")) if place else ("", "")
    context = tls.towards(str(pki.root), *files)
    with pytest.raises((ssl.SSLError, ConnectionError)):  # TLS 1.3 tells at the first reading
        rfb.enter(screen, "127.0.0.1", ("vencrypt",), context)


def test_qemu_lets_the_proxy_in(screen, pki):
    place = pki.folder / "proxy"
    context = tls.towards(str(pki.root), str(place / "cert.pem"), str(place / "key.pem"))
    with rfb.enter(screen, "127.0.0.1", ("vencrypt",), context) as inside:
        inside.sendall(b"\1")
        assert min(struct.unpack(">HH", inside.recv(4))) > 0


def test_a_running_guests_screen_takes_the_renewed_certificate_and_list(libvirtd, guest, pki):
    """QEMU knows them from its start until it is told; a list whose time is over counts on."""

    def serial_shown():
        address = guest[0].driver.consoles.address(guest[1].server_id, "vnc")
        mine = [str(pki.folder / "proxy" / name) for name in ("cert.pem", "key.pem")]
        with (
            socket.create_connection((address.host, address.port), 10) as plain,
            rfb.enter(
                plain, "127.0.0.1", ("vencrypt",), tls.towards(str(pki.root), *mine)
            ) as inside,
        ):
            inside.sendall(b"\1")
            assert inside.recv(4)
            return int(inside.getpeercert()["serialNumber"], 16)

    before = serial_shown()
    fill(libvirtd, {"ca-crl.pem": old_list(pki, "proxy")})
    assert serial_shown() == before
    assert "error" not in tell_guests(libvirtd)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        serial_shown()
    pki.renew("qemu")
    fill(libvirtd, {file: (pki.folder / "qemu" / file).read_text() for file in FILES})
    assert "error" not in tell_guests(libvirtd)
    assert serial_shown() != before


def old_list(pki, name):
    """A list that has ended, with that host's certificates."""
    lasts = signing.life(clock.SYSTEM.now() - dt.timedelta(days=9), 1)
    found = [
        msgspec.structs.replace(given, revoked_at=lasts.begins, reason="key_compromise")
        for given in pki.authority.find(name=name)
    ]
    return signing.to_pem(signing.revocation_list(pki.authority.root(), found, 1, lasts))


def test_the_proxy_refuses_a_screen_of_another_name_or_authority(screen, pki, tmp_path):
    place = pki.folder / "proxy"
    mine = (str(place / "cert.pem"), str(place / "key.pem"))
    again = socket.create_connection(screen.getpeername(), 10)
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        rfb.enter(screen, "127.0.0.2", ("vencrypt",), tls.towards(str(pki.root), *mine))
    other = Pki(tmp_path).begin()
    with again, pytest.raises(ssl.SSLCertVerificationError):
        rfb.enter(again, "127.0.0.1", ("vencrypt",), tls.towards(str(other.root), *mine))


def test_a_browsers_client_sees_the_screen_through_the_proxy(consoles, guest):
    server = consoles.add_server(id=guest[1].server_id)
    proxy = consoles.proxy("nova-novncproxy")
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, 'novnc')}")
    assert client.read(12) == rfb.VERSION
    client.send(rfb.VERSION)
    assert client.read(2) == bytes([1, rfb.NONE])
    client.send(bytes([rfb.NONE]) + b"\1")
    assert client.read(4) == bytes(4)
    assert min(struct.unpack(">HH", client.read(4)[:4])) > 0
    client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_a_long_clipboard_arrives_whole(consoles, guest):
    """QEMU takes 4096 bytes at a time, and 7.2 lets the rest of a record of TLS lie."""
    server = consoles.add_server(id=guest[1].server_id)
    proxy = consoles.proxy("nova-novncproxy")
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, 'novnc')}")
    client.read(12)
    client.send(rfb.VERSION)
    client.read(2)
    client.send(bytes([rfb.NONE]) + b"\1")
    said = client.read(4 + 24)
    (size,) = struct.unpack(">I", said[24:28])
    client.read(size - len(said[28:]))
    text = b"x" * 12000
    ask = struct.pack(">BBHHHH", 3, 0, 0, 0, 1, 1)  # for the picture's first point
    client.send(struct.pack(">BxxxI", 6, len(text)) + text + ask)
    assert client.read(1)[:1] == b"\0"
    client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_spice_goes_to_the_port_with_tls(consoles, guest):
    server = consoles.add_server(id=guest[1].server_id)
    address = guest[0].driver.consoles.address(server.id, "spice")
    assert address.tls_port
    context = tls.towards(str(consoles.cloud.conf.spice.ca_certs))
    with socket.create_connection((address.host, address.tls_port), 10) as plain:
        assert context.wrap_socket(plain, server_hostname="127.0.0.1").version() >= "TLSv1.2"
    proxy = consoles.proxy("nova-spicehtml5proxy")
    client = WebClient(proxy.port, f"/?token={consoles.secret(server, 'spice-html5')}")
    # SpiceLinkHeader and SpiceLinkMess of protocol 2.2, the main channel, no capabilities
    message = struct.pack("<IBBIII", 0, 1, 0, 0, 0, 18)
    client.send(b"REDQ" + struct.pack("<III", 2, 2, len(message)) + message)
    assert client.read(4)[:4] == b"REDQ"
    client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)
