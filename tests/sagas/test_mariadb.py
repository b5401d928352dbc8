# SPDX-License-Identifier: Apache-2.0
"""Sagas on a real MariaDB: crashes between three databases, and many who want the same at once."""

import threading

import pytest
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete
from nova_appliance.common import clock, errors
from nova_appliance.db import quotas
from nova_appliance.db.tables import api

from . import test_generic as generic

SOME = [(name, step) for name, step in generic.STEPS if name in ("boot", "delete", "stop")]
each_step = pytest.mark.parametrize(("name", "step"), SOME, ids=generic.ids_of(SOME))


@pytest.fixture(scope="module")
def world(tmp_path_factory, mariadb):
    folder = tmp_path_factory.mktemp("world")
    world = World(folder, lambda name: mariadb.url(f"one_{name}"), lease=1, max_failures=1)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


@each_step
def test_a_failure_at_any_step_unwinds(world, name, step):
    generic.test_a_failure_at_any_step_unwinds(world, name, step)
    assert world.left() == NOTHING


@each_step
def test_a_crash_between_two_databases_is_resumed(world, monkeypatch, name, step):
    generic.test_a_crash_between_the_servers_and_the_sagas_database_is_resumed(
        world, monkeypatch, name, step
    )
    assert world.left() == NOTHING


@pytest.fixture
def crowd(tmp_path, mariadb):
    """Two conductors, two schedulers, three hosts."""
    world = World(tmp_path, lambda name: mariadb.url(f"crowd_{name}"))
    world.start("host1", "host2", "host3")
    world.add_conductor()
    world.add_scheduler()
    yield world
    world.stop()


def in_parallel(count, work):
    """Let so many threads do it at once; the results, and the errors of our families."""
    results, refused, start = [], [], threading.Barrier(count)

    def one():
        start.wait(60)
        try:
            results.append(work())
        except errors.ApplianceError as error:
            refused.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results, refused


def test_fifty_in_parallel_are_booted_and_deleted_in_parallel(crowd):
    def ask():
        (server,) = boot.boot(crowd.cloud, crowd.context(), crowd.request()).servers
        return server.id

    server_ids, refused = in_parallel(50, ask)
    assert (len(server_ids), refused) == (50, [])
    active = iter([crowd.wait_active(server_id, 60) for server_id in server_ids])
    hosts = crowd.rows(api.HOSTS)
    assert sum(row["vcpus_used"] for row in hosts) == len(crowd.rows(api.CLAIMS)) == 50
    assert sum(row["building"] for row in hosts) == 0
    in_parallel(50, lambda: delete.delete(crowd.cloud, crowd.context(), next(active)))
    assert clock.wait_for(lambda: not crowd.open_sagas(), 60, 0.1)
    assert crowd.left() == NOTHING


def test_quotas_hold_under_parallel_requests(crowd):
    with crowd.cloud.cells.api.write() as conn:
        quotas.change(conn, "p1", {"instances": 17})
    server_ids, refused = in_parallel(
        40, lambda: boot.boot(crowd.cloud, crowd.context(), crowd.request()).servers[0].id
    )
    assert (len(server_ids), len(refused)) == (17, 23)
    assert {type(error) for error in refused} == {errors.OverQuota}
    assert len(crowd.rows(api.SERVER_MAPPINGS)) == 17
    for server_id in server_ids:
        crowd.wait_active(server_id, 60)


def test_two_schedulers_never_give_a_host_more_than_it_has(crowd):
    """36 servers want to go where 30 have room."""
    with crowd.cloud.cells.api.write() as conn:
        conn.execute(api.HOSTS.update().values(vcpus_limit=10))
    server_ids, refused = in_parallel(
        36, lambda: boot.boot(crowd.cloud, crowd.context(), crowd.request()).servers[0].id
    )
    assert refused == []
    ended = [
        crowd.wait(server_id, lambda s: s.task is None and s.state != "building", 60)
        for server_id in server_ids
    ]
    states = sorted(server.state for server in ended)
    assert states == ["active"] * 30 + ["error"] * 6
    assert [row["vcpus_used"] for row in crowd.rows(api.HOSTS)] == [10, 10, 10]
