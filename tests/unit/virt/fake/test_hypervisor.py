# SPDX-License-Identifier: Apache-2.0
"""What only the fake has: scripted failures, delays, deaf guests, and speed."""

import concurrent.futures
import time

import pytest

from nova_appliance.common import errors, ids
from nova_appliance.common.clock import Clock
from nova_appliance.domain.guest import Disk, Guest, PowerState
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.fake.driver import drive
from nova_appliance.virt.fake.hypervisor import Hypervisor
from nova_appliance.virt.settings import VirtSettings

IMAGE = ids.new_id()


@pytest.fixture
def hypervisor(tmp_path):
    return Hypervisor(VirtSettings(host="h", state_dir=tmp_path))


@pytest.fixture
def driver(hypervisor):
    driver = drive(hypervisor)
    driver.images.store(IMAGE, [b"\0" * 512], ImageExpected(disk_format="raw"))
    return driver


def guest():
    server_id = ids.new_id()
    return Guest(
        server_id=server_id,
        name=f"instance-{server_id[:8]}",
        display_name="s",
        project_id="p",
        user_id="u",
        flavor_name="f",
        vcpus=1,
        memory_mib=64,
        disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),),
    )


def boot(driver, wanted):
    driver.disks.create(wanted)
    return driver.lifecycle.start_new(wanted)


@pytest.mark.parametrize(
    ("operation", "deed"),
    [
        ("create", lambda driver, g: driver.disks.create(g)),
        ("remove", lambda driver, g: driver.disks.remove(g.server_id)),
        ("start_new", lambda driver, g: driver.lifecycle.start_new(g)),
        ("destroy", lambda driver, g: driver.lifecycle.destroy(g.server_id)),
        ("on", lambda driver, g: driver.power.on(g)),
        ("off", lambda driver, g: driver.power.off(g.server_id, 1)),
        ("reboot_soft", lambda driver, g: driver.power.reboot_soft(g.server_id, 1)),
        ("reboot_hard", lambda driver, g: driver.power.reboot_hard(g)),
        ("output", lambda driver, g: driver.consoles.output(g.server_id, 1)),
        ("read", lambda driver, g: driver.inventory.read()),
    ],
)
def test_a_deed_fails_as_often_as_told_and_then_works(hypervisor, driver, operation, deed):
    wanted = guest()
    boot(driver, wanted)
    hypervisor.fail_next(operation, errors.Unavailable("no"), times=2)
    for _ in range(2):
        with pytest.raises(errors.Unavailable, match="no"):
            deed(driver, wanted)
    deed(driver, wanted)


def test_a_failed_download_is_scripted_too(hypervisor, driver):
    image_id = ids.new_id()
    hypervisor.fail_next("store", errors.Unavailable("no"))
    with pytest.raises(errors.Unavailable):
        driver.images.store(image_id, [b"x"], ImageExpected(disk_format="raw"))
    assert not driver.images.has(image_id)


def test_a_deaf_guest_goes_on_until_its_power_is_cut(hypervisor, driver):
    wanted = guest()
    boot(driver, wanted)
    hypervisor.make_deaf(wanted.server_id)
    assert driver.power.reboot_soft(wanted.server_id, 1) is False
    assert driver.lifecycle.find(wanted.server_id).power_state == PowerState.RUNNING
    driver.power.off(wanted.server_id, 1)
    assert b"power cut" in driver.consoles.output(wanted.server_id, 1000)


def test_a_hundred_parallel_boots_all_run_and_are_quick(driver):
    wanted = [guest() for _ in range(100)]
    started = time.process_time()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        seen = list(pool.map(lambda g: boot(driver, g), wanted))
    assert time.process_time() - started < 5
    assert {s.power_state for s in seen} == {PowerState.RUNNING}
    assert len(driver.lifecycle.list_()) == 100
    assert driver.inventory.read().memory_used_mib == 6400


def test_the_inventory_is_what_the_settings_say_less_the_disks(tmp_path):
    settings = VirtSettings(
        host="node-1", fake_vcpus=8, fake_memory_mib=1024, fake_disk_gib=10, host_ip="10.0.0.9"
    )
    driver = drive(Hypervisor(settings))
    driver.images.store(IMAGE, [b"\0" * 512], ImageExpected(disk_format="raw"))
    boot(driver, guest())
    seen = driver.inventory.read()
    assert (seen.node, seen.host_ip) == ("node-1", "10.0.0.9")
    assert (seen.vcpus, seen.memory_mib, seen.disk_gib) == (8, 1024, 10)
    assert (seen.memory_used_mib, seen.disk_free_gib) == (64, 9)


def test_deeds_take_the_time_that_is_set(monkeypatch):
    slept = []
    settings = VirtSettings(host="h", fake_delay_s=0.25)
    monkeypatch.setattr("nova_appliance.common.clock.SYSTEM", _clock_that_notes(slept))
    drive(Hypervisor(settings)).lifecycle.destroy(ids.new_id())
    assert slept == [0.25]


def _clock_that_notes(slept):
    return Clock(sleep=slept.append)
