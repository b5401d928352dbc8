# SPDX-License-Identifier: Apache-2.0
"""What may go wrong with a new server, and what is true then."""

import threading

import msgspec
import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import run_due, settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, find_server
from nova_appliance.common import clock, errors
from nova_appliance.db import server_actions
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import api, cell
from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.virt.driver import ImageRefused


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.add_desk()
    world.add_scheduler()
    yield world
    world.stop()


def ask(world, **fields):
    (server,) = boot.boot(world.cloud, world.context(), world.request(**fields)).servers
    return server.id


def erase(world, server_id):
    delete.delete(world.cloud, world.context(), find_server.by_id(world.cloud, server_id))
    settle(world)
    assert world.left() == NOTHING


def test_without_a_host_the_server_says_why_and_stays_in_cell0(world):
    server_id = ask(world)
    settle(world)
    server = world.server(server_id)
    assert (server.cell_id, server.state, server.host) == (CELL0, "error", None)
    assert server.fault.code == 500
    assert server.fault.message.startswith("No valid host was found. ")
    assert world.left()["claims"] == []
    with world.cloud.cells.database(CELL0).read() as conn:
        (action,) = server_actions.list_(conn, server_id)
    assert (action.action, action.message) == ("create", "Error")
    erase(world, server_id)


def test_a_failed_build_goes_to_another_host(world):
    world.add_host("host1")
    world.add_host("host2")
    first = ask(world)
    settle(world)
    broken = world.server(first).host
    other = {"host1": "host2", "host2": "host1"}[broken]
    erase(world, first)
    world.hypervisor(broken).fail_next("start_new", errors.Unavailable("QEMU fell over."))
    world.hypervisor(other).fail_next("start_new", errors.Unavailable("QEMU fell over."))
    world.add_host("host3")
    server_id = ask(world)
    settle(world)
    server = world.server(server_id)
    assert (server.state, server.cell_id) == ("active", CELL1)
    assert server.fault is None
    assert [row["server_id"] for row in world.rows(api.CLAIMS)] == [server_id]
    failed = {row["host"]: row["failed_builds"] for row in world.rows(api.HOSTS)}
    assert failed[server.host] == 0
    with world.cloud.cells.database(CELL1).read() as conn:
        (action,) = server_actions.list_(conn, server_id)
        (event,) = server_actions.get(conn, server_id, action.request_id).events
    assert (event.event, event.result) == ("compute__do_build_and_run_instance", "Success")
    assert action.finished_at is not None
    assert action.message is None
    erase(world, server_id)


def test_hosts_that_all_fail_leave_an_error_that_says_so(world):
    world.add_host("host1")
    world.hypervisor().fail_next("start_new", errors.Unavailable("QEMU fell over."))
    server_id = ask(world)
    settle(world)
    server = world.server(server_id)
    assert server.state == "error"
    assert "QEMU fell over." in server.fault.message
    assert world.left()["guests"] == world.left()["ports"] == world.left()["claims"] == []
    erase(world, server_id)


def test_a_hopeless_build_is_not_tried_elsewhere(world):
    world.add_host("host1")
    world.add_host("host2")
    for host in ("host1", "host2"):
        refusal = ImageRefused(world.image.id, "it has a backing file")
        world.hypervisor(host).fail_next("create", refusal)
    server_id = ask(world)
    settle(world)
    assert "backing file" in world.server(server_id).fault.message
    with world.cloud.cells.database(CELL0).read() as conn:
        assert conn.execute(cell.SAGAS.select()).mappings().all()[0]["attempt"] == 1
    erase(world, server_id)


def test_a_neighbour_that_comes_back_is_waited_for(world):
    world.add_host("host1")
    world.networks.break_next("create_port", errors.Unavailable("The network service is away."))
    server_id = ask(world)
    settle(world)
    assert world.server(server_id).state == "active"
    erase(world, server_id)


@pytest.mark.parametrize(("outage_timeout", "ends"), [(600, "active"), (1, "error")])
def test_an_outage_is_waited_out_by_time_not_by_count(world, outage_timeout, ends):
    """Three tries, 0.5 and 1 second apart, where one would be allowed for another failure."""
    world.cloud.conf.set_override("max_failures", 1, "conductor")
    world.cloud.conf.set_override("outage_timeout", outage_timeout, "conductor")
    world.add_host("host1")
    away = errors.Unavailable("The network service is away.")
    world.networks.break_next("create_port", away, times=2)
    server_id = ask(world)
    settle(world)
    assert world.server(server_id).state == ends
    erase(world, server_id)


def test_the_users_port_is_taken_and_given_back(world):
    world.add_host("host1")
    mine = world.networks.add_port(world.network.id)
    server_id = ask(world, networks=(NetworkRequest(port_id=mine.id),))
    settle(world)
    assert world.networks.get_port(mine.id).device_id == server_id
    delete.delete(world.cloud, world.context(), world.server(server_id))
    settle(world)
    assert world.networks.get_port(mine.id).device_id == ""


def test_delete_at_any_moment_of_a_boot(world):
    """After each look of a runner at the boot saga, a server is deleted."""
    world.add_host("host1")
    runner = world.runner()
    for looks in range(6):
        server_id = ask(world)
        for _ in range(looks):
            run_due(world, runner)
        try:
            server = find_server.by_id(world.cloud, server_id)
        except errors.NotFound:
            continue
        delete.delete(world.cloud, world.context(), server)
        delete.delete(world.cloud, world.context(), server)
        settle(world)
        assert world.server(server_id).deleted
        assert world.left() == NOTHING


def test_delete_while_the_server_moves_to_its_cell(world, monkeypatch):
    """A deletion asked between the copy and the end of the move is carried out too."""
    world.add_host("host1")
    server_id = ask(world)
    moved = []

    def in_between(conn, _server_id, target):
        result = true_move(conn, _server_id, target)
        if not moved and target == CELL1:
            moved.append(True)
            stale = world.server(server_id)
            asked = msgspec.structs.replace(stale, cell_id=CELL0)
            threading.Thread(
                target=delete.delete, args=(world.cloud, world.context(), asked)
            ).start()
        return result

    from nova_appliance.db import server_mappings  # noqa: PLC0415 - patched here only

    true_move = server_mappings.move
    monkeypatch.setattr(server_mappings, "move", in_between)
    run_due(world, world.runner())
    assert clock.wait_for(
        lambda: any(
            row["name"] == "delete" for c in (CELL0, CELL1) for row in world.rows(cell.SAGAS, c)
        ),
        60,
    )
    settle(world)
    assert moved
    assert world.server(server_id).deleted
    assert world.left() == NOTHING


def test_delete_on_a_host_that_is_down(world):
    service = world.add_host("host1")
    server_id = ask(world)
    settle(world)
    service.agent.over.set()
    with world.cloud.cells.database(CELL1).write() as conn:
        conn.execute(cell.SERVICES.update().values(forced_down=True))
    delete.delete(world.cloud, world.context(), world.server(server_id))
    settle(world)
    assert world.server(server_id).deleted
    left = world.left()
    assert left["guests"] == [server_id]
    assert left["claims"] == left["ports"] == left["mappings"] == []
