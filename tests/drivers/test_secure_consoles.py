# SPDX-License-Identifier: Apache-2.0
"""A real QEMU whose SPICE and serial ports listen with TLS alone: who comes in, who not, and guests that move."""

import contextlib
import dataclasses
import datetime as dt
import re
import socket
import ssl
import struct
from pathlib import Path

import pytest
from fixtures import tiny_guest
from fixtures.console_stage import WebClient, one_test, stage
from fixtures.libvirtd import PrivateLibvirt
from fixtures.pki import Pki
from fixtures.secure_libvirt import fill, secure_libvirt, settings, trust

from nova_appliance.cert import signing
from nova_appliance.common import clock, ids
from nova_appliance.common.clock import wait_for
from nova_appliance.console import tls
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.libvirt.lifecycle import NoSecureConsole
from nova_appliance.virt.settings import LiveSettings

IMAGE = ids.new_id()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    for name in ("qemu", "proxy", "thief"):
        made.host(name, "127.0.0.1")
    made.revoke("thief")
    made.host("qemu", "127.0.0.1")  # its list has the thief from here on
    return made


@pytest.fixture(scope="module")
def libvirts(pki):
    with contextlib.ExitStack() as stack:
        made = [secure_libvirt(pki), secure_libvirt(pki)]
        for one in made:
            stack.callback(one.stop)
            one.start()
        yield made


def opened(libvirtd, **changes):
    told = dataclasses.replace(
        settings(libvirtd), uri_for_others=libvirtd.uri_for_others,
        live=LiveSettings(migrate_to="tcp://127.0.0.1"), **changes,
    )  # fmt: skip
    driver = registry.load("libvirt", told)
    driver.images.store(IMAGE, [tiny_guest.answering_image()], ImageExpected(disk_format="raw"))
    return driver


def make(number):
    return Guest(
        server_id=ids.new_id(), name=f"instance-{number:08x}", display_name="secure",
        project_id="p", user_id="u", flavor_name="m1.tiny", vcpus=1, memory_mib=32,
        disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def hosts(libvirts):
    """Two hosts, each as its nova-compute opens it with the options and without."""
    made = [
        {way: opened(one, spice_secure=way, serial_secure=way) for way in (False, True)}
        for one in libvirts
    ]
    yield made
    for host in made:
        for driver in host.values():
            driver.close()


@pytest.fixture
def start(hosts):
    """Starts a guest by a driver; gone afterwards, wherever it is."""
    guests = []

    def begin(driver):
        guest = make(len(guests))
        guests.append(guest)
        driver.disks.create(guest)
        driver.lifecycle.start_new(guest)
        return guest

    yield begin
    for guest in guests:
        for host in hosts:
            host[True].lifecycle.destroy(guest.server_id)
            host[True].disks.remove(guest.server_id)


def listening(guest):
    """Ports on which the guest's QEMU listens."""
    (pid,) = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if guest.server_id.encode() in read(path) and b"qemu-system" in read(path)
    ]
    inodes = {
        found[1]
        for fd in (Path("/proc") / pid / "fd").iterdir()
        if (found := re.match(r"socket:\[(\d+)\]", link(fd)))
    }
    rows = [line.split() for line in (Path("/proc") / pid / "net/tcp").read_text().splitlines()[1:]]
    return {
        int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes
    }


def read(path):
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def link(fd):
    with contextlib.suppress(OSError):
        return str(fd.readlink())
    return ""


def place(driver, guest, device="spice"):
    return driver.consoles.address(guest.server_id, device)


def speaks_tls(driver, guest, pki):
    address = place(driver, guest)
    with (
        socket.create_connection((address.host, address.tls_port), 60) as plain,
        tls.towards(str(pki.root)).wrap_socket(plain, server_hostname=address.host) as inside,
    ):
        return inside.version() >= "TLSv1.2"


def move(source, target, guest):
    passport = source.live.passport(guest, Journey(source="h1", target="h2"))
    welcome = target.live.admit(guest, passport, shared=False)
    source.live.go(guest, welcome, lambda _progress: None)


