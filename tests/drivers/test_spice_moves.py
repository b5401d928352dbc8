# SPDX-License-Identifier: Apache-2.0
"""A running guest shows SPICE the certificate of its start, until it moves to another host or starts anew."""

import contextlib
import dataclasses
import socket

import pytest
from fixtures import tiny_guest
from fixtures.pki import Pki
from fixtures.secure_libvirt import FILES, fill, secure_libvirt, settings, tell_guests

from nova_appliance.common import ids
from nova_appliance.console import tls
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.settings import LiveSettings

IMAGE = ids.new_id()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    made.host("qemu", "127.0.0.1")
    return made


@pytest.fixture(scope="module")
def libvirts(pki):
    """Two, with a copy each of one host's certificate."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(2):
            made.append(secure_libvirt(pki))
            stack.callback(made[-1].stop)
            made[-1].start()
        yield made


@pytest.fixture(scope="module")
def drivers(libvirts):
    made = []
    for libvirtd in libvirts:
        told = dataclasses.replace(
            settings(libvirtd), uri_for_others=libvirtd.uri_for_others, serial_listen="",
            live=LiveSettings(migrate_to="tcp://127.0.0.1"),
        )  # fmt: skip
        made.append(registry.load("libvirt", told))
        expected = ImageExpected(disk_format="raw")
        made[-1].images.store(IMAGE, [tiny_guest.counting_image()], expected)
    yield made
    for driver in made:
        driver.close()


@pytest.fixture
def guest(drivers):
    made = Guest(
        server_id=ids.new_id(), name="instance-00000001", display_name="moves", project_id="p",
        user_id="u", flavor_name="m1.tiny", vcpus=1, memory_mib=32,
        disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),),
    )  # fmt: skip
    drivers[0].disks.create(made)
    drivers[0].lifecycle.start_new(made)
    yield made
    for driver in drivers:
        driver.lifecycle.destroy(made.server_id)
        driver.disks.remove(made.server_id)


def shown(driver, guest, pki):
    """The serial number at the guest's SPICE."""
    address = driver.consoles.address(guest.server_id, "spice")
    assert address.tls_port
    context = tls.towards(str(pki.root))
    with (
        socket.create_connection((address.host, address.tls_port), 60) as plain,
        context.wrap_socket(plain, server_hostname=address.host) as inside,
    ):
        return inside.getpeercert()["serialNumber"]


def renew(pki, libvirts):
    """As hosts do: new files, and QEMU is told."""
    pki.renew("qemu")
    for libvirtd in libvirts:
        fill(libvirtd, {file: (pki.folder / "qemu" / file).read_text() for file in FILES})
        assert "error" not in tell_guests(libvirtd)


def test_a_live_migration_lets_a_guest_show_the_renewed_certificate(drivers, libvirts, guest, pki):
    source, target = drivers
    before = shown(source, guest, pki)
    renew(pki, libvirts)
    assert shown(source, guest, pki) == before
    passport = source.live.passport(guest, Journey(source="h1", target="h2"))
    welcome = target.live.admit(guest, passport, shared=False)
    source.live.go(guest, welcome, lambda _progress: None)
    assert shown(target, guest, pki) != before


def test_a_hard_reboot_does_too(drivers, libvirts, guest, pki):
    before = shown(drivers[0], guest, pki)
    renew(pki, libvirts)
    assert shown(drivers[0], guest, pki) == before
    drivers[0].power.reboot_hard(guest)
    assert shown(drivers[0], guest, pki) != before
