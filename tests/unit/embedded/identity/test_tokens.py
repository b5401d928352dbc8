# SPDX-License-Identifier: Apache-2.0
"""Getting, reading and ending tokens."""

from __future__ import annotations

import pytest

PROJECT = {"project": {"name": "demo", "domain": {"name": "Default"}}}


def validate(rig, token, headers=None, status=200, query=""):
    headers = headers or {"X-Auth-Token": token}
    return rig.app.get(
        f"/v3/auth/tokens{query}", headers=headers | {"X-Subject-Token": token}, status=status
    )


def test_a_token_tells_everything_that_middleware_needs(rig):
    token = validate(rig, rig.demo()["X-Auth-Token"]).json["token"]
    assert token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert token["project"]["name"] == "demo"
    assert token["project"]["domain"] == {"id": "default", "name": "Default"}
    assert [role["name"] for role in token["roles"]] == ["member", "reader"]
    assert {service["type"] for service in token["catalog"]} >= {"identity", "image", "compute"}
    assert token["expires_at"] == "2030-01-01T01:00:00.000000Z"


def test_admin_implies_the_lesser_roles_in_every_scope(rig):
    password = rig.secrets.admin_password
    for scope in (
        {"project": {"id": rig.id("projects", "admin")}},
        {"domain": {"name": "default"}},
        {"system": {"all": True}},
    ):
        token = rig.auth("admin", password, scope).json["token"]
        names = [role["name"] for role in token["roles"]]
        assert names == ["admin", "manager", "member", "reader"]
        assert next(iter(scope)) in token


def test_without_a_scope_a_token_has_no_roles_and_no_catalog(rig):
    token = rig.auth("demo", rig.secrets.demo_password).json["token"]
    assert not {"roles", "catalog", "project"} & token.keys()
    response = rig.auth("demo", rig.secrets.demo_password)
    headers = {"X-Auth-Token": response.headers["X-Subject-Token"]}
    (project,) = rig.get("/v3/auth/projects", headers).json["projects"]
    assert project["name"] == "demo"


def test_a_token_buys_a_scoped_token_that_ends_no_later(rig):
    first = rig.token("demo", rig.secrets.demo_password)
    rig.clock.turn(600)
    body = {"identity": {"methods": ["token"], "token": {"id": first}}, "scope": PROJECT}
    token = rig.app.post_json("/v3/auth/tokens", {"auth": body}, status=201).json["token"]
    assert token["methods"] == ["password", "token"]
    assert token["expires_at"] == "2030-01-01T01:00:00.000000Z"
    assert len(token["audit_ids"]) == 2


def test_a_default_project_is_the_scope_when_none_is_asked(rig):
    user, project = rig.id("users", "demo"), rig.id("projects", "demo")
    change = {"user": {"default_project_id": project}}
    rig.app.patch_json(f"/v3/users/{user}", change, headers=rig.admin())
    assert rig.auth("demo", rig.secrets.demo_password).json["token"]["project"]["name"] == "demo"
    unscoped = rig.auth("demo", rig.secrets.demo_password, "unscoped").json["token"]
    assert "project" not in unscoped


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"name": "admin", "domain": {"name": "Default"}}},
        {"project": {"id": "nowhere"}},
        {"project": {"name": "demo", "domain": {"name": "Elsewhere"}}},
        {"domain": {"id": "default"}},
        {"system": {"all": True}},
    ],
)
def test_no_token_for_a_scope_without_a_role(rig, scope):
    answer = rig.auth("demo", rig.secrets.demo_password, scope, status=401)
    assert answer.json["error"]["code"] == 401
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


@pytest.mark.parametrize(
    "auth",
    [
        {},
        [],
        {"identity": 1},
        {"identity": {"methods": "password"}},
        {"identity": {"methods": ["password"]}},
        {"identity": {"methods": ["password"], "password": {"user": {"name": "demo"}}}},
        {"identity": {"methods": ["password"], "password": {"user": {"id": 1, "password": "x"}}}},
        {"identity": {"methods": ["token"], "token": {"id": {}}}},
        {"identity": {"methods": ["application_credential"], "application_credential": {}}},
    ],
)
def test_a_malformed_request_for_a_token_is_told_so(rig, auth):
    answer = rig.app.post_json("/v3/auth/tokens", {"auth": auth}, status=400)
    assert answer.json["error"]["title"] == "Bad Request"


def test_an_unknown_method_is_refused(rig):
    body = {"auth": {"identity": {"methods": ["magic", ["x"]]}}}
    rig.app.post_json("/v3/auth/tokens", body, status=401)


