# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Snapshots; real copies boot."""

import json
import subprocess

import pytest
from fixtures import tiny_guest

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk, PowerState
from nova_appliance.virt.driver import ImageExpected, NoSuchDisks, NoSuchImage


@pytest.mark.parametrize("power", ["on", "paused", "off", "suspended"])
def test_a_copy_of_a_guest_in_any_state_is_an_image(full_bench, power):
    guest, driver = full_bench.started(), full_bench.driver
    if power == "paused":
        driver.suspension.pause(guest.server_id)
    if power == "off":
        driver.power.off(guest.server_id, 0)
    if power == "suspended":
        driver.suspension.suspend(guest.server_id)
    before, image_id = full_bench.see(guest), ids.new_id()
    disk_format = driver.snapshots.take(guest.server_id, image_id)
    assert driver.snapshots.take(guest.server_id, image_id) == disk_format
    assert full_bench.see(guest) == before
    copy = driver.snapshots.chunks(guest.server_id, image_id)
    driver.images.store(image_id, copy, ImageExpected(disk_format=disk_format))
    assert driver.images.has(image_id)
    for _ in range(2):
        driver.snapshots.drop(guest.server_id, image_id)
    with pytest.raises(NoSuchImage):
        list(driver.snapshots.chunks(guest.server_id, image_id))


def test_a_server_without_disks_cannot_be_copied(full_bench):
    with pytest.raises(NoSuchDisks):
        full_bench.driver.snapshots.take(ids.new_id(), ids.new_id())


def test_a_copy_of_a_running_guest_boots_and_stands_alone(qemu):
    guest, image_id = qemu.started(), ids.new_id()
    said = lambda one: qemu.driver.consoles.output(one.server_id, 4096)  # noqa: E731 - short
    assert wait_for(lambda: tiny_guest.SAYS in said(guest), 60)
    qemu.driver.snapshots.take(guest.server_id, image_id)
    assert qemu.see(guest).power_state == PowerState.RUNNING
    file = qemu.state_dir / guest.server_id / f"snapshot-{image_id}"
    argv = ["qemu-img", "info", "--output=json", str(file)]
    facts = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    assert facts["virtual-size"] == 1 << 30
    assert "backing-filename" not in facts
    copy = qemu.driver.snapshots.chunks(guest.server_id, image_id)
    qemu.driver.images.store(image_id, copy, ImageExpected(disk_format="qcow2"))
    clone = qemu.started(disks=(Disk(name="disk", size_gib=1, image_id=image_id),))
    assert wait_for(lambda: tiny_guest.SAYS in said(clone), 60)