def trusting(pki, who="proxy"):
    files = [str(pki.folder / who / name) for name in ("cert.pem", "key.pem")] if who else []
    return tls.towards(str(pki.root), *files)


def answers(connection):
    """Whether the guest answers what is typed; one that is still starting hears nothing."""
    connection.settimeout(5)

    def heard():
        connection.sendall(b"a")
        with contextlib.suppress(TimeoutError):
            return b"b" in connection.recv(4096)
        return False

    return wait_for(heard, 120)


def serial_answers(driver, guest, context=None):
    """Whether the guest answers at its serial port, by TLS or not."""
    address = place(driver, guest, "serial")
    with socket.create_connection((address.host, address.tls_port or address.port), 60) as plain:
        assert bool(address.tls_port) == (context is not None)
        if context is None:
            return answers(plain)
        with context.wrap_socket(plain, server_hostname=address.host) as inside:
            return answers(inside)


def heard(address, context):
    """What is said to somebody who types; QEMU hangs up on whom it refuses."""
    with contextlib.ExitStack() as stack:
        way = socket.create_connection((address.host, address.tls_port), 60)
        way = stack.enter_context(way)
        try:
            if context is not None:
                way = stack.enter_context(context.wrap_socket(way, server_hostname=address.host))
            way.sendall(b"a" * 64)
            return way.recv(64)
        except (ssl.SSLError, ConnectionError):
            return b""


def test_there_are_no_plain_ports(hosts, start, pki):
    driver = hosts[0][True]
    guest = start(driver)
    spice, serial = place(driver, guest), place(driver, guest, "serial")
    assert (spice.port, serial.port) == (0, 0)
    screen = place(driver, guest, "vnc").port
    assert listening(guest) == {screen, spice.tls_port, serial.tls_port}
    assert speaks_tls(driver, guest, pki)


def test_a_serial_port_is_for_who_has_a_good_certificate(hosts, start, pki, tmp_path):
    """Not for nobody's, another authority's, a revoked one, or words without TLS; they do not keep it busy."""
    driver = hosts[0][True]
    guest = start(driver)
    address = place(driver, guest, "serial")
    strangers = Pki(tmp_path).begin()
    strangers.host("proxy", "127.0.0.1")
    foreign = trusting(strangers)
    foreign.load_verify_locations(str(pki.root))
    assert serial_answers(driver, guest, trusting(pki))  # it has started, so silence is no excuse
    for context in (trusting(pki, ""), trusting(pki, "thief"), foreign, None):
        assert heard(address, context) == b""
    assert serial_answers(driver, guest, trusting(pki))


def test_the_proxy_comes_in_and_administrators_see_the_port_with_tls(hosts, start, pki, tmp_path):
    driver = hosts[0][True]
    guest = start(driver)
    with stage(tmp_path) as made, one_test(made) as one:
        one.driver = driver
        trust(one.cloud.conf, pki)
        server = one.add_server(id=guest.server_id)
        proxy = one.proxy("nova-spicehtml5proxy")
        client = WebClient(proxy.port, f"/?token={one.secret(server, 'spice-html5')}")
        # SpiceLinkHeader and SpiceLinkMess of protocol 2.2, the main channel, no capabilities
        message = struct.pack("<IBBIII", 0, 1, 0, 0, 0, 18)
        client.send(b"REDQ" + struct.pack("<III", 2, 2, len(message)) + message)
        assert client.read(4)[:4] == b"REDQ"
        client.close()
        assert wait_for(lambda: proxy.sessions.count() == 0, 60)


