# SPDX-License-Identifier: Apache-2.0
"""What drivers with disks keep of virt.driver.Disks, Images and Consoles."""

import msgspec
import pytest
from fixtures import tiny_guest

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk
from nova_appliance.virt.driver import (
    DiskTooSmall,
    ImageExpected,
    ImageInUse,
    ImageRefused,
    NoSuchGuest,
    NoSuchImage,
)

GIB = 1 << 30
RAW = ImageExpected(disk_format="raw")
KINDS = (
    Disk(name="disk.eph0", size_gib=1, purpose="ephemeral"),
    Disk(name="disk.swap", size_gib=0, size_mib=64, purpose="swap"),
    Disk(name="disk.more", size_gib=1, purpose="data"),
)


@pytest.fixture
def image(full_bench):
    """An image of this test's own."""
    image_id = ids.new_id()
    full_bench.driver.images.store(image_id, [tiny_guest.image()], RAW)
    yield image_id
    full_bench.clean()
    full_bench.driver.images.remove(image_id)


def test_disks_are_there_until_they_are_removed(full_bench):
    guest, disks = full_bench.guest(), full_bench.driver.disks
    disks.create(guest)
    assert disks.exists(guest.server_id)
    assert disks.owners() == {guest.server_id}
    disks.remove(guest.server_id)
    disks.remove(guest.server_id)
    assert not disks.exists(guest.server_id)
    assert disks.owners() == frozenset()


def test_destroying_a_guest_keeps_its_disks(full_bench):
    guest = full_bench.started()
    full_bench.driver.lifecycle.destroy(guest.server_id)
    assert full_bench.driver.disks.exists(guest.server_id)


def test_a_guest_starts_with_every_kind_of_disk_and_a_config_drive(full_bench, image):
    root = Disk(name="disk", size_gib=1, image_id=image)
    drive = {"openstack/latest/meta_data.json": "{}", "openstack/content/0000": "é"}
    guest = full_bench.started(disks=(root, *KINDS), config_drive=drive)
    assert full_bench.see(guest) is not None
    assert image in full_bench.driver.disks.images_used()


def test_a_disk_without_its_image_is_not_made(full_bench):
    missing = ids.new_id()
    with pytest.raises(NoSuchImage):
        full_bench.guest(disks=(Disk(name="disk", size_gib=1, image_id=missing),))
    assert full_bench.driver.disks.owners() == frozenset()


def test_a_disk_smaller_than_its_image_is_not_made(full_bench):
    big = ids.new_id()
    full_bench.driver.images.store(big, [_qcow2(3 * GIB)], ImageExpected(disk_format="qcow2"))
    with pytest.raises(DiskTooSmall) as raised:
        full_bench.guest(disks=(Disk(name="disk", size_gib=2, image_id=big),))
    assert (raised.value.needed_bytes, raised.value.disk_bytes) == (3 * GIB, 2 * GIB)
    assert full_bench.driver.disks.owners() == frozenset()
    full_bench.driver.images.remove(big)


def test_an_image_is_stored_once_and_listed(full_bench, image):
    images = full_bench.driver.images
    read = []
    again = images.store(image, (read.append(1) or b"x" for _ in range(3)), RAW)
    assert (again.image_id, again.disk_format, again.size_bytes) == (image, "raw", 512)
    assert read == []
    assert images.has(image)
    assert again in images.list_()
    images.remove(image)
    images.remove(image)
    assert not images.has(image)


def test_a_refused_image_leaves_nothing(full_bench):
    images, image_id = full_bench.driver.images, ids.new_id()
    with pytest.raises(ImageRefused):
        images.store(image_id, [b"QFI\xfb" + bytes(600)], RAW)
    assert not images.has(image_id)
    assert image_id not in {seen.image_id for seen in images.list_()}


def test_a_download_that_breaks_off_leaves_nothing_and_may_be_tried_again(full_bench):
    images, image_id = full_bench.driver.images, ids.new_id()

    def broken():
        yield b"\0" * 512
        raise ConnectionError

    with pytest.raises(ConnectionError):
        images.store(image_id, broken(), RAW)
    assert not images.has(image_id)
    assert images.store(image_id, [b"\0" * 512], RAW).size_bytes == 512
    images.remove(image_id)


def test_an_image_under_a_disk_stays(full_bench, image):
    guest = full_bench.guest(disks=(Disk(name="disk", size_gib=1, image_id=image),))
    with pytest.raises(ImageInUse):
        full_bench.driver.images.remove(image)
    full_bench.driver.disks.remove(guest.server_id)
    full_bench.driver.images.remove(image)
    assert not full_bench.driver.images.has(image)


def test_what_the_guest_said_can_be_read(full_bench):
    guest = full_bench.started()
    consoles = full_bench.driver.consoles
    assert wait_for(lambda: consoles.output(guest.server_id, 1000) != b"", 60)
    said = consoles.output(guest.server_id, 1000)
    assert consoles.output(guest.server_id, 5) == said[-5:]
    assert consoles.output(guest.server_id, 0) == b""


def test_an_unknown_guest_says_nothing(full_bench):
    with pytest.raises(NoSuchGuest):
        full_bench.driver.consoles.output(ids.new_id(), 100)


def _qcow2(size_bytes):
    """An empty qcow2 image of version 2: header, one refcount block, empty tables."""
    cluster = 1 << 16
    numbers = (
        *((2, 4), (0, 8), (0, 4), (16, 4), (size_bytes, 8), (0, 4)),
        *((8, 4), (3 * cluster, 8), (cluster, 8), (1, 4), (0, 4), (0, 8)),
    )
    header = b"QFI\xfb" + b"".join(value.to_bytes(width, "big") for value, width in numbers)
    refcount_table = (2 * cluster).to_bytes(8, "big")
    refcounts = b"\0\1" * 4
    return b"".join(part.ljust(cluster, b"\0") for part in (header, refcount_table, refcounts, b""))


def test_disks_are_made_anew_over_another_image(full_bench):
    guest = full_bench.started(disks=(*full_bench.bare_guest().disks, *KINDS[:2]))
    full_bench.driver.lifecycle.destroy(guest.server_id)
    other = ids.new_id()
    full_bench.driver.images.store(other, [tiny_guest.image()], RAW)
    root = msgspec.structs.replace(guest.disks[0], image_id=other)
    new = msgspec.structs.replace(guest, disks=(root, *guest.disks[1:]))
    for keep in (False, True):
        full_bench.driver.disks.renew(new, keep_ephemeral=keep)
    assert other in full_bench.driver.disks.images_used()
    full_bench.driver.lifecycle.start_new(new)


def test_an_ephemeral_disk_may_outlive_the_root_disk(qemu):
    guest = qemu.guest(disks=(*qemu.bare_guest().disks, KINDS[0]))
    folder = qemu.state_dir / guest.server_id
    nodes = {name: (folder / name).stat().st_ino for name in ("disk", "disk.eph0")}
    for name in nodes:
        (folder / name).write_bytes(b"marked")
    qemu.driver.disks.renew(guest, keep_ephemeral=True)
    assert (folder / "disk").read_bytes()[:6] != b"marked"
    assert (folder / "disk.eph0").read_bytes() == b"marked"
    qemu.driver.disks.renew(guest, keep_ephemeral=False)
    assert (folder / "disk.eph0").read_bytes() != b"marked"
