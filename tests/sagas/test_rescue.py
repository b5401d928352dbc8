# SPDX-License-Identifier: Apache-2.0
"""Rescue of servers that boot from a volume: who may, and how their guests run meanwhile."""

import pytest
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot, rescue
from nova_appliance.common import errors
from nova_appliance.conductor import guests
from nova_appliance.domain.boot import BlockDevice
from nova_appliance.virt.fake import inventory

DRIVE = {"hw_rescue_device": "disk", "hw_rescue_bus": "usb"}


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.add_desk()
    world.add_scheduler()
    yield world
    world.stop()


def on_volume(world, **properties):
    """A server that boots from a volume of an image with these properties."""
    facts = {"image_id": world.image.id, **properties}
    disk = world.volumes.add(bootable="true", volume_image_metadata=facts).id
    devices = (
        BlockDevice(source_type="volume", destination_type="volume", boot_index=0, uuid=disk),
    )
    request = world.request(image_id=None, block_devices=devices)
    (made,) = boot.boot(world.cloud, world.context(auth_token="t"), request).servers
    settle(world)
    return world.server(made.id)


def ask(world, server, properties=None, **more):
    """Rescue by an image with these properties; None is by no image."""
    image_id = None if properties is None else world.images.add(properties=properties).id
    asked = rescue.Asked(**({"image_id": image_id, "on_volume": True} | more))
    rescue.rescue(world.cloud, world.context(), server, asked)


def test_a_server_on_a_volume_is_rescued_beside_it(world):
    world.add_host("host1")
    server = on_volume(world, hw_machine_type="q35")
    with pytest.raises(errors.Invalid, match="hw_rescue_bus is ide"):
        ask(world, server, DRIVE | {"hw_rescue_bus": "ide"})
    ask(world, server, DRIVE)
    settle(world)
    rescued = world.server(server.id)
    assert (rescued.state, rescued.fault) == ("rescued", None)
    told = guests.guest_of(rescued, world.cloud.conf)
    assert [(disk.purpose, disk.bus) for disk in told.disks] == [("rescue", "usb")]
    assert [volume.boot_index for volume in told.volumes] == [0]
    rescue.unrescue(world.cloud, world.context(), rescued)
    settle(world)
    back = world.server(server.id)
    assert (back.state, back.fault) == ("active", None)
    assert guests.disks_of(back) == ()


NEVER = "Cannot rescue a volume-backed instance"
REFUSED = (
    # properties of the image (None is no image), what else is asked, what the refusal says
    (DRIVE, {"on_volume": False}, NEVER),
    (None, {}, NEVER),
    ({}, {}, NEVER),
    ({"hw_rescue_device": "disk"}, {}, NEVER),
    (DRIVE | {"hw_rescue_device": "tape"}, {}, "hw_rescue_device of the image is 'tape'"),
    (DRIVE | {"hw_rescue_bus": "floppy"}, {}, "hw_rescue_bus of the image is 'floppy'"),
)


def test_a_rescue_that_cannot_be_is_refused_with_the_reason(world):
    world.add_host("host1")
    server = on_volume(world)
    for properties, more, sentence in REFUSED:
        with pytest.raises(errors.Invalid, match=sentence):
            ask(world, server, properties, **more)
    volume = world.volumes.volumes[server.attachments[0].volume_id]
    volume["status"] = "detaching"
    with pytest.raises(errors.Conflict, match=r"must be 'in-use'\. Currently in 'detaching'"):
        ask(world, server, DRIVE)
    del world.volumes.volumes[volume["id"]]
    with pytest.raises(errors.Conflict, match=r"must be 'in-use'\. Currently in 'deleted'"):
        ask(world, server, DRIVE)
    assert (world.server(server.id).state, world.server(server.id).task) == ("active", None)


def test_a_host_that_cannot_is_not_asked(world, monkeypatch):
    monkeypatch.setattr(inventory, "TRAITS", ("HW_CPU_X86_SSE2",))
    world.add_host("host1")
    server = on_volume(world)
    with pytest.raises(errors.Invalid, match="Host unable to rescue a volume-backed instance"):
        ask(world, server, DRIVE)
    assert world.server(server.id).task is None