@pytest.mark.parametrize("secure", [True, False])
def test_the_proxy_knows_of_each_guest_whether_its_serial_port_wants_tls(
    hosts, start, pki, tmp_path, secure
):
    driver = hosts[0][secure]
    guest = start(driver)
    with stage(tmp_path) as made, one_test(made) as one:
        one.driver = driver
        trust(one.cloud.conf, pki)
        server = one.add_server(id=guest.server_id)
        proxy = one.proxy("nova-serialproxy")
        client = WebClient(proxy.port, f"/?token={one.secret(server, 'serial')}", 5)
        assert wait_for(lambda: is_answered(client), 120)
        client.socket.settimeout(60)
        client.send(b"cegik")  # a line at once, of which QEMU takes a byte at a time
        got = b""
        while not got.endswith(b"dfhjl"):
            more = client.read(1)
            assert more, got
            got += more
        client.close()
        assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def is_answered(client):
    client.send(b"a")
    with contextlib.suppress(TimeoutError):
        return client.read(1) == b"b"
    return False


def test_a_guest_of_before_keeps_its_plain_ports_until_it_starts_anew(hosts, start, pki):
    before, after = hosts[0][False], hosts[0][True]
    guest = start(before)
    address = place(after, guest)
    assert {address.port, address.tls_port} <= listening(guest)
    assert serial_answers(after, guest)
    after.power.reboot_hard(guest)
    assert place(after, guest).port == 0
    assert speaks_tls(after, guest, pki)
    assert serial_answers(after, guest, trusting(pki))


def test_a_guest_that_slept_wants_what_it_wanted_before(hosts, start, pki):
    driver = hosts[0][True]
    guest = start(driver)
    assert serial_answers(driver, guest, trusting(pki))
    driver.suspension.suspend(guest.server_id)
    driver.suspension.resume(guest)
    assert place(driver, guest).port == 0
    assert serial_answers(driver, guest, trusting(pki))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_live_migration_gives_it_what_the_target_wants(hosts, start, pki, wanted):
    """A host without the option may be one of the release before, or one whose QEMU has no TLS."""
    source, target = hosts[0][not wanted], hosts[1][wanted]
    guest = start(source)
    assert (place(source, guest).port == 0) is not wanted
    assert serial_answers(source, guest, None if wanted else trusting(pki))
    move(source, target, guest)
    for _ in range(2):
        assert (place(target, guest).port == 0) is wanted
        assert speaks_tls(target, guest, pki)
        assert serial_answers(target, guest, trusting(pki) if wanted else None)
        target.power.reboot_hard(guest)


def test_a_guest_that_outlives_its_revocation_list_lets_the_same_in(hosts, libvirts, start, pki):
    """QEMU reads the list when the guest starts, and never again."""
    place_of_qemu = pki.folder / "qemu" / "ca-crl.pem"
    now = clock.SYSTEM.now()
    lasts = signing.Life(now - dt.timedelta(days=9), now - dt.timedelta(days=8))
    revoked = pki.authority.find(name="thief")
    ended = signing.revocation_list(pki.authority.root(), revoked, 1, lasts)
    fill(libvirts[0], {"ca-crl.pem": signing.to_pem(ended)})
    try:
        guest = start(hosts[0][True])
    finally:
        fill(libvirts[0], {"ca-crl.pem": place_of_qemu.read_text()})
    assert serial_answers(hosts[0][True], guest, trusting(pki))
    address = place(hosts[0][True], guest, "serial")
    assert heard(address, trusting(pki, "thief")) == b""
    assert serial_answers(hosts[0][True], guest, trusting(pki))


OPTIONS = {"spice_secure": False, "serial_secure": False}


@pytest.mark.parametrize(
    ("option", "sentence"),
    [("spice_secure", "spice_tls = 1"), ("serial_secure", "default_tls_x509_cert_dir")],
)
def test_a_qemu_conf_without_tls_is_told_in_a_sentence(option, sentence):
    libvirtd = PrivateLibvirt()
    try:
        driver, guest = opened(libvirtd.start(), **(OPTIONS | {option: True})), make(1)
        driver.disks.create(guest)
        with pytest.raises(NoSecureConsole, match=sentence):
            driver.lifecycle.start_new(guest)
        assert driver.lifecycle.find(guest.server_id) is None
        driver.close()
    finally:
        libvirtd.stop()
