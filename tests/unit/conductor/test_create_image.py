# SPDX-License-Identifier: Apache-2.0
"""Images of servers: what they tell of themselves, and that nothing half-made stays."""

import pytest
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot, create_image, power
from nova_appliance.common import errors


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    yield world
    world.stop()


@pytest.fixture
def server(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    return world.server(server.id)


def make(world, server):
    found = world.server(server.id)
    return create_image.create_image(world.cloud, world.context(), found, "copy", {"a": "b"})


def test_an_image_belongs_to_the_project_and_says_where_it_is_from(world, server):
    image_id = make(world, server)
    assert world.server(server.id).task == "image_snapshot_pending"
    settle(world)
    image = world.images.images[image_id]
    assert (image.status, image.owner, image.name) == ("active", "p1", "copy")
    wanted = {"a": "b", "image_type": "snapshot", "instance_uuid": server.id, "user_id": "u1"}
    assert wanted.items() <= image.properties.items()
    assert image.properties["base_image_ref"] == world.image.id
    assert world.images.uploads[image_id]
    assert world.hypervisor().snapshots.keys() == []


def test_its_owner_may_say_of_what_type_it_is(world, server):
    kind = {"image_type": "test", "instance_uuid": "another"}
    found = world.server(server.id)
    made = create_image.create_image(world.cloud, world.context(), found, "copy", kind)
    said = world.images.images[made].properties
    assert (said["image_type"], said["instance_uuid"]) == ("test", server.id)
    settle(world)


@pytest.mark.parametrize("deed", ["take", "chunks"])
def test_a_failure_leaves_neither_image_nor_copy(world, server, deed):
    world.hypervisor().fail_next(deed, errors.Refused("The disk is full."))
    image_id = make(world, server)
    settle(world)
    assert image_id not in world.images.images
    assert world.hypervisor().snapshots.keys() == []
    after = world.server(server.id)
    assert (after.state, after.task) == ("active", None)


def test_what_is_refused_makes_no_image(world, server):
    power.stop(world.cloud, world.context(), server)
    with pytest.raises(errors.Conflict, match="Cannot 'createImage'"):
        make(world, server)
    assert list(world.images.images) == [world.image.id]
