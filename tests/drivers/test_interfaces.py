# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Interfaces."""

import subprocess

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest import Vif
from nova_appliance.virt.driver import DeviceHeld


@pytest.fixture(scope="module")
def bridge():
    name = "ti" + ids.new_id()[:8]
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    yield name
    subprocess.run(["ip", "link", "delete", name], check=True)


@pytest.fixture
def vif(bridge):
    return Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:99", bridge=bridge)


def test_a_port_joins_a_running_guest_once(full_bench, vif):
    guest, cards = full_bench.started(), full_bench.driver.interfaces
    assert cards.plugged(guest.server_id) == frozenset()
    for _ in range(2):
        cards.attach(guest.server_id, vif)
        assert cards.plugged(guest.server_id) == {vif.mac}
    full_bench.driver.power.off(guest.server_id, 0)
    assert cards.plugged(guest.server_id) == {vif.mac}


def test_a_port_joins_and_leaves_a_guest_that_is_off(full_bench, vif):
    guest, cards = full_bench.started(), full_bench.driver.interfaces
    full_bench.driver.power.off(guest.server_id, 0)
    cards.attach(guest.server_id, vif)
    assert cards.plugged(guest.server_id) == {vif.mac}
    for _ in range(2):
        cards.detach(guest.server_id, vif)
        assert cards.plugged(guest.server_id) == frozenset()


def test_a_guest_that_nobody_knows_needs_nothing(full_bench, vif):
    cards, stranger = full_bench.driver.interfaces, ids.new_id()
    cards.attach(stranger, vif)
    cards.detach(stranger, vif)
    assert cards.plugged(stranger) == frozenset()


def test_a_port_that_is_not_plugged_is_no_card(full_bench):
    guest = full_bench.started()
    none = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:98", kind="none")
    full_bench.driver.interfaces.attach(guest.server_id, none)
    full_bench.driver.interfaces.detach(guest.server_id, none)
    assert full_bench.driver.interfaces.plugged(guest.server_id) == frozenset()


def test_a_guest_that_does_not_let_go_keeps_the_card(qemu, vif):
    """The tiny guest has no driver that could let go."""
    guest = qemu.started(vifs=(vif,))
    hasty = type(qemu.driver.interfaces)(
        qemu.driver.interfaces.connection, qemu.driver.interfaces.starter, tries=2, each_s=0.3
    )
    with pytest.raises(DeviceHeld, match=vif.port_id):
        hasty.detach(guest.server_id, vif)
    assert hasty.plugged(guest.server_id) == {vif.mac}
    qemu.driver.power.off(guest.server_id, 0)
    assert hasty.plugged(guest.server_id) == frozenset()
