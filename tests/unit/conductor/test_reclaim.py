# SPDX-License-Identifier: Apache-2.0
"""What was deleted softly: kept, restored, and reclaimed when its time is over."""

import datetime as dt

import pytest
from fixtures.saga_drive import settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, restore
from nova_appliance.common import errors
from nova_appliance.conductor.reclaim import reclaim
from nova_appliance.db import servers
from nova_appliance.domain.guest import PowerState

WEEK = 7 * 86400


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.cloud.conf.set_override("reclaim_instance_interval", WEEK)
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    yield world
    world.stop()


@pytest.fixture
def kept(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    delete.delete(world.cloud, world.context(), world.server(server.id))
    settle(world)
    return world.server(server.id)


def grow_old(world, server):
    past = world.cloud.clock.now() - dt.timedelta(seconds=WEEK + 1)
    with world.cloud.cells.database(server.cell_id).write() as conn:
        servers.change(conn, server.id, deleted_at=past)


def test_a_softly_deleted_server_is_off_and_keeps_what_it_has(world, kept):
    assert (kept.state, kept.task, kept.deleted) == ("soft-delete", None, False)
    assert kept.deleted_at is not None
    (guest,) = world.hypervisor().guests.records()
    assert guest.power_state == PowerState.SHUTDOWN
    assert world.left()["disks"] == world.left()["claims"] == [kept.id]
    delete.delete(world.cloud, world.context(), kept)
    assert world.open_sagas() == []


def test_it_is_restored_running(world, kept):
    restore.restore(world.cloud, world.context(), kept)
    settle(world)
    back = world.server(kept.id)
    assert (back.state, back.power, back.deleted_at) == ("active", PowerState.RUNNING, None)
    with pytest.raises(errors.Conflict, match="vm_state active"):
        restore.restore(world.cloud, world.context(), back)


def test_it_is_reclaimed_when_its_time_is_over(world, kept):
    assert reclaim(world.cloud) == 0
    grow_old(world, kept)
    assert reclaim(world.cloud) == 1
    settle(world)
    assert world.server(kept.id).deleted
    assert world.left() == NOTHING
    assert reclaim(world.cloud) == 0


def test_nothing_is_reclaimed_when_that_is_off(world, kept):
    grow_old(world, kept)
    world.cloud.conf.set_override("reclaim_instance_interval", 0)
    assert reclaim(world.cloud) == 0


def test_force_delete_does_not_wait(world, kept):
    delete.force(world.cloud, world.context(), kept)
    settle(world)
    assert world.server(kept.id).deleted
    assert world.left() == NOTHING


def test_a_server_that_never_ran_is_deleted_at_once(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    delete.delete(world.cloud, world.context(), world.server(server.id))
    settle(world)
    assert world.server(server.id).deleted
