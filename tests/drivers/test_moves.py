# SPDX-License-Identifier: Apache-2.0
"""Disks on their way to another host or flavor: kept, fetched near and far, taken back."""

import msgspec
import pytest

from nova_appliance.common.run import run
from nova_appliance.domain.guest import Disk, PowerState
from nova_appliance.domain.journey import Journey
from nova_appliance.virt.driver import NoSuchDisks
from nova_appliance.virt.libvirt import overlays
from nova_appliance.virt.moves import DiskShrinks

from .conftest import IMAGE

HOME = Journey(source="h1", target="h1")
AWAY = Journey(source="h1", target="h2")
MIB, GIB = 1 << 20, 1 << 30


def grown(guest, gib=2):
    (disk, *more) = guest.disks
    return msgspec.structs.replace(
        guest, memory_mib=64, disks=(msgspec.structs.replace(disk, size_gib=gib), *more)
    )


def aside(bench, guest, journey=HOME):
    bench.driver.lifecycle.destroy(guest.server_id)
    return bench.driver.moves.set_aside(guest.server_id, journey)


def test_kept_disks_are_fetched_and_dropped(full_bench):
    guest = full_bench.started()
    journey = aside(full_bench, guest)
    assert aside(full_bench, guest) == journey
    assert not full_bench.driver.disks.exists(guest.server_id)
    assert full_bench.driver.moves.kept() == {guest.server_id}
    assert IMAGE in full_bench.driver.disks.images_used()
    new = grown(guest)
    for _ in range(2):
        full_bench.driver.moves.fetch(new, journey)
        full_bench.driver.disks.create(new)
    full_bench.driver.power.on(new)
    assert full_bench.see(guest).power_state == PowerState.RUNNING
    for _ in range(2):
        full_bench.driver.moves.drop_kept(guest.server_id)
    assert full_bench.driver.moves.kept() == frozenset()
    assert full_bench.driver.disks.exists(guest.server_id)


def test_kept_disks_are_taken_back(full_bench):
    guest = full_bench.started()
    journey = aside(full_bench, guest)
    full_bench.driver.moves.fetch(grown(guest), journey)
    for _ in range(2):
        full_bench.driver.moves.take_back(guest.server_id)
    assert full_bench.driver.moves.kept() == frozenset()
    full_bench.driver.power.on(guest)
    assert full_bench.see(guest).power_state == PowerState.RUNNING


def test_disks_do_not_shrink(full_bench):
    guest = full_bench.guest(disks=(Disk(name="disk", size_gib=2, image_id=IMAGE),))
    journey = aside(full_bench, guest)
    with pytest.raises(DiskShrinks):
        full_bench.driver.moves.fetch(grown(guest, 1), journey)
    full_bench.driver.moves.take_back(guest.server_id)


def test_a_server_without_disks_cannot_move(full_bench):
    guest = full_bench.bare_guest()
    with pytest.raises(NoSuchDisks):
        aside(full_bench, guest)
    full_bench.driver.moves.take_back(guest.server_id)


def content(path):
    """The disk as the guest sees it."""
    raw = path.with_name("seen")
    run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", str(path), str(raw)])
    data = raw.read_bytes()[: 1 << 16]
    raw.unlink()
    return data


def test_a_near_disk_is_copied_and_grown(qemu):
    guest = qemu.guest()
    before = content(qemu.state_dir / guest.server_id / "disk")
    journey = aside(qemu, guest)
    qemu.driver.moves.fetch(grown(guest), journey)
    disk = qemu.state_dir / guest.server_id / "disk"
    assert overlays.virtual_bytes(disk, "qcow2") == 2 * GIB
    assert content(disk) == before
    kept = qemu.state_dir / f"{guest.server_id}.kept" / "disk"
    assert overlays.virtual_bytes(kept, "qcow2") == GIB


def test_a_far_disk_comes_through_libvirt(qemu):
    """The token is not seen, so the other host's libvirtd is asked: here it is our own."""
    swap = Disk(name="disk.swap", size_gib=0, size_mib=8, purpose="swap")
    extra = Disk(name="disk.eph0", size_gib=1, purpose="ephemeral")
    root = Disk(name="disk", size_gib=1, image_id=IMAGE)
    guest = qemu.guest(disks=(root, extra, swap), config_drive={"a": "b"})
    before = content(qemu.state_dir / guest.server_id / "disk")
    journey = msgspec.structs.replace(aside(qemu, guest, AWAY), token="moving-elsewhere")
    for _ in range(2):
        qemu.driver.moves.fetch(grown(guest), journey)
        qemu.driver.disks.create(guest)
    folder = qemu.state_dir / guest.server_id
    assert sorted(p.name for p in folder.iterdir()) == [
        "disk", "disk.config", "disk.eph0", "disk.swap",
    ]  # fmt: skip
    assert overlays.virtual_bytes(folder / "disk", "qcow2") == 2 * GIB
    assert content(folder / "disk") == before
    assert overlays.backing_file(folder / "disk.eph0") is None
    qemu.driver.lifecycle.start_new(grown(guest))
    assert qemu.see(guest).power_state == PowerState.RUNNING


def test_a_far_disk_whose_image_is_gone_brings_it_along(qemu):
    guest = qemu.guest()
    before = content(qemu.state_dir / guest.server_id / "disk")
    journey = aside(qemu, guest, AWAY)
    journey = msgspec.structs.replace(
        journey, token="moving-elsewhere", images=str(qemu.state_dir / "_base")
    )
    images = qemu.driver.moves.disks.images
    found = images.find
    object.__setattr__(images, "find", lambda _image_id: None)
    try:
        qemu.driver.moves.fetch(guest, journey)
    finally:
        object.__setattr__(images, "find", found)
    disk = qemu.state_dir / guest.server_id / "disk"
    assert overlays.backing_file(disk) is None
    assert content(disk) == before
