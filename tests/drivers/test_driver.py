# SPDX-License-Identifier: Apache-2.0
"""What is true of every driver as a whole."""

import pytest

from nova_appliance.common import errors, ids
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt import registry
from nova_appliance.virt.driver import CONCERNS, capabilities
from nova_appliance.virt.settings import VirtSettings


def test_the_inventory_is_plausible(bench):
    seen = bench.driver.inventory.read()
    assert seen.node.endswith("-host")
    assert seen.vcpus > 0
    assert seen.memory_mib > 0
    assert 0 <= seen.memory_used_mib <= seen.memory_mib
    assert seen.disk_free_gib <= seen.disk_gib
    assert seen.hypervisor_version > 0
    assert {"arch", "model", "vendor", "features", "topology"} == set(seen.cpu_info)
    assert sorted(seen.traits) == list(seen.traits)


def test_capabilities_say_what_the_driver_refuses(bench):
    can = capabilities(bench.driver)
    assert set(can) == set(CONCERNS)
    calls = {
        "disks": lambda: bench.driver.disks.exists(ids.new_id()),
        "images": lambda: bench.driver.images.has(ids.new_id()),
        "consoles": lambda: bench.driver.consoles.output(bench.started().server_id, 10),
        "snapshots": lambda: bench.driver.snapshots.drop(ids.new_id(), ids.new_id()),
        "suspension": lambda: bench.driver.suspension.pause(bench.started().server_id),
    }
    for concern, call in calls.items():
        if can[concern]:
            call()
        else:
            with pytest.raises(errors.Unsupported):
                call()


def test_another_process_finds_all_that_was_left(lasting_bench):
    running, off = lasting_bench.started(), lasting_bench.started()
    lasting_bench.driver.power.off(off.server_id, 0)
    another = lasting_bench.open_another()
    assert another.lifecycle.list_() == lasting_bench.driver.lifecycle.list_()
    assert another.lifecycle.find(running.server_id).power_state == PowerState.RUNNING
    assert another.disks.owners() == {running.server_id, off.server_id}
    assert another.images.list_() == lasting_bench.driver.images.list_()
    another.lifecycle.destroy(running.server_id)
    assert lasting_bench.see(running) is None
    another.close()


def test_a_driver_that_does_not_exist_is_refused_with_the_choices():
    with pytest.raises(errors.Invalid, match="fake, libvirt"):
        registry.load("hyper-v", VirtSettings(host="h"))


def test_ids_that_are_none_never_become_paths(lasting_bench):
    for call in (
        lambda: lasting_bench.driver.disks.remove("../.."),
        lambda: lasting_bench.driver.images.has("/etc/passwd"),
    ):
        with pytest.raises(errors.Invalid):
            call()
