# SPDX-License-Identifier: Apache-2.0
"""What attaching, detaching and swapping refuse before anything begins."""

from __future__ import annotations

import msgspec
import pytest
from fixtures.cells import make_server
from fixtures.world import World

from nova_appliance.actions import volumes
from nova_appliance.common import errors, ids
from nova_appliance.domain.attachment import Attachment


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.stop()


def server(**fields):
    return make_server(1, project_id="p1", state="active", task=None, **fields)


def attached(world, **fields):
    volume = world.volumes.add()
    known = {"connection": {"driver_volume_type": "local", "data": {}}, **fields}
    return Attachment(id=ids.new_id(), device="/dev/vdb", volume_id=volume.id, **known)


def refused(family, words, deed, *arguments, **named):
    with pytest.raises(family, match=words):
        deed(*arguments, **named)


def test_detaching_needs_a_living_host_and_another_disk_than_the_root(world):
    here = (world.cloud, world.context())
    root, plain = attached(world, boot_index=0), attached(world)
    one = server(host="gone", attachments=(root, plain, attached(world, connection={})))
    refused(errors.Invalid, "root device", volumes.detach, *here, one, root.volume_id)
    refused(errors.Conflict, "unavailable", volumes.detach, *here, one, plain.volume_id)
    waits = one.attachments[2].volume_id
    refused(errors.Conflict, "just being attached", volumes.detach, *here, one, waits)
    refused(errors.NotFound, "not attached", volumes.detach, *here, one, ids.new_id())
    for state in ("building", "suspended", "error"):
        other = msgspec.structs.replace(one, state=state)
        refused(errors.Conflict, state, volumes.detach, *here, other, plain.volume_id)


def test_the_shelf_takes_no_volumes_before_2_20_and_no_tags(world):
    here, volume = (world.cloud, world.context()), world.volumes.add()
    shelved = msgspec.structs.replace(server(), state="shelved_offloaded", host=None)
    old = volumes.VolumeWanted(volume_id=volume.id, off_host=False)
    refused(errors.Conflict, "shelved_offloaded", volumes.attach, *here, shelved, old)
    refused(errors.Conflict, "shelved", volumes.detach, *here, shelved, volume.id, off_host=False)
    tagged = volumes.VolumeWanted(volume_id=volume.id, tag="t")
    refused(errors.Invalid, "a tag", volumes.attach, *here, shelved, tagged)


def test_a_swap_is_for_the_volume_service_alone(world):
    here, one = (world.cloud, world.context()), attached(world)
    has = server(attachments=(one,))
    new = world.volumes.add()
    refused(errors.Conflict, "does not move", volumes.swap, *here, has, one.volume_id, new.id)
    world.volumes.volumes[one.volume_id]["migration_status"] = "migrating"
    world.volumes.volumes[one.volume_id]["size"] = 2
    refused(errors.Invalid, "size is larger", volumes.swap, *here, has, one.volume_id, new.id)
    larger = world.volumes.add(size=3)
    refused(errors.Invalid, "extend it", volumes.swap, *here, has, one.volume_id, larger.id)
    refused(errors.Invalid, "not be found", volumes.swap, *here, has, one.volume_id, ids.new_id())
