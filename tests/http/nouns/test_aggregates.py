# SPDX-License-Identifier: Apache-2.0
"""Host aggregates and availability zones over HTTP: a host is in one zone, servers never move."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from fixtures.compute_api import USER, ComputeApi

from nova_appliance.db.tables.api import HOSTS

PATH = "/os-aggregates"
FIELDS = {"id", "name", "availability_zone", "created_at", "updated_at", "deleted", "deleted_at"}


def create(api: ComputeApi, name: str, zone: str | None = None, version: str = "2.1") -> int:
    got = api.post(PATH, {"aggregate": {"name": name, "availability_zone": zone}}, version)
    assert got.status == 200, got.data
    return int(got.data["aggregate"]["id"])


def act(api: ComputeApi, number: int, action: str, value: Any) -> Any:
    return api.post(f"{PATH}/{number}/action", {action: value})


def add(api: ComputeApi, number: int, host: str) -> Any:
    return act(api, number, "add_host", {"host": host})


def set_metadata(api: ComputeApi, number: int, **metadata: Any) -> Any:
    return act(api, number, "set_metadata", {"metadata": metadata})


def occupy(api: ComputeApi, host: str) -> None:
    with api.cloud.cells.api.write() as conn:
        conn.execute(sa.update(HOSTS).where(HOSTS.c.host == host).values(servers=1))


@pytest.mark.parametrize(("version", "more"), [("2.40", set()), ("2.41", {"uuid"})])
def test_fields_by_version(api: ComputeApi, version: str, more: set[str]) -> None:
    body = {"aggregate": {"name": "a"}}
    assert set(api.post(PATH, body, version).data["aggregate"]) == FIELDS | more
    full = FIELDS | more | {"hosts", "metadata"}
    (listed,) = api.get(PATH, version).data["aggregates"]
    assert set(listed) == full
    assert api.get(f"{PATH}/{listed['id']}", version).data["aggregate"] == listed
    got = api.put(f"{PATH}/{listed['id']}", {"aggregate": {"name": "b"}}, version)
    assert set(got.data["aggregate"]) == full


def test_life(api: ComputeApi) -> None:
    api.add_host("h1")
    number = create(api, "a", "z1")
    assert add(api, number, "h1").data["aggregate"]["hosts"] == ["h1"]
    assert add(api, number, "h1").message == f"Aggregate {number} already has host h1."
    got = api.delete(f"{PATH}/{number}")
    assert got.status == 400
    assert "Host aggregate is not empty" in got.message
    assert act(api, number, "remove_host", {"host": "h1"}).data["aggregate"]["hosts"] == []
    got = act(api, number, "remove_host", {"host": "h1"})
    assert (got.status, got.message) == (404, f"Cannot remove host h1 in aggregate {number}")
    got = api.delete(f"{PATH}/{number}")
    assert (got.status, got.data) == (200, None)
    assert api.get(f"{PATH}/{number}").status == 404


def test_names_are_unique(api: ComputeApi) -> None:
    create(api, "a")
    number = create(api, "b")
    assert api.post(PATH, {"aggregate": {"name": "a"}}).message == "Aggregate a already exists."
    assert api.put(f"{PATH}/{number}", {"aggregate": {"name": "a"}}).status == 409


def test_metadata_merge(api: ComputeApi) -> None:
    number = create(api, "a")
    assert set_metadata(api, number, ssd="yes", x="y").status == 200
    got = set_metadata(api, number, x=None, availability_zone="z")
    assert got.data["aggregate"]["metadata"] == {"ssd": "yes", "availability_zone": "z"}
    assert got.data["aggregate"]["availability_zone"] == "z"
    assert set_metadata(api, number, availability_zone=None).status == 400
    assert set_metadata(api, number, availability_zone="").status == 400


def test_a_host_is_in_one_zone(api: ComputeApi) -> None:
    api.add_host("h1")
    first, second, plain = create(api, "a", "z1"), create(api, "b", "z2"), create(api, "c")
    add(api, first, "h1")
    assert add(api, second, "h1").status == 409
    assert add(api, plain, "h1").status == 200
    assert set_metadata(api, plain, availability_zone="z3").status == 400
    assert set_metadata(api, plain, availability_zone="z1").status == 200
    assert add(api, plain, "no-such-host").message == (
        "Host 'no-such-host' is not mapped to any cell"
    )


def test_servers_never_change_their_zone(api: ComputeApi) -> None:
    api.add_host("h1")
    zoned, plain, same = create(api, "a", "z1"), create(api, "b"), create(api, "c", "z1")
    occupy(api, "h1")
    assert add(api, zoned, "h1").status == 409
    assert add(api, plain, "h1").status == 200
    assert act(api, plain, "remove_host", {"host": "h1"}).status == 200
    with api.cloud.cells.api.write() as conn:
        conn.execute(sa.update(HOSTS).values(servers=0))
    add(api, zoned, "h1")
    occupy(api, "h1")
    assert act(api, zoned, "remove_host", {"host": "h1"}).status == 409
    body = {"aggregate": {"availability_zone": "z9"}}
    got = api.put(f"{PATH}/{zoned}", body)
    assert (got.status, "contain instances" in got.message) == (400, True)
    assert set_metadata(api, zoned, availability_zone="z9").status == 400
    assert api.put(f"{PATH}/{zoned}", {"aggregate": {"availability_zone": "z1"}}).status == 200
    assert add(api, same, "h1").status == 200
    assert act(api, zoned, "remove_host", {"host": "h1"}).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "availability_zone": "a:b"}, 400),
        ({"name": "x", "availability_zone": ""}, 400),
        ({"name": ""}, 400),
        ({"name": "x" * 256}, 400),
        ({"name": " x"}, 400),
        ({}, 400),
        ({"name": "x", "hosts": []}, 400),
        ({"name": "x", "availability_zone": None}, 200),
    ],
)
def test_bodies(api: ComputeApi, body: dict[str, Any], status: int) -> None:
    assert api.post(PATH, {"aggregate": body}).status == status


@pytest.mark.parametrize(
    ("number", "status"),
    [("x", 400), ("1.5", 400), ("77", 404), ("-1", 404), ("9" * 30, 404), ("9" * 300, 400)],
)
def test_ids(api: ComputeApi, number: str, status: int) -> None:
    assert api.get(f"{PATH}/{number}").status == status
    assert api.delete(f"{PATH}/{number}").status == status
    assert api.put(f"{PATH}/{number}", {"aggregate": {"name": "n"}}).status == status
    assert api.post(f"{PATH}/{number}/action", {"add_host": {"host": "h"}}).status in (status, 404)


def test_administrators_only(api: ComputeApi) -> None:
    number = create(api, "a")
    assert api.get(PATH, who=USER).status == 403
    assert api.post(PATH, {"aggregate": {"name": "b"}}, who=USER).status == 403
    assert api.delete(f"{PATH}/{number}", who=USER).status == 403
    assert api.get(f"{PATH}?x=1", "2.102").status == 400


def test_zones(api: ComputeApi) -> None:
    api.add_host("h1")
    api.add_host("h2")
    api.add_host("c", "nova-scheduler")
    add(api, create(api, "a", "z1"), "h2")
    listed = api.get("/os-availability-zone", who=USER).data["availabilityZoneInfo"]
    assert listed == [
        {"zoneName": name, "zoneState": {"available": True}, "hosts": None}
        for name in ("nova", "z1")
    ]
    detail = api.get("/os-availability-zone/detail").data["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in detail] == ["internal", "nova", "z1"]
    service = detail[2]["hosts"]["h2"]["nova-compute"]
    assert (service["available"], service["active"]) == (True, True)
    assert api.get("/os-availability-zone/detail", who=USER).status == 403
    api.put("/os-services/disable", {"host": "h2", "binary": "nova-compute"})
    detail = api.get("/os-availability-zone/detail").data["availabilityZoneInfo"]
    assert detail[2] == {"zoneName": "z1", "zoneState": {"available": False}, "hosts": None}
    assert api.get("/os-availability-zone?x=1", "2.102").status == 400
