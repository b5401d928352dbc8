# SPDX-License-Identifier: Apache-2.0
"""Server groups over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.cells import make_server, put
from fixtures.compute_api import ADMIN, FOREIGNER, PROJECT, USER, ComputeApi

PATH = "/os-server-groups"


def create(api: ComputeApi, version: str = "2.1", **values: Any) -> Any:
    new = int(version.split(".")[1]) >= 64
    policy = {"policy": "affinity"} if new else {"policies": ["affinity"]}
    body = {"name": "g", **policy, **values}
    return api.post(PATH, {"server_group": body}, version, who=USER)


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("2.1", {"policies", "metadata"}),
        ("2.12", {"policies", "metadata"}),
        ("2.13", {"policies", "metadata", "project_id", "user_id"}),
        ("2.63", {"policies", "metadata", "project_id", "user_id"}),
        ("2.64", {"policy", "rules", "project_id", "user_id"}),
        ("2.104", {"policy", "rules", "project_id", "user_id"}),
    ],
)
def test_fields_by_version(api: ComputeApi, version: str, fields: set[str]) -> None:
    made = create(api, version).data["server_group"]
    assert set(made) == {"id", "name", "members"} | fields
    shown = api.get(f"{PATH}/{made['id']}", version, who=USER)
    assert shown.data["server_group"] == made
    assert api.get(PATH, version, who=USER).data["server_groups"] == [made]


@pytest.mark.parametrize(
    ("version", "values", "status"),
    [
        ("2.14", {"policies": ["soft-affinity"]}, 400),
        ("2.15", {"policies": ["soft-affinity"]}, 200),
        ("2.1", {"policies": []}, 400),
        ("2.1", {"policies": ["affinity", "anti-affinity"]}, 400),
        ("2.1", {"policies": "affinity"}, 400),
        ("2.1", {"name": ""}, 400),
        ("2.1", {"name": "x" * 256}, 400),
        ("2.1", {"extra": 1}, 400),
        ("2.64", {"policies": ["affinity"]}, 400),
        ("2.64", {"policy": "best"}, 400),
        ("2.64", {"policy": "anti-affinity", "rules": {"max_server_per_host": 0}}, 400),
        ("2.64", {"policy": "anti-affinity", "rules": {"most": 1}}, 400),
        ("2.64", {"policy": "affinity", "rules": {"max_server_per_host": 2}}, 400),
        ("2.64", {"policy": "soft-anti-affinity"}, 200),
    ],
)
def test_policies(api: ComputeApi, version: str, values: dict[str, Any], status: int) -> None:
    assert create(api, version, **values).status == status


def test_rules_are_numbers(api: ComputeApi) -> None:
    rules = {"max_server_per_host": "3"}
    made = create(api, "2.64", policy="anti-affinity", rules=rules).data["server_group"]
    assert made["rules"] == {"max_server_per_host": 3}


def test_members_live(api: ComputeApi) -> None:
    group_id = create(api).data["server_group"]["id"]
    (server,) = put(api.cloud.cells, make_server(project_id=PROJECT, group_id=group_id))
    assert api.get(f"{PATH}/{group_id}").data["server_group"]["members"] == [server.id]
    assert api.delete(f"{PATH}/{group_id}", who=USER).status == 204
    assert api.get(f"{PATH}/{group_id}").status == 404
    assert api.delete(f"{PATH}/{group_id}").message == (
        f"Instance group {group_id} could not be found."
    )


def test_lists(api: ComputeApi) -> None:
    for name in ("a", "b", "c"):
        create(api, name=name)

    def names(query: str, who: dict[str, str] = USER) -> list[str]:
        got = api.get(f"{PATH}{query}", who=who)
        return [group["name"] for group in got.data["server_groups"]]

    assert names("?limit=2") == ["a", "b"]
    assert names("?offset=1&limit=1") == ["b"]
    assert names("?all_projects=1", FOREIGNER) == []
    stranger = {"X-Auth-Token": "admin:11112222333344445555666677778888"}
    assert names("", stranger) == []
    assert names("?all_projects=1", stranger) == ["a", "b", "c"]
    assert api.get(f"{PATH}?limit=x").status == 400
    assert api.get(f"{PATH}?offset=-1").status == 400
    assert api.get(f"{PATH}?what=1", "2.75").status == 400


def test_foreign_groups_are_not_there(api: ComputeApi) -> None:
    group_id = create(api).data["server_group"]["id"]
    assert api.get(f"{PATH}/{group_id}", who=FOREIGNER).status == 404
    assert api.delete(f"{PATH}/{group_id}", who=FOREIGNER).status == 404
    assert api.get(f"{PATH}/{group_id}", who=ADMIN).status == 200
    reader = {"X-Auth-Token": f"eve:{PROJECT}", "X-Roles": "reader"}
    assert api.delete(f"{PATH}/{group_id}", who=reader).status == 403
    assert api.get(f"{PATH}/{group_id}?x=1", "2.101").status == 200
    assert api.get(f"{PATH}/{group_id}?x=1", "2.102").status == 400


def test_the_quota_holds(api: ComputeApi) -> None:
    api.put(f"/os-quota-sets/{PROJECT}", {"quota_set": {"server_groups": 1}})
    create(api)
    got = create(api)
    assert (got.status, got.message) == (403, "Quota exceeded, too many server groups.")
