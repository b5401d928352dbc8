# SPDX-License-Identifier: Apache-2.0
"""Options that say how long: when a guest that was asked loses its power, when a rescue ends."""

import datetime as dt

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot, power, reboot, rescue
from nova_appliance.conductor import shelf_life
from nova_appliance.db import servers

ASKED, CUT = "shut down", "power cut"


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.stand_by("host1")
    yield world
    world.stop()


@pytest.fixture
def server_id(world):
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    return made.id


def ends(world, server_id):
    """How the guest's power went, each time."""
    said = world.hypervisor().guests.get(server_id).console.splitlines()
    return [word for line in said for word in (ASKED, CUT) if line.endswith(word)]


def test_a_soft_reboot_is_hard_when_its_time_is_over(world, server_id):
    """reboot_timeout says how long, or shutdown_timeout when it is 0."""
    conf, wanted = world.cloud.conf, []
    for reboot_s, shutdown_s, deaf, end in (
        (0, 60, False, ASKED),
        (0, 0, False, CUT),
        (60, 0, False, ASKED),
        (60, 60, True, CUT),
    ):
        conf.set_override("reboot_timeout", reboot_s)
        conf.set_override("shutdown_timeout", shutdown_s)
        if deaf:
            world.hypervisor().make_deaf(server_id)
        reboot.reboot(world.cloud, world.context(), world.server(server_id), hard=False)
        settle(world)
        wanted.append(end)
        assert ends(world, server_id) == wanted
        found = world.server(server_id)
        assert (found.state, found.power, found.fault) == ("active", 1, None)


def test_a_stop_cuts_the_power_when_its_time_is_over(world, server_id):
    wanted = []
    for shutdown_s, deaf, end in ((60, False, ASKED), (0, False, CUT), (60, True, CUT)):
        world.cloud.conf.set_override("shutdown_timeout", shutdown_s)
        if deaf:
            world.hypervisor().make_deaf(server_id)
        power.stop(world.cloud, world.context(), world.server(server_id))
        settle(world)
        wanted.append(end)
        assert ends(world, server_id) == wanted
        assert world.server(server_id).state == "stopped"
        power.start(world.cloud, world.context(), world.server(server_id))
        settle(world)


def test_a_rescue_ends_by_itself_when_its_time_is_over(world, server_id):
    cloud, conf = world.cloud, world.cloud.conf
    rescue.rescue(cloud, world.context(), world.server(server_id), rescue.Asked())
    settle(world)
    long_ago = cloud.clock.now() - dt.timedelta(seconds=3601)
    for timeout_s, since, begun in ((3600, None, 0), (0, long_ago, 0), (3600, long_ago, 1)):
        conf.set_override("rescue_timeout", timeout_s)
        if since is not None:
            with cloud.cells.database(CELL1).write() as conn:
                servers.change(conn, server_id, launched_at=since)
        assert shelf_life.end_rescues(cloud) == begun
    assert shelf_life.end_rescues(cloud) == 0, "it is under way"
    settle(world)
    found = world.server(server_id)
    assert (found.state, found.task, found.fault) == ("active", None, None)
    assert [disk.name for disk in world.hypervisor().all_disks()] == ["disk"]
