# SPDX-License-Identifier: Apache-2.0
"""Block devices of new servers: what Nova refuses, and how disks are named and sized."""

from __future__ import annotations

import msgspec
import pytest
from fixtures.volumes import FakeVolumes
from fixtures.world import FLAVOR, World

from nova_appliance.actions import boot_devices
from nova_appliance.common import errors, ids
from nova_appliance.domain.boot import BlockDevice
from nova_appliance.domain.server import ServerImage

ROOMY = msgspec.structs.replace(FLAVOR, ephemeral_gib=2, swap_mib=64)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.stop()


def row(source, destination, **fields):
    return BlockDevice(source_type=source, destination_type=destination, **fields)


def choose(world, *rows, **request):
    wanted = world.request(block_devices=rows, **request)
    return boot_devices.choose(world.cloud, world.context(), wanted)


def image_root(world):
    return row("image", "local", uuid=world.image.id, boot_index=0)


def test_a_server_of_an_image_alone_has_no_attachments(world):
    chosen = choose(world)
    assert (chosen.image_id, chosen.attachments) == (world.image.id, ())


def test_a_root_volume_brings_its_image_along(world):
    told = {"image_id": world.image.id, "min_ram": "8", "hw_disk_bus": "scsi", "size": "9"}
    volume = world.volumes.add(bootable="true", volume_image_metadata=told)
    chosen = choose(world, row("volume", "volume", uuid=volume.id, boot_index=0), image_id=None)
    assert (chosen.image_id, chosen.root_gib) == (None, 1)
    assert (chosen.root.min_ram_mib, chosen.root.properties) == (8, {"hw_disk_bus": "scsi"})
    (one,) = boot_devices.named(FLAVOR, chosen.attachments, chosen.root)
    assert (one.device, one.bus, one.volume_id, one.is_root) == (
        "/dev/sda",
        "scsi",
        volume.id,
        True,
    )


def test_version_1_lets_the_first_volume_boot_or_adds_to_the_image(world):
    volume = world.volumes.add(bootable="true")
    old = row("volume", "volume", uuid=volume.id, boot_index=-1, old=True)
    assert choose(world, old, image_id=None).attachments[0].is_root
    both = choose(world, old)
    assert both.image_id == world.image.id
    assert not both.attachments[0].is_root


def test_disks_are_named_root_first_then_local_ones_then_volumes(world):
    rows = (
        row("blank", "volume", volume_size=1),
        row("blank", "local", guest_format="swap", volume_size=32),
        row("blank", "local", volume_size=1),
        image_root(world),
        row("blank", "local"),
    )
    with pytest.raises(errors.Invalid, match="more local devices"):
        choose(world, *rows)
    chosen = choose(world, *rows[:4])
    named = boot_devices.named(ROOMY, chosen.attachments, None)
    assert [one.device for one in named] == ["/dev/vdd", "/dev/vdc", "/dev/vdb"]
    assert (named[1].size_mib, named[2].size_gib) == (32, 1)
    flavors = choose(world, rows[0], rows[3])
    (volume,) = boot_devices.named(ROOMY, flavors.attachments, None)
    assert volume.device == "/dev/vdd"


def test_an_empty_volume_can_be_the_root_disk(world):
    """Its system comes from a rescue disk, or over the network."""
    chosen = choose(world, row("blank", "volume", boot_index=0, volume_size=3))
    assert (chosen.image_id, chosen.root, chosen.root_gib) == (None, ServerImage(id=""), 3)
    (volume,) = chosen.attachments
    assert (volume.source, volume.boot_index, volume.size_gib) == ("blank", 0, 3)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("blank", "volume", {"volume_size": 1})], "Boot sequence"),
        ([("image", "local", {"boot_index": 0}), ("blank", "volume", {"boot_index": 2,
          "volume_size": 1})], "Boot sequence"),
        ([("image", "local", {"boot_index": 1})], "Boot sequence"),
        ([("image", "local", {"boot_index": 0}), ("image", "local", {})], "image to local"),
        ([("image", "volume", {"boot_index": 0})], "non-zero size"),
        ([("image", "local", {"boot_index": 0}), ("blank", "volume", {})], "non-zero size"),
        ([("blank", "volume", {"boot_index": 0})], "non-zero size"),
        ([("blank", "local", {"boot_index": 0, "volume_size": 1})], "cannot be booted"),
        ([("volume", "volume", {"boot_index": 0, "uuid": ids.new_id()})], "failed to get volume"),
        ([("snapshot", "volume", {"boot_index": 0, "uuid": ids.new_id()})], "get snapshot"),
        ([("image", "volume", {"boot_index": 0, "uuid": ids.new_id(), "volume_size": 1})],
         "failed to get image"),
        ([("image", "local", {"boot_index": 0}), ("blank", "volume", {"volume_size": 1,
          "volume_type": "gold"})], "Volume type gold"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped(world, rows, words):
    made = []
    for source, destination, fields in rows:
        usual = {"uuid": world.image.id} if source == "image" else {}
        made.append(row(source, destination, **usual | fields))
    with pytest.raises(errors.Invalid, match=words):
        choose(world, *made)


def test_volumes_in_use_unbootable_or_for_one_server_only(world):
    plain = world.volumes.add()
    mapped = row("volume", "volume", uuid=plain.id)
    with pytest.raises(errors.Invalid, match="is not bootable"):
        choose(world, msgspec.structs.replace(mapped, boot_index=0), image_id=None)
    with pytest.raises(errors.Invalid, match="multiple instances"):
        choose(world, image_root(world), mapped, max_count=2)
    with pytest.raises(errors.Invalid, match="only once"):
        choose(world, image_root(world), mapped, mapped)
    world.volumes.reserve(plain.id, ids.new_id())
    with pytest.raises(errors.Invalid, match="status must be available"):
        choose(world, image_root(world), mapped)
    shared = world.volumes.add(multiattach=True)
    mapped = row("volume", "volume", uuid=shared.id)
    assert choose(world, image_root(world), mapped, max_count=2).attachments[0].shared
    with pytest.raises(errors.Invalid, match=r"2\.60"):
        choose(world, image_root(world), mapped, may_share_volumes=False)
    foreign = world.volumes.add(**{"os-vol-tenant-attr:tenant_id": "p2"})
    with pytest.raises(errors.Invalid, match="failed to get volume"):
        choose(world, image_root(world), row("volume", "volume", uuid=foreign.id))
    assert isinstance(world.volumes, FakeVolumes)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"volume_size": 3}, "Ephemeral disks requested are larger"),
        ({"volume_size": 128, "guest_format": "swap"}, "Swap drive requested is larger"),
    ],
)
def test_local_disks_stay_within_the_flavor(world, fields, words):
    chosen = choose(world, image_root(world), row("blank", "local", **fields))
    for flavor in (ROOMY, FLAVOR):
        with pytest.raises(errors.Invalid, match=words):
            boot_devices.check_sizes(flavor, chosen.attachments)
