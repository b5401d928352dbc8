# SPDX-License-Identifier: Apache-2.0
"""Chores of the conductor, and what it answers hosts."""

import datetime as dt

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server, put
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot
from nova_appliance.conductor import chores
from nova_appliance.conductor.hosts_say import HostsSay
from nova_appliance.db import sagas, server_actions, server_mappings, servers
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import api, cell
from nova_appliance.domain.saga import Due
from nova_appliance.rpc.orders import ELSEWHERE, ExpectedServers, PowerSeen

OLD = dt.datetime(2020, 1, 1)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("offload shelved servers", "shelved_poll_interval"),
        ("heal addresses", "heal_instance_info_cache_interval"),
    ],
)
def test_an_interval_is_the_options_a_minute_or_never(world, name, option):
    conf = world.cloud.conf
    found = {}
    for said in (7, 0, -1):
        conf.set_override(option, said)
        found[said] = {row[0]: row[1] for row in chores.rounds(conf)}.get(name)
    assert found == {7: 7, 0: 60, -1: None}
    assert len(list(chores.rounds(conf))) == len(chores.CHORES) - 1


def test_mappings_without_a_server_go_after_a_while(world):
    orphan = make_server(cell_id=CELL0)
    mapping = server_mappings.Mapping(
        server_id=orphan.id, cell_id=CELL0, project_id="p1", user_id="u1", vcpus=1, memory_mib=1
    )
    with world.cloud.cells.api.write() as conn:
        server_mappings.add(conn, (mapping,))
    put(world.cloud.cells, make_server(2, deleted=True, row=7))
    living = put(world.cloud.cells, make_server(1, cell_id=CELL0))[0]
    (moving,) = boot.boot(world.cloud, world.context(), world.request()).servers
    with world.cloud.cells.database(CELL0).write() as conn:
        servers.drop(conn, moving.id)
    _date_mappings(world, world.cloud.clock.now())
    assert chores.remove_orphans(world.cloud) == 0
    _date_mappings(world, OLD)
    assert chores.remove_orphans(world.cloud) == 1
    assert chores.remove_strays(world.cloud) == 1
    left = [row["server_id"] for row in world.rows(api.SERVER_MAPPINGS)]
    assert left == [living.id, moving.id]


def _date_mappings(world, created_at):
    with world.cloud.cells.api.write() as conn:
        conn.execute(sa.update(api.SERVER_MAPPINGS).values(created_at=created_at))


def test_sagas_that_ended_long_ago_are_forgotten_and_long_ones_named(world, caplog):
    boot.boot(world.cloud, world.context(), world.request(max_count=2, min_count=2))
    first, second = world.rows(cell.SAGAS, CELL0)
    with world.cloud.cells.database(CELL0).write() as conn:
        ended = sa.update(cell.SAGAS).where(cell.SAGAS.c.id == first["id"])
        conn.execute(ended.values(state="done", updated_at=OLD))
        conn.execute(sa.update(cell.SAGAS).values(created_at=OLD))
    assert chores.forget_sagas(world.cloud) == 1
    assert [row["id"] for row in world.rows(cell.SAGAS, CELL0)] == [second["id"]]
    assert chores.name_stuck(world.cloud) == 1
    assert second["server_id"] in caplog.text


