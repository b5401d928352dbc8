# SPDX-License-Identifier: Apache-2.0
"""Hypervisors over HTTP: lists, pages, searches, sums and uptime at all versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import UPTIME, USER, ComputeApi, agent

from nova_appliance.common import ids
from nova_appliance.db.tables.cell import SERVICES

PATH = "/os-hypervisors"
BRIEF = {"id", "hypervisor_hostname", "state", "status"}
DETAIL = BRIEF | {"hypervisor_type", "hypervisor_version", "host_ip", "service"}
SUMS = {
    "vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used",
    "free_ram_mb", "free_disk_gb", "current_workload", "running_vms", "disk_available_least",
}  # fmt: skip


@pytest.fixture
def api(api: ComputeApi) -> ComputeApi:
    for name in ("h1", "h2", "h3"):
        api.add_host(name)
    return api


def names(answer: Any) -> list[str]:
    return [each["hypervisor_hostname"].split(".")[0] for each in answer.data["hypervisors"]]


@pytest.mark.parametrize(
    ("version", "fields", "kind"),
    [
        ("2.1", DETAIL | SUMS | {"cpu_info"}, int),
        ("2.52", DETAIL | SUMS | {"cpu_info"}, int),
        ("2.53", DETAIL | SUMS | {"cpu_info"}, str),
        ("2.87", DETAIL | SUMS | {"cpu_info"}, str),
        ("2.88", DETAIL | {"uptime"}, str),
        ("2.104", DETAIL | {"uptime"}, str),
    ],
)
def test_fields_by_version(api: ComputeApi, version: str, fields: set[str], kind: type) -> None:
    listed = api.get(f"{PATH}/detail", version).data["hypervisors"][0]
    assert set(listed) == fields
    assert type(listed["id"]) is kind
    assert type(listed["service"]["id"]) is kind
    shown = api.get(f"{PATH}/{listed['id']}", version).data["hypervisor"]
    assert shown == listed
    assert set(api.get(PATH, version).data["hypervisors"][0]) == BRIEF


def test_cpu_info_is_text_before_2_28(api: ComputeApi) -> None:
    old, new = (
        api.get(f"{PATH}/detail", version).data["hypervisors"][0]["cpu_info"]
        for version in ("2.27", "2.28")
    )
    assert json.loads(old) == new == {"arch": "x86_64"}


def test_pages(api: ComputeApi) -> None:
    assert names(api.get(f"{PATH}?limit=1", "2.32")) == ["h1", "h2", "h3"]
    page = api.get(f"{PATH}?limit=2", "2.33")
    assert names(page) == ["h1", "h2"]
    assert page.data["hypervisors_links"][0]["href"].endswith(f"{PATH}?limit=2&marker=2")
    assert names(api.get(f"{PATH}?limit=2&marker=2", "2.33")) == ["h3"]
    second = api.get(PATH, "2.53").data["hypervisors"][1]["id"]
    assert names(api.get(f"{PATH}/detail?marker={second}", "2.53")) == ["h3"]
    for marker, version in (("9", "2.33"), ("x", "2.33"), (ids.new_id(), "2.53")):
        got = api.get(f"{PATH}?marker={marker}", version)
        assert (got.status, got.message) == (400, f"marker [{marker}] not found")


def test_searches(api: ComputeApi) -> None:
    query = "?hypervisor_hostname_pattern=h2"
    assert names(api.get(PATH + query, "2.53")) == ["h2"]
    assert names(api.get(f"{PATH}/h/search", "2.52")) == ["h1", "h2", "h3"]
    assert api.get(f"{PATH}/h/search", "2.53").status == 404
    assert api.get(PATH + query + "&limit=1", "2.53").status == 400
    assert api.get(PATH + query + "&marker=" + ids.new_id(), "2.53").status == 400
    assert "hypervisors_links" not in api.get(PATH + query, "2.53").data
    for path, version in ((f"{PATH}/zz/search", "2.1"), (f"{PATH}{query}zz", "2.53")):
        got = api.get(path, version)
        assert got.status == 404
        assert got.message.startswith("No hypervisor matching ")
    assert api.get(f"{PATH}?hypervisor_hostname_pattern=a%25b", "2.53").status == 400
    assert api.get(f"{PATH}/%25/search", "2.1").status == 404


def test_servers(api: ComputeApi) -> None:
    (server,) = put(api.cloud.cells, make_server(host="h1"))
    expected = [{"name": "instance-00000001", "uuid": server.id}]
    old = api.get(f"{PATH}/h/servers", "2.52").data["hypervisors"]
    assert [each.get("servers") for each in old] == [expected, None, None]
    for version, empty in (("2.53", None), ("2.74", None), ("2.75", [])):
        got = api.get(f"{PATH}?with_servers=true", version).data["hypervisors"]
        assert [each.get("servers") for each in got] == [expected, empty, empty]
        shown = api.get(f"{PATH}/{got[1]['id']}?with_servers=1", version).data["hypervisor"]
        assert shown.get("servers") == empty
    assert "servers" not in api.get(PATH, "2.104").data["hypervisors"][0]


@pytest.mark.parametrize(
    ("path", "version", "status"),
    [
        ("/x", "2.52", 404),
        ("/99", "2.52", 404),
        ("/" + "9" * 30, "2.52", 404),
        ("/1", "2.53", 400),
        ("/11111111-2222-4333-8444-000000000001", "2.53", 404),
        ("?with_servers=perhaps", "2.53", 400),
        ("?with_servers=1&with_servers=1", "2.53", 400),
        ("?what=1", "2.53", 400),
        ("?what=1", "2.52", 200),
        ("?limit=-1", "2.33", 400),
        ("/statistics", "2.88", 400),
        ("/1/uptime", "2.88", 404),
    ],
)
def test_refusals(api: ComputeApi, path: str, version: str, status: int) -> None:
    assert api.get(PATH + path, version).status == status


def test_statistics(api: ComputeApi) -> None:
    api.put("/os-services/disable", {"host": "h3", "binary": "nova-compute"})
    sums = api.get(f"{PATH}/statistics").data["hypervisor_statistics"]
    assert set(sums) == SUMS | {"count"}
    assert (sums["count"], sums["vcpus"], sums["free_ram_mb"]) == (2, 16, 2 * 16384)


def test_administrators_only(api: ComputeApi) -> None:
    for path in ("", "/detail", "/1", "/statistics", "/h/search", "/h/servers", "/1/uptime"):
        assert api.get(PATH + path, who=USER).status == 403


def test_nodes_without_service_are_not_shown(api: ComputeApi) -> None:
    with api.cloud.cells.database(CELL1).write() as conn:
        conn.execute(sa.delete(SERVICES).where(SERVICES.c.host == "h2"))
    assert names(api.get(PATH)) == ["h1", "h3"]
    assert api.get(f"{PATH}/2").status == 404


@pytest.fixture
def compute(api: ComputeApi) -> Iterator[None]:
    with agent(api, "h1"):
        yield


@pytest.mark.usefixtures("compute")
def test_uptime(api: ComputeApi) -> None:
    shown = api.get(f"{PATH}/1/uptime", "2.52").data["hypervisor"]
    assert shown["uptime"] == UPTIME
    assert set(shown) == BRIEF | {"uptime"}
    forced = {"host": "h1", "binary": "nova-compute", "forced_down": True}
    api.put("/os-services/force-down", forced, "2.11")
    got = api.get(f"{PATH}/1/uptime", "2.52")
    assert (got.status, got.message) == (
        400,
        "Compute service of h1 is unavailable at this time.",
    )
    assert api.get(f"{PATH}/99/uptime", "2.52").status == 404
