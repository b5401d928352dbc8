# SPDX-License-Identifier: Apache-2.0
"""A real QEMU whose SPICE listens with TLS alone: no plain port, the proxy comes in, guests move both ways."""

import contextlib
import dataclasses
import re
import socket
import struct
from pathlib import Path

import pytest
from fixtures import tiny_guest
from fixtures.console_stage import WebClient, one_test, stage
from fixtures.libvirtd import PrivateLibvirt
from fixtures.pki import Pki
from fixtures.secure_libvirt import secure_libvirt, settings, trust

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.console import tls
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.libvirt.lifecycle import NoSecureSpice
from nova_appliance.virt.settings import LiveSettings

IMAGE = ids.new_id()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    for name in ("qemu", "proxy"):
        made.host(name, "127.0.0.1")
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
        settings(libvirtd), uri_for_others=libvirtd.uri_for_others, serial_listen="",
        live=LiveSettings(migrate_to="tcp://127.0.0.1"), **changes,
    )  # fmt: skip
    driver = registry.load("libvirt", told)
    driver.images.store(IMAGE, [tiny_guest.counting_image()], ImageExpected(disk_format="raw"))
    return driver


def make(number):
    return Guest(
        server_id=ids.new_id(), name=f"instance-{number:08x}", display_name="secure",
        project_id="p", user_id="u", flavor_name="m1.tiny", vcpus=1, memory_mib=32,
        disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def hosts(libvirts):
    """Two hosts, each as its nova-compute opens it with the option and without."""
    made = [{way: opened(one, spice_secure=way) for way in (False, True)} for one in libvirts]
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


def test_spice_has_no_plain_port(hosts, start, pki):
    driver = hosts[0][True]
    guest = start(driver)
    address = place(driver, guest)
    assert address.port == 0
    screen = place(driver, guest, "vnc").port
    assert listening(guest) == {screen, address.tls_port}
    assert speaks_tls(driver, guest, pki)


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


def test_a_guest_of_before_keeps_its_plain_port_until_it_starts_anew(hosts, start, pki):
    before, after = hosts[0][False], hosts[0][True]
    guest = start(before)
    address = place(after, guest)
    assert {address.port, address.tls_port} <= listening(guest)
    after.power.reboot_hard(guest)
    assert place(after, guest).port == 0
    assert speaks_tls(after, guest, pki)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_live_migration_gives_it_what_the_target_wants(hosts, start, pki, wanted):
    """A host without the option may be one of the release before, or one whose QEMU has no TLS."""
    source, target = hosts[0][not wanted], hosts[1][wanted]
    guest = start(source)
    assert (place(source, guest).port == 0) is not wanted
    move(source, target, guest)
    assert (place(target, guest).port == 0) is wanted
    assert speaks_tls(target, guest, pki)
    target.power.reboot_hard(guest)
    assert (place(target, guest).port == 0) is wanted


def test_a_qemu_conf_without_tls_is_told_in_a_sentence():
    libvirtd = PrivateLibvirt()
    try:
        driver, guest = opened(libvirtd.start(), spice_secure=True), make(1)
        driver.disks.create(guest)
        with pytest.raises(NoSecureSpice, match="spice_tls = 1"):
            driver.lifecycle.start_new(guest)
        assert driver.lifecycle.find(guest.server_id) is None
        driver.close()
    finally:
        libvirtd.stop()
