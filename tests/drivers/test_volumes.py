# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Volumes."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest import Disk, PowerState, Volume
from nova_appliance.virt.driver import (
    CannotNow,
    DeviceHeld,
    HypervisorFailed,
    NoSuchDisks,
    NoSuchGuest,
)

MIB = 1 << 20


@pytest.fixture
def make():
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # QEMU runs as another user

    def volume(device="vdb", size=MIB, **fields):
        volume_id = ids.new_id()
        file = folder / f"volume-{volume_id}"
        file.write_bytes(b"v" * size)
        facts = {"volume_id": volume_id, "device": device, "kind": "file", "path": str(file)}
        return Volume(**facts | fields)

    yield volume
    shutil.rmtree(folder)


def test_a_volume_joins_a_running_guest_once(full_bench, make):
    guest, volumes, volume = full_bench.started(), full_bench.driver.volumes, make()
    assert volumes.plugged(guest.server_id) == frozenset()
    for _ in range(2):
        volumes.attach(guest.server_id, volume)
        assert volumes.plugged(guest.server_id) == {volume.volume_id}
    full_bench.driver.power.off(guest.server_id, 0)
    assert volumes.plugged(guest.server_id) == {volume.volume_id}


def test_a_volume_joins_and_leaves_a_guest_that_is_off(full_bench, make):
    guest, volumes, volume = full_bench.started(), full_bench.driver.volumes, make()
    full_bench.driver.power.off(guest.server_id, 0)
    volumes.attach(guest.server_id, volume)
    assert volumes.plugged(guest.server_id) == {volume.volume_id}
    for _ in range(2):
        volumes.detach(guest.server_id, volume)
        assert volumes.plugged(guest.server_id) == frozenset()


def test_a_guest_starts_with_its_volumes_and_from_one(full_bench, make):
    root, more = make("vda", boot_index=0), make("vdc")
    extra = Disk(name="disk.eph0", size_gib=1, purpose="ephemeral", target="vdb")
    guest = full_bench.started(disks=(extra,), volumes=(root, more))
    assert full_bench.see(guest).power_state == PowerState.RUNNING
    plugged = full_bench.driver.volumes.plugged(guest.server_id)
    assert plugged == {root.volume_id, more.volume_id}


def test_a_guest_does_not_start_without_its_volumes(qemu, tmp_path):
    gone = Volume(volume_id=ids.new_id(), device="vdb", kind="file", path=str(tmp_path / "none"))
    guest = qemu.guest(volumes=(gone,))
    with pytest.raises(NoSuchDisks):
        qemu.driver.lifecycle.start_new(guest)


def test_a_guest_that_nobody_knows_needs_nothing(full_bench, make):
    volumes, stranger, volume = full_bench.driver.volumes, ids.new_id(), make()
    volumes.attach(stranger, volume)
    volumes.detach(stranger, volume)
    volumes.resize(stranger, volume)
    assert volumes.plugged(stranger) == frozenset()
    with pytest.raises(NoSuchGuest):
        volumes.swap(stranger, volume, make())


def test_a_guest_that_does_not_let_go_keeps_the_volume(qemu, make):
    """The tiny guest has no driver that could let go."""
    volume = make()
    guest = qemu.started(volumes=(volume,))
    known = qemu.driver.volumes
    hasty = type(known)(known.connection, known.starter, tries=2, each_s=0.3)
    with pytest.raises(DeviceHeld, match=volume.volume_id):
        hasty.detach(guest.server_id, volume)
    assert hasty.plugged(guest.server_id) == {volume.volume_id}
    qemu.driver.power.off(guest.server_id, 0)
    assert hasty.plugged(guest.server_id) == frozenset()


def test_a_volume_is_copied_to_another_place_and_used_there(full_bench, make):
    old, new = make(), make()
    guest, volumes = full_bench.started(volumes=(old,)), full_bench.driver.volumes
    for _ in range(2):
        volumes.swap(guest.server_id, old, new)
        assert volumes.plugged(guest.server_id) == {old.volume_id}
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(CannotNow):
        volumes.swap(guest.server_id, old, new)


def test_what_a_guest_uses_after_a_swap_is_the_new_file(qemu, make):
    old, new = make(), make()
    Path(old.path).write_bytes(b"o" * MIB)
    guest, volumes = qemu.started(volumes=(old,)), qemu.driver.volumes
    volumes.swap(guest.server_id, old, new)
    assert Path(new.path).read_bytes() == b"o" * MIB
    with pytest.raises(HypervisorFailed, match="another size"):
        volumes.swap(guest.server_id, old, make(size=2 * MIB))

    def definition(lent):
        return lent.lookupByUUIDString(guest.server_id).XMLDesc(0)

    xml = volumes.connection.call(definition)
    assert new.path in xml
    assert old.path not in xml


def test_a_running_guest_is_told_of_a_new_size(qemu, make):
    volume = make()
    guest = qemu.started(volumes=(volume,))
    os.truncate(volume.path, 3 * MIB)
    qemu.driver.volumes.resize(guest.server_id, volume)

    def size(lent):
        return lent.lookupByUUIDString(guest.server_id).blockInfo("vdb")[0]

    assert qemu.driver.volumes.connection.call(size) == 3 * MIB
