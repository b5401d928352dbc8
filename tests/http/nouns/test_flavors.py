# SPDX-License-Identifier: Apache-2.0
"""Flavors over HTTP: every shape they have had, access lists, extra specs, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.compute_api import FOREIGNER, PROJECT, USER, ComputeApi

BASE = {"id", "name", "ram", "disk", "swap", "vcpus", "links", "OS-FLV-EXT-DATA:ephemeral"}
BASE |= {"os-flavor-access:is_public"}
OLD = {"rxtx_factor", "OS-FLV-DISABLED:disabled"}
FIELDS = {
    "2.1": BASE | OLD,
    "2.54": BASE | OLD,
    "2.55": BASE | OLD | {"description"},
    "2.61": BASE | OLD | {"description", "extra_specs"},
    "2.101": BASE | OLD | {"description", "extra_specs"},
    "2.102": BASE | {"description", "extra_specs"},
    "2.104": BASE | {"description", "extra_specs"},
}


def make(api: ComputeApi, flavor_id: str = "1", version: str = "2.1", **more: Any) -> Any:
    body = {"id": flavor_id, "name": f"m{flavor_id}", "ram": 512, "vcpus": 1, "disk": 1, **more}
    got = api.post("/flavors", {"flavor": body}, version)
    assert got.status == 200, got.data
    return got.data["flavor"]


@pytest.mark.parametrize(("version", "fields"), FIELDS.items())
def test_fields_by_version(api: ComputeApi, version: str, fields: set[str]) -> None:
    assert set(make(api, version=version)) == fields
    assert set(api.get("/flavors/1", version).data["flavor"]) == fields
    (listed,) = api.get("/flavors/detail", version).data["flavors"]
    assert set(listed) == fields
    (brief,) = api.get("/flavors", version).data["flavors"]
    assert set(brief) == {"id", "name", "links"} | (fields & {"description"})


@pytest.mark.parametrize(("version", "swap"), [("2.1", ""), ("2.74", ""), ("2.75", 0)])
def test_no_swap(api: ComputeApi, version: str, swap: object) -> None:
    assert make(api, version=version)["swap"] == swap


def test_numbers_as_texts_and_an_id_made_up(api: ComputeApi) -> None:
    made = api.post(
        "/flavors", {"flavor": {"name": "x", "ram": "64", "vcpus": "2", "disk": "0", "id": None}}
    ).data["flavor"]
    assert (made["ram"], made["vcpus"], made["disk"], len(made["id"])) == (64, 2, 0, 36)
    assert make(api, flavor_id=7)["id"] == "7"  # type: ignore[arg-type] - a number is fine


def test_taken_ids_and_names(api: ComputeApi) -> None:
    make(api)
    other = {"name": "m1", "ram": 1, "vcpus": 1, "disk": 1}
    assert api.post("/flavors", {"flavor": other}).message == "Flavor with name m1 already exists."
    got = api.post("/flavors", {"flavor": other | {"name": "b", "id": "1"}})
    assert (got.status, got.message) == (409, "Flavor with ID 1 already exists.")


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"name": " x"},
        {"ram": 0},
        {"ram": "9" * 5000},
        {"ram": "\n"},
        {"ram": "5\n"},
        {"id": "a\n"},
        {"ram": 2**31},
        {"vcpus": "two"},
        {"vcpus": None},
        {"disk": -1},
        {"id": "a/b"},
        {"id": ""},
        {"rxtx_factor": 0},
        {"rxtx_factor": "0.0"},
        {"os-flavor-access:is_public": "maybe"},
        {"unknown": 1},
        {"description": "x"},
    ],
)
def test_bad_flavors(api: ComputeApi, bad: dict[str, Any]) -> None:
    body = {"name": "x", "ram": 1, "vcpus": 1, "disk": 1, **bad}
    assert api.post("/flavors", {"flavor": body}).status == 400
    assert api.get("/flavors").data["flavors"] == []


def test_versions_bound_fields_of_bodies(api: ComputeApi) -> None:
    body = {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}
    factor = {"flavor": body | {"rxtx_factor": "2.5"}}
    assert api.post("/flavors", factor, "2.102").status == 400
    assert api.post("/flavors", factor, "2.101").data["flavor"]["rxtx_factor"] == 2.5
    described = {"flavor": body | {"name": "y", "description": "d"}}
    assert api.post("/flavors", described, "2.55").data["flavor"]["description"] == "d"
    newline = {"flavor": body | {"name": "z", "description": "a\nb"}}
    assert api.post("/flavors", newline, "2.55").status == 400


def test_description_changes(api: ComputeApi) -> None:
    make(api)
    body = {"flavor": {"description": "new"}}
    assert api.put("/flavors/1", body, "2.54").status == 404
    assert api.put("/flavors/1", body, "2.55").data["flavor"]["description"] == "new"
    assert api.put("/flavors/1", {"flavor": {"description": None}}, "2.104").status == 200
    assert api.put("/flavors/1", {"flavor": {"name": "x"}}, "2.55").status == 400
    assert api.put("/flavors/2", body, "2.55").message == "Flavor 2 could not be found."


def test_delete(api: ComputeApi) -> None:
    make(api)
    got = api.delete("/flavors/1")
    assert (got.status, got.data) == (202, None)
    assert api.delete("/flavors/1").status == 404
    assert api.get("/flavors/1").status == 404


def test_only_administrators_manage(api: ComputeApi) -> None:
    make(api)
    body = {"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}}
    assert api.post("/flavors", body, who=USER).status == 403
    assert api.delete("/flavors/1", who=USER).status == 403
    assert api.put("/flavors/1", {"flavor": {"description": "d"}}, "2.55", who=USER).status == 403
    assert api.get("/flavors/1", who=USER).status == 200


def test_filters_and_pages(api: ComputeApi) -> None:
    for number in range(1, 6):
        make(api, str(number), ram=number * 100, disk=number)

    def ids(query: str, version: str = "2.1") -> list[str]:
        return [each["id"] for each in api.get(f"/flavors?{query}", version).data["flavors"]]

    assert ids("minRam=300") == ["3", "4", "5"]
    assert ids("minDisk=4&minRam=500") == ["5"]
    assert ids("sort_key=memory_mb&sort_dir=desc&limit=2") == ["5", "4"]
    assert ids("limit=2&marker=2") == ["3", "4"]
    assert ids("limit=0") == []
    assert ids("name=m3", "2.102") == ["3"]
    assert len(ids("name=m3", "2.74")) == 5
    page = api.get("/flavors/detail?limit=2&minRam=200").data
    (link,) = page["flavors_links"]
    assert link["rel"] == "next"
    assert "limit=2&minRam=200&marker=3" in link["href"]
    assert "/v2.1/flavors/detail?" in link["href"]
    assert "flavors_links" not in api.get("/flavors?limit=9").data


@pytest.mark.parametrize(
    ("query", "version"),
    [
        ("minRam=x", "2.1"),
        ("minDisk=x", "2.1"),
        ("limit=-1", "2.1"),
        ("limit=x", "2.1"),
        ("sort_key=no", "2.1"),
        ("sort_dir=up", "2.1"),
        ("is_public=perhaps", "2.1"),
        ("marker=gone", "2.1"),
        ("limit=" + "9" * 5000, "2.1"),
        ("limit=%0A", "2.1"),
        ("name=x", "2.75"),
        ("what=x", "2.75"),
        ("sort_key=rxtx_factor", "2.102"),
    ],
)
def test_bad_queries(api: ComputeApi, query: str, version: str) -> None:
    got = api.get(f"/flavors?{query}", version)
    assert got.status == 400
    assert got.message


def test_strict_queries_from_2_102(api: ComputeApi) -> None:
    make(api)
    for path in ("/flavors/1", "/flavors/1/os-extra_specs"):
        assert api.get(f"{path}?x=1", "2.101").status == 200
        assert api.get(f"{path}?x=1", "2.102").status == 400


def test_private_flavors(api: ComputeApi) -> None:
    make(api)
    make(api, "2", **{"os-flavor-access:is_public": False})
    add = {"addTenantAccess": {"tenant": PROJECT}}
    assert api.get("/flavors/2", who=USER).status == 404
    got = api.post("/flavors/2/action", add)
    assert got.data == {"flavor_access": [{"flavor_id": "2", "tenant_id": PROJECT}]}
    assert api.post("/flavors/2/action", add).status == 409
    assert api.get("/flavors/2", who=USER).status == 200
    assert api.get("/flavors/2", who=FOREIGNER).status == 404

    def ids(query: str, who: dict[str, str]) -> list[str]:
        return [each["id"] for each in api.get(f"/flavors?{query}", who=who).data["flavors"]]

    assert ids("", USER) == ["1", "2"]
    assert ids("is_public=None", FOREIGNER) == ["1"]
    remove = {"removeTenantAccess": {"tenant": PROJECT}}
    assert api.post("/flavors/2/action", remove).data == {"flavor_access": []}
    assert api.post("/flavors/2/action", remove).status == 404
    admin = {"X-Auth-Token": "admin:" + PROJECT}
    assert ids("", admin) == ["1"]
    assert ids("is_public=false", admin) == ["2"]
    assert ids("is_public=None", admin) == ["1", "2"]


def test_public_flavors_have_no_access_list(api: ComputeApi) -> None:
    make(api)
    add = {"addTenantAccess": {"tenant": PROJECT}}
    assert api.get("/flavors/1/os-flavor-access").status == 404
    assert api.post("/flavors/1/action", add, "2.7").status == 409
    assert api.post("/flavors/1/action", add, "2.6").status == 200
    assert api.post("/flavors/9/action", add, "2.6").status == 404
    assert api.post("/flavors/1/action", {"addTenantAccess": {}}).status == 400
    assert api.post("/flavors/1/action", {"noSuchAction": {}}).status == 400
    assert api.get("/flavors/1/os-flavor-access", who=USER).status == 403


def test_extra_specs(api: ComputeApi) -> None:
    make(api)
    path = "/flavors/1/os-extra_specs"
    body = {"extra_specs": {"hw:cpu_policy": "dedicated", "number": 5}}
    assert api.post(path, body).data == body
    assert api.get(path, who=USER).data["extra_specs"]["number"] == "5"
    assert api.get(f"{path}/number").data == {"number": "5"}
    assert api.put(f"{path}/number", {"number": "6"}).data == {"number": "6"}
    assert api.put(f"{path}/number", {"other": "6"}).status == 400
    assert api.put(f"{path}/number", {"number": "6", "x": "y"}).status == 400
    got = api.delete(f"{path}/number")
    assert (got.status, got.data) == (200, None)
    for method in (api.delete, api.get):
        assert method(f"{path}/number").message == ("Flavor 1 has no extra specs with key number.")
    assert api.get("/flavors/1", "2.61").data["flavor"]["extra_specs"] == {
        "hw:cpu_policy": "dedicated"
    }
    for method in (api.delete, api.get):
        assert method("/flavors/9/os-extra_specs/x").status == 404
    assert api.post("/flavors/9/os-extra_specs", body).status == 404
    assert api.post(path, body, who=USER).status == 403


@pytest.mark.parametrize(
    "specs",
    [
        {"hw:cpu_policy": "mine"},
        {"hw:no_such": "x"},
        {"quota:cpu_shares": "-1"},
        {"trait:HW_CPU_X86_AVX2": "maybe"},
        {"resources:VCPU": "x"},
        {"hw:numa_mem.x": "1"},
    ],
)
def test_known_namespaces_from_2_86(api: ComputeApi, specs: dict[str, str]) -> None:
    make(api)
    got = api.post("/flavors/1/os-extra_specs", {"extra_specs": specs}, "2.86")
    assert got.status == 400
    assert got.message.startswith("Validation failed; ")
    assert api.post("/flavors/1/os-extra_specs", {"extra_specs": specs}, "2.85").status == 200


@pytest.mark.parametrize(
    "specs", [{"a/b": "c"}, {"a": "v" * 256}, {"a": None}, {"": "x"}, {"a": 10**300}, {"a": []}]
)
def test_bad_extra_specs(api: ComputeApi, specs: dict[str, Any]) -> None:
    make(api)
    assert api.post("/flavors/1/os-extra_specs", {"extra_specs": specs}).status == 400
