# SPDX-License-Identifier: Apache-2.0
"""Images of servers on volumes: one snapshot of each volume, the caller's own, or none at all."""

import json

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import (
    ASK,
    Crash,
    after,
    bend,
    image_of_volumes,
    once,
    run_due,
    settle,
)  # fmt: skip
from fixtures.saga_servers import on_volume
from fixtures.world import World

from nova_appliance.actions import boot, create_image, delete
from nova_appliance.common import errors
from nova_appliance.conductor.sagas.image_of_volumes import IMAGE_OF_VOLUMES
from nova_appliance.db.tables import cell
from nova_appliance.domain import image_mapping

COPY, MAKE = IMAGE_OF_VOLUMES.steps


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.stand_by("host1")
    yield world
    world.stop()


@pytest.fixture
def server(world):
    """On a volume, with another one."""
    (made,) = boot.boot(world.cloud, world.context(auth_token="t"), on_volume(world)).servers
    settle(world)
    ASK["attach_volume"](world, world.server(made.id))
    settle(world)
    return world.server(made.id)


def copied(world):
    return sorted(one["volume_id"] for one in world.volumes.snapshots.values())


def volumes_of(server):
    return sorted(one.volume_id for one in server.attachments)


def test_the_image_maps_to_a_snapshot_of_each_volume(world, server, monkeypatch):
    tokens, snapshot = [], world.volumes.snapshot

    def taken(wanted, context):
        tokens.append(context.auth_token)
        return snapshot(wanted, context)

    monkeypatch.setattr(world.volumes, "snapshot", taken)
    image_id = image_of_volumes(world, server)
    assert image_id not in world.images.images
    settle(world)
    image = world.images.get(image_id)
    rows = image_mapping.devices_of(image.properties)
    assert {row.uuid for row in rows} == set(world.volumes.snapshots)
    assert (image.status, len(rows)) == ("active", 2)
    assert copied(world) == volumes_of(server)
    assert tokens == ["t", "t"]
    (row,) = world.rows(cell.SAGAS, CELL1, cell.SAGAS.c.name == "image_of_volumes")
    assert json.loads(row["order_"])["token"] == ""


def test_a_conductor_that_dies_after_the_snapshots_takes_them_again_not_twice(world, server):
    dying = bend(IMAGE_OF_VOLUMES, COPY, do=after(COPY.do, once(Crash())))
    image_of_volumes(world, server)
    assert settle(world, dying) == 1
    assert copied(world) == volumes_of(server)


def test_a_volume_that_cannot_be_copied_leaves_no_snapshot_of_another(world, server, monkeypatch):
    left, snapshot = [1], world.volumes.snapshot

    def full(*args):
        if not left:
            raise errors.OverQuota("No more snapshots.")
        left.pop()
        return snapshot(*args)

    monkeypatch.setattr(world.volumes, "snapshot", full)
    image_id = image_of_volumes(world, server)
    settle(world)
    now = world.server(server.id)
    assert (now.state, now.task) == ("active", None)
    assert not world.volumes.snapshots
    assert image_id not in world.images.images


def test_a_snapshot_that_is_being_made_is_waited_for_before_it_goes(world, server, monkeypatch):
    snapshot = world.volumes.snapshot

    def slow(*args):
        made = snapshot(*args)
        made["status"] = "creating"
        return made

    monkeypatch.setattr(world.volumes, "snapshot", slow)
    refusing = after(MAKE.do, once(errors.Refused("The image service is full.")))
    image_of_volumes(world, server)
    runner = world.runner("a", bend(IMAGE_OF_VOLUMES, MAKE, do=refusing))
    assert not run_due(world, runner)
    assert copied(world) == volumes_of(server)
    for one in world.volumes.snapshots.values():
        one["status"] = "available"
    settle(world)
    assert not world.volumes.snapshots


def test_a_deletion_ends_it(world, server):
    image_id = image_of_volumes(world, server)
    delete.delete(world.cloud, world.context(), world.server(server.id))
    settle(world)
    assert image_id not in world.images.images
    assert not world.volumes.snapshots


def test_without_the_callers_token_there_is_none(world, server):
    context = world.context()
    wanted = create_image.image_of(context, server, "i", {})
    create_image.begin_of_volumes(world.cloud, context, server, wanted)
    settle(world)
    assert not world.volumes.snapshots


def test_the_volume_service_may_have_the_guest_write_elsewhere_meanwhile(world, server):
    """It asks for that where it cannot copy a disk that is written to: Cinder on NFS, for one."""
    image_of_volumes(world, server)
    assert world.server(server.id).task == "image_snapshot_pending"
    ASK["snapshot_volume"](world, world.server(server.id))
    settle(world)
    now = world.server(server.id)
    assert (now.state, now.task, now.fault) == ("active", None, None)
