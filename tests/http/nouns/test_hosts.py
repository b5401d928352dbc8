# SPDX-License-Identifier: Apache-2.0
"""Hosts over HTTP, up to 2.42."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.cells import make_server, put
from fixtures.compute_api import PROJECT, USER, ComputeApi

from nova_appliance.db import hosts
from nova_appliance.domain.host import Amounts

PATH = "/os-hosts"
COMPUTE = {"host": "h1", "binary": "nova-compute"}


@pytest.fixture
def api(api: ComputeApi) -> ComputeApi:
    api.add_host("h1")
    api.add_host("c", "nova-scheduler")
    return api


def listed(api: ComputeApi, query: str = "") -> list[Any]:
    rows: list[Any] = api.get(f"{PATH}{query}", "2.42").data["hosts"]
    return rows


def test_lists(api: ComputeApi) -> None:
    compute = {"host_name": "h1", "service": "compute", "zone": "nova"}
    scheduler = {"host_name": "c", "service": "scheduler", "zone": "internal"}
    assert listed(api) == [compute, scheduler]
    assert listed(api, "?zone=internal") == [scheduler]
    assert api.put(f"{PATH}/h1", {"status": "Disable"}).data == {
        "host": "h1",
        "status": "disabled",
    }
    assert listed(api) == [scheduler]
    assert api.put(f"{PATH}/h1", {"status": "ENABLE"}).data["status"] == "enabled"
    assert listed(api) == [compute, scheduler]


def test_use(api: ComputeApi) -> None:
    (server,) = put(api.cloud.cells, make_server(project_id=PROJECT))
    with api.cloud.cells.api.write() as conn:
        (node,) = hosts.list_(conn)
        assert hosts.claim(conn, node.id, server.id, Amounts(vcpus=2, memory_mib=64, disk_gib=3))
    rows = [row["resource"] for row in api.get(f"{PATH}/h1").data["host"]]
    assert [(row["project"], row["cpu"], row["memory_mb"], row["disk_gb"]) for row in rows] == [
        ("(total)", 8, 16384, 100),
        ("(used_now)", 2, 64, 3),
        ("(used_max)", 2, 64, 3),
        (PROJECT, 2, 64, 3),
    ]
    assert api.get(f"{PATH}/nowhere").message == "Compute host nowhere could not be found."


@pytest.mark.parametrize("verb", ["reboot", "shutdown", "startup"])
def test_nobody_powers_hosts(api: ComputeApi, verb: str) -> None:
    assert api.get(f"{PATH}/h1/{verb}").status == 501
    assert api.get(f"{PATH}/nowhere/{verb}").status == 404
    assert api.get(f"{PATH}/h1/{verb}", "2.43").status == 404
    forced = COMPUTE | {"forced_down": True}
    api.put("/os-services/force-down", forced, "2.11")
    assert api.get(f"{PATH}/h1/{verb}").status == 400


def test_refusals(api: ComputeApi) -> None:
    assert api.put(f"{PATH}/h1", {"maintenance_mode": "enable"}).status == 501
    for body in ({}, {"status": "on"}, {"status": "enable", "x": 1}):
        assert api.put(f"{PATH}/h1", body).status == 400
    assert api.put(f"{PATH}/nowhere", {"status": "enable"}).status == 404
    for path in ("", "/h1"):
        assert api.get(PATH + path, who=USER).status == 403
        assert api.get(PATH + path, "2.43").status == 404
