# SPDX-License-Identifier: Apache-2.0
"""What every driver keeps of virt.driver.Lifecycle and Power."""

import concurrent.futures

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import NoSuchDisks, NoSuchGuest


def test_a_started_guest_runs_and_is_found(bench):
    guest = bench.guest()
    seen = bench.driver.lifecycle.start_new(guest)
    assert (seen.server_id, seen.name, seen.power_state) == (
        guest.server_id,
        guest.name,
        PowerState.RUNNING,
    )
    assert bench.see(guest) == seen
    assert bench.driver.lifecycle.list_() == (seen,)


def test_starting_twice_keeps_one_guest(bench):
    guest = bench.started()
    again = bench.driver.lifecycle.start_new(guest)
    assert again.power_state == PowerState.RUNNING
    assert bench.driver.lifecycle.list_() == (again,)


def test_parallel_starts_each_give_one_guest(bench):
    guests = [bench.guest() for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(bench.driver.lifecycle.start_new, guests * 2))
    assert {s.power_state for s in seen} == {PowerState.RUNNING}
    assert {s.server_id for s in seen} == {guest.server_id for guest in guests}
    assert len(bench.driver.lifecycle.list_()) == 3


def test_start_new_starts_a_guest_that_is_off(bench):
    guest = bench.started()
    bench.driver.power.off(guest.server_id, 0)
    assert bench.driver.lifecycle.start_new(guest).power_state == PowerState.RUNNING


def test_guests_are_listed_by_server_id_running_or_not(bench):
    guests = [bench.started() for _ in range(2)]
    bench.driver.power.off(guests[0].server_id, 0)
    listed = bench.driver.lifecycle.list_()
    assert [seen.server_id for seen in listed] == sorted(guest.server_id for guest in guests)
    assert {s.server_id: s.power_state for s in listed}[guests[0].server_id] == PowerState.SHUTDOWN


def test_a_destroyed_guest_is_gone_and_may_be_destroyed_again(bench):
    guest = bench.started()
    bench.driver.lifecycle.destroy(guest.server_id)
    bench.driver.lifecycle.destroy(guest.server_id)
    assert bench.see(guest) is None
    assert bench.driver.lifecycle.list_() == ()


def test_destroying_takes_a_guest_that_is_off(bench):
    guest = bench.started()
    bench.driver.power.off(guest.server_id, 0)
    bench.driver.lifecycle.destroy(guest.server_id)
    assert bench.see(guest) is None


def test_what_was_never_there_is_not_found_and_can_be_destroyed(bench):
    server_id = ids.new_id()
    assert bench.driver.lifecycle.find(server_id) is None
    bench.driver.lifecycle.destroy(server_id)


def test_a_guest_without_disks_does_not_start_and_leaves_nothing(full_bench):
    guest = full_bench.bare_guest()
    with pytest.raises(NoSuchDisks):
        full_bench.driver.lifecycle.start_new(guest)
    assert full_bench.see(guest) is None


def test_power_goes_off_and_on(bench):
    guest = bench.started()
    bench.driver.power.off(guest.server_id, 20)
    assert bench.see(guest).power_state == PowerState.SHUTDOWN
    bench.driver.power.off(guest.server_id, 20)
    bench.driver.power.on(guest)
    assert bench.see(guest).power_state == PowerState.RUNNING
    bench.driver.power.on(guest)
    assert bench.see(guest).power_state == PowerState.RUNNING


def test_power_on_defines_a_guest_that_the_hypervisor_forgot(bench):
    guest = bench.guest()
    bench.driver.power.on(guest)
    assert bench.see(guest).power_state == PowerState.RUNNING


def test_the_plug_is_pulled_at_once_when_no_time_is_given(bench):
    guest = bench.started()
    bench.driver.power.off(guest.server_id, 0)
    assert bench.see(guest).power_state == PowerState.SHUTDOWN


def test_a_hard_reboot_ends_running_whatever_was_before(bench):
    guest = bench.guest()
    for _ in ("forgotten", "running"):
        bench.driver.power.reboot_hard(guest)
        assert bench.see(guest).power_state == PowerState.RUNNING
    bench.driver.power.off(guest.server_id, 0)
    bench.driver.power.reboot_hard(guest)
    assert bench.see(guest).power_state == PowerState.RUNNING


def test_a_soft_reboot_of_a_guest_that_is_off_says_no(bench):
    guest = bench.started()
    bench.driver.power.off(guest.server_id, 0)
    assert bench.driver.power.reboot_soft(guest.server_id, 20) is False
    assert bench.see(guest).power_state == PowerState.SHUTDOWN


def test_power_of_an_unknown_guest_is_refused(bench):
    server_id = ids.new_id()
    with pytest.raises(NoSuchGuest):
        bench.driver.power.off(server_id, 1)
    with pytest.raises(NoSuchGuest):
        bench.driver.power.reboot_soft(server_id, 1)