def test_builds_that_take_too_long_turn_back(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    with world.cloud.cells.database(CELL0).write() as conn:
        conn.execute(sa.update(cell.SAGAS).values(created_at=OLD))
    assert chores.end_long_builds(world.cloud) == 0
    world.cloud.conf.set_override("instance_build_timeout", 100)
    assert chores.end_long_builds(world.cloud) == 1
    settle(world)
    ended = world.server(server.id)
    assert (ended.state, ended.task, ended.cell_id) == ("error", None, CELL0)
    assert "took too long" in ended.fault.message


def test_hosts_are_told_what_belongs_to_them_and_what_must_go(world):
    here, elsewhere, gone = put(
        world.cloud.cells,
        make_server(1, host="h1"),
        make_server(2, host="h2"),
        make_server(3, host="h1", deleted=True, row=77),
    )
    stranger = make_server(4)
    order = ExpectedServers(host="h1", seen=(here.id, elsewhere.id, gone.id, stranger.id))
    expected = HostsSay(world.cloud).expected_servers(world.context(), order).servers
    assert {(one.id, one.deleted, one.state, one.lives_at) for one in expected} == {
        (here.id, False, "active", None),
        (elsewhere.id, True, ELSEWHERE, "h2"),
        (gone.id, True, "deleted", None),
    }
    assert next(one for one in expected if one.id == here.id).guest.server_id == here.id


def test_what_is_off_by_itself_is_stopped_and_what_is_stopped_stays_off(world):
    fields = {"host": "h1", "updated_at": OLD}
    servers_ = put(
        world.cloud.cells,
        make_server(1, **fields),
        make_server(2, state="stopped", power=4, **fields),
        make_server(3, task="rebooting", **fields),
        make_server(4, host="h1", updated_at=world.cloud.clock.now()),
        make_server(5, **fields),
        make_server(6, state="suspended", power=7, **fields),
        make_server(7, state="paused", power=3, **fields),
        make_server(8, host="h2", updated_at=OLD),
        make_server(9, state="stopped", power=1, **fields),
    )
    powers = (4, 1, 4, 4, 3, 4, 6, 4, 4)
    seen = tuple((s.id, power) for s, power in zip(servers_, powers, strict=True))
    HostsSay(world.cloud).power_seen(world.context(), PowerSeen(host="h1", seen=seen))
    with world.cloud.cells.database(CELL1).read() as conn:
        rows = servers.some(conn, CELL1, [server.id for server in servers_])
        (action,) = server_actions.list_(conn, servers_[0].id)
    assert [(rows[s.id].state, rows[s.id].task, rows[s.id].power) for s in servers_] == [
        ("stopped", None, 4),
        ("stopped", "powering-off", 4),
        ("active", "rebooting", 1),
        ("active", None, 1),
        ("active", None, 3),
        ("suspended", None, 4),
        ("stopped", None, 6),
        ("active", None, 1),
        ("stopped", None, 4),
    ]
    assert (action.action, action.finished_at is not None) == ("stop", True)
    (saga,) = world.rows(cell.SAGAS, CELL1)
    assert (saga["name"], saga["server_id"]) == ("stop", servers_[1].id)


def test_a_look_later_than_the_last_change_counts_at_once(world):
    now = world.cloud.clock.now()
    changed = now - dt.timedelta(seconds=5)
    older, newer = put(
        world.cloud.cells,
        make_server(1, host="h1", updated_at=changed),
        make_server(2, host="h1", updated_at=changed - dt.timedelta(seconds=4)),
    )
    seen = ((older.id, 4), (newer.id, 4))
    looked_at = changed - dt.timedelta(seconds=1)
    HostsSay(world.cloud).power_seen(
        world.context(), PowerSeen(host="h1", seen=seen, looked_at=looked_at)
    )
    assert states_of(world, older, newer) == ["active", "stopped"]
    HostsSay(world.cloud).power_seen(
        world.context(), PowerSeen(host="h1", seen=seen, looked_at=now)
    )
    assert states_of(world, older, newer) == ["stopped", "stopped"]


def states_of(world, *wanted):
    with world.cloud.cells.database(CELL1).read() as conn:
        rows = servers.some(conn, CELL1, [server.id for server in wanted])
    return [rows[server.id].state for server in wanted]


def test_what_is_due_is_found_in_the_order_of_waiting(world):
    boot.boot(world.cloud, world.context(), world.request())
    (row,) = world.rows(cell.SAGAS, CELL0)
    with world.cloud.cells.database(CELL0).read() as conn:
        (due,) = sagas.due(conn, CELL0, world.cloud.clock.now(), 10)
        assert sagas.due(conn, CELL0, OLD, 10) == ()
    assert due == Due(cell_id=CELL0, saga_id=row["id"], wake_at=row["wake_at"])
