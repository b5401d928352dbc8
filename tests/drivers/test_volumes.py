# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.volumes.Volumes."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest

from nova_appliance.common import ids
from nova_appliance.common.errors import Refused
from nova_appliance.domain.guest import Disk, Merge, PowerState, Volume
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


def test_a_volume_joins_beside_a_config_drive_that_has_its_name(qemu, make):
    """The next free name is the volume's until the guest starts anew; then the drive gives way."""
    root = msgspec.structs.replace(qemu.bare_guest().disks[0], bus="scsi")
    guest = qemu.started(
        disks=(root,), config_drive={"a": "b"}, image_properties={"hw_cdrom_bus": "scsi"}
    )
    volumes, volume = qemu.driver.volumes, make("sdb", bus="scsi")
    volumes.attach(guest.server_id, volume)
    assert volumes.plugged(guest.server_id) == {volume.volume_id}
    os.truncate(volume.path, 2 * MIB)
    volumes.resize(guest.server_id, volume)
    qemu.driver.power.off(guest.server_id, 0)
    qemu.driver.power.on(msgspec.structs.replace(guest, volumes=(volume,)))
    assert volumes.plugged(guest.server_id) == {volume.volume_id}
    volumes.attach(guest.server_id, make("sdc", bus="scsi"))
    assert len(volumes.plugged(guest.server_id)) == 2


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


def test_what_a_guest_does_to_its_volumes_is_counted_while_it_runs(full_bench, make):
    first, second = make("vdb"), make("vdc")
    guest, volumes = full_bench.started(volumes=(first,)), full_bench.driver.volumes
    volumes.attach(guest.server_id, second)
    counts = volumes.counts(guest.server_id)
    assert [one.volume_id for one in counts] == sorted((first.volume_id, second.volume_id))
    assert {one.server_id for one in counts} == {guest.server_id}
    assert all(one.writes == one.write_bytes == 0 for one in counts), (
        "the tiny guest writes nothing"
    )
    full_bench.driver.power.off(guest.server_id, 0)
    assert volumes.counts(guest.server_id) == ()
    assert volumes.counts(ids.new_id()) == ()


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


def over(volume, name):
    """A qcow2 file over the volume's, as the volume service makes it."""
    path = Path(volume.path).with_name(name)
    base = ["-b", Path(volume.path).name, "-F", volume.file_format]
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", *base, str(path)]
    subprocess.run(argv, check=True, cwd=path.parent)
    path.chmod(0o666)
    return name


def chain_of(volume):
    """Names of the files, as nobody but qemu-img sees them."""
    argv = ["qemu-img", "info", "-U", "--output=json", "--backing-chain", "-f"]
    told = subprocess.run([*argv, volume.file_format, volume.path], check=True, capture_output=True)
    return [Path(one["filename"]).name for one in json.loads(told.stdout)]


@pytest.mark.parametrize("on", [True, False])
def test_files_are_laid_over_a_volume_and_go_down_again(full_bench, make, on):
    volume = make()
    guest, volumes = full_bench.started(volumes=(volume,)), full_bench.driver.volumes
    if not on:
        full_bench.driver.power.off(guest.server_id, 0)
    over(volume, "first")
    for _ in range(2):
        now = volumes.lay_over(guest.server_id, volume, "first")
        assert (Path(now.path).name, now.file_format) == ("first", "qcow2")
    down = Merge(top="first", into=Path(volume.path).name)
    assert volumes.merge(guest.server_id, now, down) == volume
    assert volumes.merge(guest.server_id, volume, down) == volume


def test_only_files_beside_a_volume_in_a_file_are_laid_over(full_bench, make):
    volume, network = make(), make(kind="network")
    guest, volumes = full_bench.started(volumes=(volume,)), full_bench.driver.volumes
    for one, name in ((volume, "../evil"), (volume, "/etc/passwd"), (network, "plain")):
        with pytest.raises(Refused):
            volumes.lay_over(guest.server_id, one, name)
        with pytest.raises(Refused):
            volumes.merge(guest.server_id, one, Merge(into=name))


@pytest.mark.parametrize("on", [True, False])
def test_chains_of_files_are_cut_at_any_place(qemu, make, on):
    """Three files: the middle goes down or the top pulls it up; the top alone has all in the end."""
    volume = make()
    Path(volume.path).write_bytes(b"b" * MIB)
    guest, volumes = qemu.started(volumes=(volume,)), qemu.driver.volumes
    if not on:
        qemu.driver.power.off(guest.server_id, 0)
    now = volumes.lay_over(guest.server_id, volume, over(volume, "middle"))
    now = volumes.lay_over(guest.server_id, now, over(now, "top"))
    base = Path(volume.path).name
    assert chain_of(now) == ["top", "middle", base]
    for _ in range(2):
        assert volumes.merge(guest.server_id, now, Merge(top="middle", into=base)) == now
        assert chain_of(now) == ["top", base]
    for wrong in (Merge(top=base, into="top"), Merge(into="nothing"), Merge(top="nothing")):
        with pytest.raises(Refused):
            volumes.merge(guest.server_id, now, wrong)
    now = volumes.lay_over(guest.server_id, now, over(now, "new"))
    for _ in range(2):
        assert volumes.merge(guest.server_id, now, Merge(top=base)) == now
        assert chain_of(now) == ["new", base]
    for _ in range(2):
        assert volumes.merge(guest.server_id, now, Merge()) == now
        assert chain_of(now) == ["new"]
    qemu.driver.power.off(guest.server_id, 0)
    argv = ["qemu-img", "convert", "-O", "raw", now.path, volume.path]
    subprocess.run(argv, check=True)
    assert Path(volume.path).read_bytes() == b"b" * MIB


def test_a_file_that_does_not_lie_over_the_volume_is_not_used(qemu, make):
    volume, other = make(), make()
    guest, volumes = qemu.started(volumes=(volume,)), qemu.driver.volumes
    qemu.driver.power.off(guest.server_id, 0)
    with pytest.raises(Refused, match="does not lie over"):
        volumes.lay_over(guest.server_id, volume, over(other, "stray"))
    with pytest.raises(Refused, match="cannot be read"):
        volumes.lay_over(guest.server_id, volume, "missing")
