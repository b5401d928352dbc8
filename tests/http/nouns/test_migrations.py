# SPDX-License-Identifier: Apache-2.0
"""GET of migrations: who sees what of them, at which version, in pages."""

from __future__ import annotations

import datetime as dt

import pytest
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import PROJECT, USER, ComputeApi

from nova_appliance.common import clock, ids
from nova_appliance.db import server_migrations
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.migration import Amount, Migration

SMALL = Flavor(id="1", name="small", vcpus=1, memory_mib=64, root_gib=1, row=3)
LARGE = Flavor(id="2", name="large", vcpus=2, memory_mib=128, root_gib=1, row=4)


def add(api: ComputeApi, server_id: str, number: int = 0, **fields: object) -> Migration:
    facts = {
        "id": ids.new_id(),
        "cell_id": CELL1,
        "server_id": server_id,
        "kind": "resize",
        "status": "finished",
        "project_id": PROJECT,
        "user_id": "u1",
        "source_host": "h1",
        "target_host": "h2",
        "old_flavor": SMALL,
        "new_flavor": LARGE,
        "created_at": clock.SYSTEM.now() + dt.timedelta(seconds=number),
    }
    migration = Migration(**{**facts, **fields})
    with api.cloud.cells.database(CELL1).write() as conn:
        server_migrations.add(conn, migration)
    return migration


@pytest.fixture
def server_id(api: ComputeApi) -> str:
    server = make_server(1, project_id=PROJECT)
    put(api.cloud.cells, server)
    return server.id


def test_an_administrator_sees_all_of_a_migration(api: ComputeApi, server_id: str) -> None:
    made = add(api, server_id)
    (seen,) = api.get("/os-migrations", "2.1").data["migrations"]
    assert seen["instance_uuid"] == server_id
    assert (seen["source_compute"], seen["dest_compute"]) == ("h1", "h2")
    assert (seen["old_instance_type_id"], seen["new_instance_type_id"]) == (3, 4)
    assert "migration_type" not in seen
    (seen,) = api.get("/os-migrations", "2.80").data["migrations"]
    assert (seen["uuid"], seen["migration_type"], seen["user_id"]) == (made.id, "resize", "u1")


def test_filters_choose(api: ComputeApi, server_id: str) -> None:
    add(api, server_id, 1, status="confirmed")
    add(api, server_id, 2, kind="evacuation", status="done", source_host="h9")
    for query, count in (
        ("status=confirmed", 1),
        ("migration_type=evacuation", 1),
        ("host=h2", 2),
        ("source_compute=h9", 1),
        (f"instance_uuid={ids.new_id()}", 0),
    ):
        got = api.get(f"/os-migrations?{query}", "2.80")
        assert len(got.data["migrations"]) == count, query


def test_pages_are_linked_newest_first(api: ComputeApi, server_id: str) -> None:
    made = [add(api, server_id, number) for number in range(3)]
    first = api.get("/os-migrations?limit=2", "2.59").data
    assert [one["uuid"] for one in first["migrations"]] == [made[2].id, made[1].id]
    assert f"marker={made[1].id}" in first["migrations_links"][0]["href"]
    rest = api.get(f"/os-migrations?limit=2&marker={made[1].id}", "2.59").data
    assert [one["uuid"] for one in rest["migrations"]] == [made[0].id]
    assert api.get(f"/os-migrations?marker={ids.new_id()}", "2.59").status == 400


@pytest.mark.parametrize(
    ("query", "version"),
    [
        ("unknown=1", "2.59"),
        ("limit=-1", "2.59"),
        ("changes-since=never", "2.59"),
        ("changes-before=2026-01-01T00:00:00Z", "2.65"),
        ("changes-since=2026-02-01T00:00:00Z&changes-before=2026-01-01T00:00:00Z", "2.66"),
        ("user_id=u", "2.79"),
        ("limit=1&limit=2", "2.59"),
    ],
)
def test_wrong_queries_are_refused(api: ComputeApi, query: str, version: str) -> None:
    assert api.get(f"/os-migrations?{query}", version).status == 400


def test_a_member_sees_none(api: ComputeApi, server_id: str) -> None:
    add(api, server_id)
    assert api.get("/os-migrations", "2.80", who=USER).status == 403
    assert api.get(f"/servers/{server_id}/migrations", "2.80", who=USER).status == 403


def test_a_server_shows_live_migrations_that_go_on(api: ComputeApi, server_id: str) -> None:
    add(api, server_id)
    add(api, server_id, kind="live-migration", status="completed")
    memory = Amount(total=100, processed=40, remaining=60)
    add(api, server_id, kind="live-migration", status="running", memory=memory)
    (seen,) = api.get(f"/servers/{server_id}/migrations", "2.23").data["migrations"]
    assert (seen["memory_remaining_bytes"], seen["server_uuid"]) == (60, server_id)
    assert "uuid" not in seen
    one = api.get(f"/servers/{server_id}/migrations/{seen['id']}", "2.80").data["migration"]
    assert one["status"] == "running"
    assert one["project_id"] == PROJECT
    everywhere = api.get("/os-migrations?status=running", "2.23").data["migrations"]
    assert everywhere[0]["links"][0]["href"].endswith(f"/migrations/{seen['id']}")


@pytest.mark.parametrize("wrong", ["77", "x", "9" * 40, "-1"])
def test_what_is_no_migration_is_not_found(api: ComputeApi, server_id: str, wrong: str) -> None:
    assert api.get(f"/servers/{server_id}/migrations/{wrong}", "2.23").status == 404


def test_a_migration_that_is_over_is_not_found(api: ComputeApi, server_id: str) -> None:
    add(api, server_id, kind="live-migration", status="completed")
    row = api.get("/os-migrations", "2.23").data["migrations"][0]["id"]
    assert api.get(f"/servers/{server_id}/migrations/{row}", "2.23").status == 404
    assert api.get(f"/servers/{server_id}/migrations", "2.22").status == 404
