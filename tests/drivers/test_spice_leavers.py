# SPDX-License-Identifier: Apache-2.0
"""People leave a real guest's SPICE in every bad way, at every point: the guest goes on.

QEMU's SPICE dies when a display's client goes amid its first words; the proxy sees to it that none does.
"""

import contextlib
import random

import pytest
from fixtures import tiny_guest
from fixtures.console_stage import WebClient, one_test, stage
from fixtures.pki import Pki
from fixtures.secure_libvirt import secure_libvirt, settings, trust
from fixtures.spice_client import (
    AUTH_SELECTION,
    CURSOR,
    DISPLAY,
    INPUTS,
    MAIN,
    MINI_HEADER,
    Channel,
)

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected

ROUNDS = 12
"""Of each way to leave; without the proxy's care a guest dies of the first display that is left amid its
first words."""
SOON_S = 20
"""Less than the half minute that QEMU gives a display."""
WAYS = {
    "resets": Channel.reset,
    "closes": Channel.close,
    "half closes": Channel.half_close,
}
STEPS = ("link", "show_ticket", "begin", "hear")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    for name in ("qemu", "proxy"):
        made.host(name, "127.0.0.1")
    return made


@pytest.fixture(scope="module")
def driver(pki):
    libvirtd = secure_libvirt(pki)
    try:
        libvirtd.start()
        made = registry.load("libvirt", settings(libvirtd))
        yield made
        made.close()
    finally:
        libvirtd.stop()


@pytest.fixture(scope="module")
def guest(driver):
    """It counts on its serial port for as long as it runs."""
    image_id = ids.new_id()
    driver.images.store(image_id, [tiny_guest.counting_image()], ImageExpected(disk_format="raw"))
    made = Guest(
        server_id=ids.new_id(), name="instance-00000001", display_name="counts", project_id="p",
        user_id="u", flavor_name="m1.tiny", vcpus=1, memory_mib=32,
        disks=(Disk(name="disk", size_gib=1, image_id=image_id),),
    )  # fmt: skip
    driver.disks.create(made)
    driver.lifecycle.start_new(made)
    yield made
    driver.lifecycle.destroy(made.server_id)


@pytest.fixture
def consoles(tmp_path, driver, pki):
    with stage(tmp_path) as made, one_test(made) as one:
        one.driver = driver
        trust(one.cloud.conf, pki)
        yield one


@pytest.fixture
def channels(consoles, guest):
    """Opens channels through a proxy that goes to QEMU by TLS."""
    server = consoles.add_server(id=guest.server_id)
    assert consoles.driver.consoles.address(server.id, "spice").tls_port
    proxy = consoles.proxy("nova-spicehtml5proxy")
    secret = consoles.secret(server, "spice-html5")

    def open_(kind, session=0, capabilities=AUTH_SELECTION | MINI_HEADER):
        client = WebClient(proxy.port, f"/?token={secret}", SOON_S)
        return Channel(client, kind, session, capabilities)

    yield open_
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def count(driver, guest):
    """How far it has counted."""
    lines = driver.consoles.output(guest.server_id, 64).split(b"\n")
    return int(lines[-2], 16) if len(lines) > 2 else 0


def goes_on(driver, guest):
    before = count(driver, guest)
    return wait_for(lambda: count(driver, guest) > before, 60, 0.05)


def whole_session(channels, **how):
    """The channels that a page opens, each as far as its first message."""
    main = channels(MAIN, **how).link().show_ticket().begin()
    others = [channels(kind, main.session, **how) for kind in (DISPLAY, INPUTS, CURSOR)]
    return [main, *(other.link().show_ticket().begin() for other in others)]


@pytest.mark.parametrize("capabilities", [AUTH_SELECTION | MINI_HEADER, None])
def test_a_display_draws_for_clients_of_both_headers(channels, driver, guest, capabilities):
    opened = whole_session(channels, capabilities=capabilities)
    for _ in range(3):
        opened[1].hear()
    for channel in opened:
        channel.close()
    assert goes_on(driver, guest)


@pytest.mark.parametrize("way", WAYS)
def test_whoever_leaves_a_whole_session_leaves_the_guest_running(channels, driver, guest, way):
    chance = random.Random(way)
    for _ in range(ROUNDS):
        opened = whole_session(channels)
        chance.shuffle(opened)
        for channel in opened:
            WAYS[way](channel)
            if way == "half closes":
                channel.close()
        assert goes_on(driver, guest)


@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("way", ["resets", "closes"])
def test_whoever_leaves_a_display_at_any_word_leaves_the_guest_running(
    channels, driver, guest, way, step
):
    for _ in range(ROUNDS // 3):
        main = channels(MAIN).link().show_ticket().begin()
        display = channels(DISPLAY, main.session)
        for name in STEPS[:step]:
            getattr(display, name)()
        WAYS[way](display)
        main.close()
        assert goes_on(driver, guest)


def test_a_display_that_is_never_begun_does_not_hold_the_next_one_up(channels, driver, guest):
    """QEMU would wait half a minute for it, and draw for nobody meanwhile."""
    main = channels(MAIN).link().show_ticket().begin()
    silent = channels(DISPLAY, main.session).link().show_ticket()
    with contextlib.closing(channels(DISPLAY, main.session)) as other:
        other.link().show_ticket().begin().hear()
    silent.close()
    main.close()
    assert goes_on(driver, guest)
