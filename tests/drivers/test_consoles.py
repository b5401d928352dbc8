# SPDX-License-Identifier: Apache-2.0
"""Where consoles are: the same promises from every driver that has them."""

import io
import socket

import pytest
from PIL import Image

from nova_appliance.common import errors, ids
from nova_appliance.compute import pictures
from nova_appliance.virt.driver import NoSuchConsole, NoSuchGuest, NotRunning


def test_a_running_guest_has_a_vnc_console(full_bench):
    guest = full_bench.started()
    address = full_bench.driver.consoles.address(guest.server_id, "vnc")
    assert address.host == "127.0.0.1"
    assert 0 < address.port < 65536
    assert full_bench.driver.consoles.address(guest.server_id, "vnc") == address


def test_two_guests_have_two_consoles(full_bench):
    one, other = full_bench.started(), full_bench.started()
    find = full_bench.driver.consoles.address
    assert find(one.server_id, "vnc") != find(other.server_id, "vnc")


def test_a_guest_that_is_off_has_none(full_bench):
    guest = full_bench.started()
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(NotRunning):
        full_bench.driver.consoles.address(guest.server_id, "vnc")


def test_a_guest_nobody_knows_has_none(full_bench):
    with pytest.raises(NoSuchGuest):
        full_bench.driver.consoles.address(ids.new_id(), "vnc")


def test_a_device_that_no_guest_has_is_refused(full_bench):
    guest = full_bench.started()
    with pytest.raises(NoSuchConsole):
        full_bench.driver.consoles.address(guest.server_id, "mks")


def test_qemu_answers_where_the_driver_says(qemu):
    guest = qemu.started()
    address = qemu.driver.consoles.address(guest.server_id, "vnc")
    with socket.create_connection((address.host, address.port), 5) as screen:
        assert screen.recv(12) == b"RFB 003.008\n"


def test_devices_that_were_not_asked_for_are_not_there(qemu):
    guest = qemu.started()
    for device in ("spice", "serial"):
        with pytest.raises(NoSuchConsole):
            qemu.driver.consoles.address(guest.server_id, device)


def test_a_running_guest_shows_its_screen(full_bench):
    guest = full_bench.started()
    made = pictures.to_jpeg(full_bench.driver.consoles.screenshot(guest.server_id))
    with Image.open(io.BytesIO(made)) as shown:
        assert (shown.format, shown.mode) == ("JPEG", "RGB")
        assert shown.width * shown.height > 0
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(NotRunning):
        full_bench.driver.consoles.screenshot(guest.server_id)
    with pytest.raises(NoSuchGuest):
        full_bench.driver.consoles.screenshot(ids.new_id())


def test_what_is_no_picture_is_told_so():
    for junk in (b"", b"P6 99999 99999 255\n", b"GIF89a"):
        with pytest.raises(errors.Unavailable):
            pictures.to_jpeg(junk)
