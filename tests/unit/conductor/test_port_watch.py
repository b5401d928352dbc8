# SPDX-License-Identifier: Apache-2.0
"""A boot waits until the network service says that the ports work, and not longer than it may."""

import msgspec
import pytest
from fixtures.saga_drive import run_due, settle
from fixtures.world import World

from nova_appliance.actions import boot, external_events
from nova_appliance.actions.external_events import Event
from nova_appliance.common import clock
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import cell


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    yield world
    world.stop()


def ask(world, status):
    """A new server whose ports are `status` from the beginning, run until it waits or is open."""
    made = world.networks.create_port

    def create_port(wanted):
        return say(world, made(wanted), status=status)

    world.networks.create_port = create_port
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    return server.id


def say(world, port, **fields):
    changed = msgspec.structs.replace(world.networks.all_ports[port.id], **fields)
    world.networks.all_ports[port.id] = changed
    return changed


def port_of(world, server_id):
    (port,) = world.networks.ports(device_id=server_id)
    return port


def run_until_it_waits(world):
    runner = world.runner("a")

    def waits():
        run_due(world, runner)
        (saga,) = world.open_sagas()
        done = {row["name"] for row in world.rows(cell.SAGA_STEPS, CELL0)}
        return "build" in done and saga["parked"] is None

    assert clock.wait_for(waits, 60, 0.01)


def test_a_server_is_not_active_before_its_ports_are(world):
    server_id = ask(world, "DOWN")
    run_until_it_waits(world)
    assert world.server(server_id).state == "building"
    say(world, port_of(world, server_id), status="ACTIVE")
    settle(world)
    assert world.server(server_id).state == "active"


@pytest.mark.parametrize(
    "fields", [{"status": "ACTIVE"}, {"status": "DOWN", "admin_up": False}, {"status": "N/A"}]
)
def test_ports_that_work_or_are_meant_to_be_down_are_not_waited_for(world, fields):
    made = world.networks.create_port
    world.networks.create_port = lambda wanted: say(world, made(wanted), **fields)
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world, timeout_s=10)
    assert world.server(server.id).state == "active"


def test_the_event_lets_the_boot_look_at_once(world):
    server_id = ask(world, "DOWN")
    run_until_it_waits(world)
    say(world, port_of(world, server_id), status="ACTIVE")
    event = Event("network-vif-plugged", server_id, port_of(world, server_id).id)
    assert external_events.receive(world.cloud, world.context(), [event]) == (200,)
    run_due(world, world.runner("b"))  # one look, without waiting for the poll
    assert world.server(server_id).state == "active"


def test_a_port_that_never_works_ends_the_boot_with_a_sentence(world):
    world.cloud.conf.set_override("vif_plugging_timeout", 1)
    server_id = ask(world, "BUILD")
    settle(world)
    server = world.server(server_id)
    assert server.state == "error"
    assert "did not say in 1 s that these ports work" in server.fault.message


def test_it_opens_all_the_same_when_that_is_not_fatal(world):
    world.cloud.conf.set_override("vif_plugging_timeout", 1)
    world.cloud.conf.set_override("vif_plugging_is_fatal", False)
    server_id = ask(world, "BUILD")
    settle(world)
    assert world.server(server_id).state == "active"
