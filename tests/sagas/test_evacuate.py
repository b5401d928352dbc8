# SPDX-License-Identifier: Apache-2.0
"""Servers whose host is down come to life elsewhere; what is left behind goes when it is back."""

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import clean_up, settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, evacuate, power
from nova_appliance.common import errors
from nova_appliance.db import server_migrations
from nova_appliance.domain.guest import PowerState


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=2)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


@pytest.fixture(autouse=True)
def clean_slate(world):
    yield
    world.raise_hosts()
    assert world.left() == NOTHING


@pytest.fixture
def server(world):
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    yield world.server(made.id)
    clean_up(world, made.id)


def ask(world, server, **wanted):
    world.lose_host(world.server(server.id).host)
    wish = evacuate.Evacuation(**wanted)
    evacuate.evacuate(world.cloud, world.context(), world.server(server.id), wish)
    settle(world)
    return world.server(server.id)


def statuses(world, server):
    query = server_migrations.Query(server_id=server.id)
    with world.cloud.cells.database(CELL1).read() as conn:
        return [one.status for one in server_migrations.list_(conn, CELL1, query)]


@pytest.mark.parametrize(
    ("stops", "state", "power_state"),
    [(False, "active", PowerState.RUNNING), (True, "stopped", PowerState.SHUTDOWN)],
)
def test_a_server_comes_to_life_elsewhere(world, server, stops, state, power_state):
    moved = ask(world, server, stops=stops)
    assert (moved.state, moved.task, moved.power) == (state, None, power_state)
    assert moved.host != server.host
    assert world.hypervisor(moved.host).disks.keys() == [server.id]
    assert [port.host for port in world.networks.ports(device_id=server.id)] == [moved.host]
    assert world.hypervisor(server.host).guest(server.id)
    assert statuses(world, server) == ["done"]
    world.raise_hosts()
    assert world.hypervisor(server.host).guests.keys() == []
    world.raise_hosts()
    assert statuses(world, server) == ["completed"]


def test_a_stopped_server_stays_stopped(world, server):
    power.stop(world.cloud, world.context(), server)
    settle(world)
    assert ask(world, server).state == "stopped"


def test_what_the_lost_host_was_doing_is_turned_back(world, server):
    world.lose_host(server.host)
    power.stop(world.cloud, world.context(), server)
    moved = ask(world, server)
    assert (moved.state, moved.task) == ("active", None)


def test_a_host_that_is_up_is_not_left(world, server):
    with pytest.raises(errors.Invalid, match="still in use"):
        evacuate.evacuate(world.cloud, world.context(), server, evacuate.Evacuation())


@pytest.mark.parametrize(("host", "error"), [("nowhere", errors.NotFound), (None, errors.Invalid)])
def test_wrong_targets_are_refused(world, server, host, error):
    world.lose_host(server.host)
    wanted = evacuate.Evacuation(host=host or server.host)
    with pytest.raises(error):
        evacuate.evacuate(world.cloud, world.context(), server, wanted)


def test_two_at_once_are_one(world, server):
    world.lose_host(server.host)
    evacuate.evacuate(world.cloud, world.context(), server, evacuate.Evacuation())
    with pytest.raises(errors.Conflict):
        evacuate.evacuate(world.cloud, world.context(), server, evacuate.Evacuation())
    settle(world)
    assert world.server(server.id).state == "active"


def test_no_host_leaves_the_server_in_error_until_there_is_one(world, server):
    other = next(host for host in world.computes if host != server.host)
    world.lose_host(other)
    broken = ask(world, server)
    assert (broken.state, broken.host) == ("error", server.host)
    assert statuses(world, server) == ["failed"]
    world.raise_hosts()
    assert ask(world, server).state == "active"
