# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Suspension."""

import pytest
from fixtures import tiny_guest

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import CannotNow, NoSuchGuest


def power(bench, guest):
    return bench.see(guest).power_state


def said(bench, guest):
    return bench.driver.consoles.output(guest.server_id, 4096)


def test_a_paused_guest_is_held_and_goes_on(full_bench):
    guest, suspension = full_bench.started(), full_bench.driver.suspension
    for _ in range(2):
        suspension.pause(guest.server_id)
        assert power(full_bench, guest) == PowerState.PAUSED
    for _ in range(2):
        suspension.unpause(guest.server_id)
        assert power(full_bench, guest) == PowerState.RUNNING


def test_a_suspended_guest_is_off_and_goes_on_where_it_was(full_bench):
    guest, suspension = full_bench.started(), full_bench.driver.suspension
    for _ in range(2):
        suspension.suspend(guest.server_id)
        assert power(full_bench, guest) == PowerState.SHUTDOWN
    for _ in range(2):
        suspension.resume(guest)
        assert power(full_bench, guest) == PowerState.RUNNING


def test_a_real_guest_does_not_boot_again_when_it_is_resumed(qemu):
    guest = qemu.started()
    assert wait_for(lambda: said(qemu, guest).count(tiny_guest.SAYS) == 1, 60)
    qemu.driver.suspension.suspend(guest.server_id)
    another = qemu.open_another()
    another.suspension.resume(guest)
    another.close()
    assert power(qemu, guest) == PowerState.RUNNING
    qemu.driver.power.off(guest.server_id, 20)
    assert said(qemu, guest).count(tiny_guest.SAYS) == 1
    qemu.driver.power.on(guest)
    assert wait_for(lambda: said(qemu, guest).count(tiny_guest.SAYS) == 2, 60)


def test_the_memory_of_a_suspended_guest_is_dropped_by_a_hard_reboot(qemu):
    guest = qemu.started()
    assert wait_for(lambda: said(qemu, guest).count(tiny_guest.SAYS) == 1, 60)
    qemu.driver.suspension.suspend(guest.server_id)
    qemu.driver.power.reboot_hard(guest)
    assert wait_for(lambda: said(qemu, guest).count(tiny_guest.SAYS) == 2, 60)


def test_a_suspended_guest_is_destroyed_with_its_memory(full_bench):
    guest = full_bench.started()
    full_bench.driver.suspension.suspend(guest.server_id)
    full_bench.driver.lifecycle.destroy(guest.server_id)
    assert full_bench.see(guest) is None


def test_a_guest_without_saved_memory_is_resumed_by_a_start(full_bench):
    guest = full_bench.guest()
    full_bench.driver.suspension.resume(guest)
    assert power(full_bench, guest) == PowerState.RUNNING


def test_a_guest_that_is_off_is_neither_held_nor_saved_nor_interrupted(full_bench):
    guest, suspension = full_bench.started(), full_bench.driver.suspension
    full_bench.driver.power.off(guest.server_id, 0)
    for deed in ("pause", "unpause", "suspend", "interrupt"):
        with pytest.raises(CannotNow):
            getattr(suspension, deed)(guest.server_id)
        with pytest.raises(NoSuchGuest):
            getattr(suspension, deed)(ids.new_id())


def test_an_interrupt_reaches_a_running_guest(full_bench):
    guest = full_bench.started()
    full_bench.driver.suspension.interrupt(guest.server_id)
    assert full_bench.see(guest) is not None
