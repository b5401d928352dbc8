# SPDX-License-Identifier: Apache-2.0
"""Services over HTTP, at both generations of URLs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.compute_api import USER, ComputeApi

from nova_appliance.common import clock, ids
from nova_appliance.db.tables.api import CELLS, HOSTS
from nova_appliance.db.tables.cell import SERVICES

PATH = "/os-services"
COMPUTE = {"host": "h1", "binary": "nova-compute"}
BASE = {"id", "binary", "host", "zone", "status", "state", "updated_at", "disabled_reason"}


@pytest.fixture
def api(api: ComputeApi) -> ComputeApi:
    api.add_host("h1")
    api.add_host("c", "nova-scheduler")
    return api


def services(api: ComputeApi, query: str = "", version: str = "2.104") -> list[Any]:
    listed: list[Any] = api.get(f"{PATH}{query}", version).data["services"]
    return listed


def the_compute(api: ComputeApi) -> Any:
    return next(each for each in services(api) if each["binary"] == "nova-compute")


@pytest.mark.parametrize(
    ("version", "more", "kind"),
    [("2.1", set(), int), ("2.11", {"forced_down"}, int), ("2.53", {"forced_down"}, str)],
)
def test_fields_by_version(api: ComputeApi, version: str, more: set[str], kind: type) -> None:
    for each in services(api, version=version):
        assert set(each) == BASE | more
        assert type(each["id"]) is kind


def test_filters(api: ComputeApi) -> None:
    assert [each["host"] for each in services(api, "?binary=nova-scheduler")] == ["c"]
    assert [each["binary"] for each in services(api, "?host=h1")] == ["nova-compute"]
    assert services(api, "?host=nowhere") == []
    assert api.get(f"{PATH}?what=1", "2.74").status == 200
    assert api.get(f"{PATH}?what=1", "2.75").status == 400
    assert api.get(PATH, who=USER).status == 403


def test_silent_services_are_down(api: ComputeApi) -> None:
    old = clock.SYSTEM.now() - dt.timedelta(seconds=61)
    with api.cloud.cells.database(CELL1).write() as conn:
        conn.execute(sa.update(SERVICES).values(last_seen_at=old))
    assert {each["state"] for each in services(api)} == {"down"}


def test_old_urls(api: ComputeApi) -> None:
    got = api.put(f"{PATH}/disable", COMPUTE)
    assert got.data == {"service": COMPUTE | {"status": "disabled"}}
    body = COMPUTE | {"disabled_reason": "repair"}
    got = api.put(f"{PATH}/disable-log-reason", body)
    assert got.data == {"service": body | {"status": "disabled"}}
    assert the_compute(api)["disabled_reason"] == "repair"
    with api.cloud.cells.api.read() as conn:
        assert conn.execute(sa.select(HOSTS.c.disabled)).scalar_one()
    assert api.put(f"{PATH}/disable-log-reason", COMPUTE).status == 400
    got = api.put(f"{PATH}/enable", COMPUTE)
    assert got.data == {"service": COMPUTE | {"status": "enabled"}}
    assert the_compute(api)["disabled_reason"] is None
    with api.cloud.cells.api.read() as conn:
        assert not conn.execute(sa.select(HOSTS.c.disabled)).scalar_one()
    forced = COMPUTE | {"forced_down": "true"}
    assert api.put(f"{PATH}/force-down", forced, "2.10").status == 404
    got = api.put(f"{PATH}/force-down", forced, "2.11")
    assert got.data == {"service": COMPUTE | {"forced_down": True}}
    assert the_compute(api)["state"] == "down"
    assert api.put(f"{PATH}/force-down", COMPUTE, "2.11").status == 400


@pytest.mark.parametrize("verb", ["enable", "disable", "disable-log-reason", "force-down"])
def test_old_urls_end_at_2_52(api: ComputeApi, verb: str) -> None:
    body = COMPUTE | {"disabled_reason": "x"}
    body |= {"forced_down": False} if verb == "force-down" else {}
    assert api.put(f"{PATH}/{verb}", body, "2.52").status == 200
    assert api.put(f"{PATH}/{verb}", {"status": "enabled"}, "2.53").status == 400


def test_new_urls(api: ComputeApi) -> None:
    path = f"{PATH}/{the_compute(api)['id']}"
    body = {"status": "disabled", "disabled_reason": "repair", "forced_down": True}
    assert api.put(path, body, "2.52").status == 404
    shown = api.put(path, body, "2.53").data["service"]
    assert set(shown) == BASE | {"forced_down"}
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "repair")
    assert (shown["forced_down"], shown["state"]) == (True, "down")
    shown = api.put(path, {"status": "enabled", "forced_down": "no"}, "2.104").data["service"]
    assert (shown["status"], shown["disabled_reason"], shown["state"]) == ("enabled", None, "up")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"disabled_reason": "x"},
        {"status": "enabled", "disabled_reason": "x"},
        {"status": "on"},
        {"host": "h1"},
        {"forced_down": "perhaps"},
        {"status": "disabled", "disabled_reason": "x" * 256},
    ],
)
def test_bad_changes(api: ComputeApi, body: dict[str, Any]) -> None:
    path = f"{PATH}/{the_compute(api)['id']}"
    assert api.put(path, body, "2.53").status == 400


def test_only_computes_change(api: ComputeApi) -> None:
    scheduler = {"host": "c", "binary": "nova-scheduler"}
    assert api.put(f"{PATH}/disable", scheduler).status == 400
    assert api.put(f"{PATH}/disable", COMPUTE | {"host": "no"}).status == 404
    (found,) = services(api, "?host=c")
    got = api.put(f"{PATH}/{found['id']}", {"status": "disabled"}, "2.53")
    assert got.status == 400
    assert "Only nova-compute services" in got.message
    assert api.put(f"{PATH}/{ids.new_id()}", {"status": "disabled"}, "2.53").status == 404
    assert api.put(f"{PATH}/7", {"status": "disabled"}, "2.53").message == "Invalid uuid 7"
    assert api.put(f"{PATH}/disable", COMPUTE, who=USER).status == 403


def test_delete(api: ComputeApi) -> None:
    number = api.post("/os-aggregates", {"aggregate": {"name": "a"}}).data["aggregate"]["id"]
    api.post(f"/os-aggregates/{number}/action", {"add_host": {"host": "h1"}})
    path = f"{PATH}/{the_compute(api)['id']}"
    with api.cloud.cells.api.write() as conn:
        conn.execute(sa.update(HOSTS).values(servers=1))
    assert api.delete(path, "2.53").status == 409
    with api.cloud.cells.api.write() as conn:
        conn.execute(sa.update(HOSTS).values(servers=0))
    got = api.delete(path, "2.53")
    assert (got.status, got.data) == (204, None)
    assert api.delete(path, "2.53").status == 404
    assert api.get("/os-hypervisors").data["hypervisors"] == []
    assert api.get(f"/os-aggregates/{number}").data["aggregate"]["hosts"] == []


def test_delete_by_number(api: ComputeApi) -> None:
    number = services(api, "?host=c", "2.52")[0]["id"]
    assert api.delete(f"{PATH}/{number}", "2.52").status == 204
    assert api.delete(f"{PATH}/{number}", "2.52").status == 404
    assert api.delete(f"{PATH}/x", "2.52").status == 400
    assert api.delete(f"{PATH}/5", "2.53").status == 400


def test_hosts_of_a_lost_cell_are_unknown(api: ComputeApi) -> None:
    lost = "mysql+pymysql://nova:secret@127.0.0.1:1/nova"
    with api.cloud.cells.api.write() as conn:
        this = sa.update(CELLS).where(CELLS.c.id == CELL1)
        conn.execute(this.values(database_connection=lost))
    api.cloud.cells.forget()
    assert services(api, version="2.68") == []
    assert services(api, version="2.69") == [COMPUTE | {"status": "UNKNOWN"}]
    assert services(api, "?host=other", version="2.69") == []
