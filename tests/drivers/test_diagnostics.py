# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Diagnostics."""

import pytest

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.virt.driver import CannotNow, NoSuchGuest


def test_a_guest_that_runs_is_counted(full_bench):
    guest = full_bench.started()
    found = full_bench.driver.diagnostics.read(guest.server_id)
    assert (found.state, found.driver) == ("running", full_bench.driver.name)
    assert found.memory_kib == guest.memory_mib * 1024
    assert [cpu.number for cpu in found.cpus] == list(range(guest.vcpus))
    assert len(found.disks) >= len(guest.disks)


def test_a_real_guest_has_read_its_disk(qemu):
    guest = qemu.started()
    found = qemu.driver.diagnostics.read(guest.server_id)
    assert found.hypervisor in {"qemu", "kvm"}
    read = qemu.driver.diagnostics.read
    assert wait_for(lambda: any(d.read_bytes for d in read(guest.server_id).disks), 60)
    assert wait_for(lambda: any(cpu.time_ns for cpu in read(guest.server_id).cpus), 60)


def test_a_guest_that_is_off_has_nothing_to_tell(full_bench):
    guest = full_bench.started()
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(CannotNow):
        full_bench.driver.diagnostics.read(guest.server_id)
    with pytest.raises(NoSuchGuest):
        full_bench.driver.diagnostics.read(ids.new_id())
