# SPDX-License-Identifier: Apache-2.0
"""Limits, quota sets and quota classes over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.cells import make_server, put
from fixtures.compute_api import FOREIGNER, PROJECT, USER, ComputeApi

NETWORK = {"fixed_ips", "floating_ips", "security_group_rules", "security_groups"}
INJECTION = {"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"}
BASE = {"instances", "cores", "ram", "metadata_items", "key_pairs"}
GROUPS = {"server_groups", "server_group_members"}
SET = f"/os-quota-sets/{PROJECT}"


def change(api: ComputeApi, path: str = SET, version: str = "2.1", **limits: Any) -> Any:
    return api.put(path, {"quota_set": limits}, version)


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("2.1", BASE | GROUPS | NETWORK | INJECTION),
        ("2.35", BASE | GROUPS | NETWORK | INJECTION),
        ("2.36", BASE | GROUPS | INJECTION),
        ("2.57", BASE | GROUPS),
        ("2.104", BASE | GROUPS),
    ],
)
def test_quota_sets_by_version(api: ComputeApi, version: str, names: set[str]) -> None:
    for path in (SET, f"{SET}/defaults", f"{SET}/detail"):
        shown = api.get(path, version, who=USER).data["quota_set"]
        assert set(shown) == names | {"id"}, path
    assert set(change(api, version=version, cores=5).data["quota_set"]) == names
    for name in (NETWORK | INJECTION) - names:
        assert change(api, version=version, **{name: 1}).status == 400


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("2.1", BASE | NETWORK | INJECTION),
        ("2.50", BASE | GROUPS | INJECTION),
        ("2.57", BASE | GROUPS),
    ],
)
def test_quota_classes_by_version(api: ComputeApi, version: str, names: set[str]) -> None:
    path = "/os-quota-class-sets/default"
    assert set(api.get(path, version).data["quota_class_set"]) == names | {"id"}
    got = api.put(path, {"quota_class_set": {"cores": 7}}, version)
    assert set(got.data["quota_class_set"]) == names
    assert api.get(path, version, who=USER).status == 403


def test_the_default_class_holds_for_all(api: ComputeApi) -> None:
    api.put("/os-quota-class-sets/default", {"quota_class_set": {"cores": 7}})
    assert api.get(f"{SET}/defaults").data["quota_set"]["cores"] == 7
    assert api.get(SET).data["quota_set"]["cores"] == 7
    assert api.get("/limits").data["limits"]["absolute"]["maxTotalCores"] == 7
    api.put("/os-quota-class-sets/gold", {"quota_class_set": {"cores": 70}})
    assert api.get("/os-quota-class-sets/gold").data["quota_class_set"]["cores"] == 70
    assert api.get(SET).data["quota_set"]["cores"] == 7
    long_name = "/os-quota-class-sets/" + "x" * 256
    assert api.put(long_name, {"quota_class_set": {}}).status == 400


def test_limits_count_what_lives(api: ComputeApi) -> None:
    servers = [make_server(n, project_id=PROJECT, user_id="demo") for n in range(3)]
    put(api.cloud.cells, *servers)
    absolute = api.get("/limits", who=USER).data["limits"]["absolute"]
    used = {key: value for key, value in absolute.items() if key.endswith("Used")}
    assert used == {
        "totalInstancesUsed": 3,
        "totalCoresUsed": 3,
        "totalRAMUsed": 1536,
        "totalServerGroupsUsed": 0,
        "totalFloatingIpsUsed": 0,
        "totalSecurityGroupsUsed": 0,
    }
    detail = api.get(f"{SET}/detail").data["quota_set"]
    assert detail["instances"] == {"limit": 10, "in_use": 3, "reserved": 0}
    by_user = api.get(f"{SET}/detail?user_id=nobody").data["quota_set"]
    assert by_user["instances"] == {"limit": 10, "in_use": 0, "reserved": 0}


@pytest.mark.parametrize(
    ("version", "gone"),
    [
        ("2.36", {"maxTotalFloatingIps", "maxSecurityGroups", "totalSecurityGroupsUsed"}),
        ("2.39", {"maxImageMeta"}),
        ("2.57", {"maxPersonality", "maxPersonalitySize"}),
    ],
)
def test_limits_by_version(api: ComputeApi, version: str, gone: set[str]) -> None:
    before = "2." + str(int(version.split(".")[1]) - 1)
    assert gone <= set(api.get("/limits", before).data["limits"]["absolute"])
    assert not gone & set(api.get("/limits", version).data["limits"]["absolute"])


def test_limits_of_other_projects(api: ComputeApi) -> None:
    assert api.get("/limits?tenant_id=other").status == 200
    assert api.get("/limits?tenant_id=other", who=USER).status == 403
    assert api.get("/limits?what=x", "2.75").status == 400
    assert api.get("/limits?what=x", "2.74").status == 200


def test_a_limit_may_not_go_below_use(api: ComputeApi) -> None:
    put(api.cloud.cells, *[make_server(n, project_id=PROJECT) for n in range(3)])
    got = change(api, instances=2)
    assert (got.status, got.message) == (
        400,
        "Quota limit 2 for instances must be greater than or equal to already used and reserved 3.",
    )
    assert change(api, instances=2, force=True).data["quota_set"]["instances"] == 2
    assert change(api, instances="-1").data["quota_set"]["instances"] == -1


def test_users_share_the_limit_of_their_project(api: ComputeApi) -> None:
    user = f"{SET}?user_id=u1"
    assert change(api, user, cores=15).data["quota_set"]["cores"] == 15
    assert api.get(user).data["quota_set"]["cores"] == 15
    assert api.get(SET).data["quota_set"]["cores"] == 20
    assert "less than or equal to 5" in change(api, f"{SET}?user_id=u2", cores=6).message
    assert change(api, f"{SET}?user_id=u2", cores=-1).status == 400
    assert change(api, f"{SET}?user_id=u2", cores=5).status == 200
    assert "greater than or equal" in change(api, cores=19).message
    assert change(api, user, cores=15).status == 200
    assert api.delete(user).status == 202
    assert api.get(user).data["quota_set"]["cores"] == 20


def test_delete_goes_back_to_the_defaults(api: ComputeApi) -> None:
    change(api, cores=30)
    change(api, f"{SET}?user_id=u1", cores=3)
    got = api.delete(SET)
    assert (got.status, got.data) == (202, None)
    for path in (SET, f"{SET}?user_id=u1"):
        assert api.get(path).data["quota_set"]["cores"] == 20


def test_who_may(api: ComputeApi) -> None:
    assert api.get(SET, who=FOREIGNER).status == 403
    assert api.get(f"{SET}/defaults", who=FOREIGNER).status == 200
    assert api.put(SET, {"quota_set": {"cores": 1}}, who=USER).status == 403
    assert api.delete(SET, who=USER).status == 403


@pytest.mark.parametrize(
    "limits",
    [
        {"cores": -2},
        {"cores": "x"},
        {"cores": None},
        {"cores": 2**31},
        {"cores": "9" * 5000},
        {"cores": 1.5},
        {"what": 1},
        {"force": "perhaps"},
    ],
)
def test_bad_limits(api: ComputeApi, limits: dict[str, Any]) -> None:
    assert change(api, **limits).status == 400


def test_strict_queries(api: ComputeApi) -> None:
    assert api.get(f"{SET}?what=1", "2.74").status == 200
    assert api.get(f"{SET}?what=1", "2.75").status == 400
    assert api.get(f"{SET}/defaults?what=1", "2.104").status == 200
    assert api.get("/os-quota-class-sets/default?what=1", "2.102").status == 400