def test_guessing_locks_the_user_for_a_while_and_no_longer(rig):
    password = rig.secrets.demo_password
    for _ in range(6):
        rig.auth("demo", "wrong", status=401)
    rig.auth("demo", password, status=401)
    rig.auth("admin", rig.secrets.admin_password)
    rig.clock.turn(3)
    rig.auth("demo", password)
    for _ in range(40):
        rig.auth("demo", "wrong", status=401)
        rig.clock.turn(61)
    rig.auth("demo", password)


def test_an_expired_token_is_nobody_s(rig):
    demo, admin = rig.demo(), rig.admin()
    rig.clock.turn(3600)
    rig.get("/v3/auth/projects", demo, status=401)
    fresh = rig.admin()
    validate(rig, demo["X-Auth-Token"], fresh, status=404)
    validate(rig, demo["X-Auth-Token"], fresh, query="?allow_expired=1")
    rig.get("/v3/users", admin, status=401)


@pytest.mark.parametrize("token", ["", "x", "gAAAAABx", "A" * 3000, "t\xf6ken"])
def test_garbage_is_no_token(rig, token):
    rig.get("/v3/auth/projects", {"X-Auth-Token": token}, status=401)
    validate(rig, token, rig.admin(), status=404)


def test_a_revoked_token_is_refused_and_others_are_not(rig):
    first, second = rig.demo(), rig.demo()
    headers = first | {"X-Subject-Token": first["X-Auth-Token"]}
    rig.app.delete("/v3/auth/tokens", headers=headers, status=204)
    rig.get("/v3/auth/projects", first, status=401)
    rig.get("/v3/auth/projects", second)


def test_only_services_and_oneself_look_into_tokens(rig):
    demo, admin = rig.demo(), rig.admin()
    validate(rig, admin["X-Auth-Token"], demo, status=403)
    nova = {"X-Auth-Token": rig.token("nova", rig.secrets.service_passwords["nova"], "service")}
    assert validate(rig, demo["X-Auth-Token"], nova).json["token"]["user"]["name"] == "demo"
    headers = nova | {"X-Subject-Token": demo["X-Auth-Token"]}
    assert rig.app.head("/v3/auth/tokens", headers=headers, status=200).body == b""
    assert (
        "catalog" not in validate(rig, demo["X-Auth-Token"], nova, query="?nocatalog").json["token"]
    )


@pytest.mark.parametrize("change", [{"enabled": False}, {"password": "another"}])
def test_a_changed_user_loses_earlier_tokens(rig, change):
    demo = rig.demo()
    rig.clock.turn(1)
    user = rig.id("users", "demo")
    rig.app.patch_json(f"/v3/users/{user}", {"user": change}, headers=rig.admin())
    rig.get("/v3/auth/projects", demo, status=401)


def test_a_token_counts_no_more_when_its_role_or_project_is_gone(rig):
    demo, admin = rig.demo(), rig.admin()
    project, user, role = (
        rig.id("projects", "demo"),
        rig.id("users", "demo"),
        rig.id("roles", "member"),
    )
    grant = f"/v3/projects/{project}/users/{user}/roles/{role}"
    rig.app.delete(grant, headers=admin, status=204)
    rig.get("/v3/auth/projects", demo, status=401)
    rig.app.put(grant, headers=admin, status=204)
    rig.get("/v3/auth/projects", demo)
    rig.app.patch_json(f"/v3/projects/{project}", {"project": {"enabled": False}}, headers=admin)
    rig.get("/v3/auth/projects", demo, status=401)


def test_catalog_urls_are_filled_in_for_the_project(rig):
    admin = rig.admin()
    service = {"service": {"type": "sharev2", "name": "manila"}}
    made = rig.app.post_json("/v3/services", service, headers=admin, status=201).json["service"]
    endpoint = {
        "service_id": made["id"],
        "interface": "public",
        "region": "RegionOne",
        "url": "http://127.0.0.1:8776/v3/%(project_id)s",
    }
    rig.app.post_json("/v3/endpoints", {"endpoint": endpoint}, headers=admin, status=201)
    catalog = rig.get("/v3/auth/catalog", admin).json["catalog"]
    (volume,) = [entry for entry in catalog if entry["type"] == "sharev2"]
    project = rig.id("projects", "admin")
    assert volume["endpoints"][0]["url"] == f"http://127.0.0.1:8776/v3/{project}"
    system = rig.auth("admin", rig.secrets.admin_password, {"system": {"all": True}})
    entries = {entry["type"]: entry["endpoints"] for entry in system.json["token"]["catalog"]}
    assert entries["sharev2"] == []
