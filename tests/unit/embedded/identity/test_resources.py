# SPDX-License-Identifier: Apache-2.0
"""Projects, users, roles and the rest: the verbs, and who may use them."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import credentials, seed
from nova_appliance.embedded.identity.service import open_identity

NEW = {
    "projects": ("project", {"name": "new", "description": "d"}, {"description": "other"}),
    "users": ("user", {"name": "new", "password": "p", "email": "a@b"}, {"email": "c@d"}),
    "roles": ("role", {"name": "new"}, {"name": "newer"}),
    "domains": ("domain", {"name": "new"}, {"enabled": False}),
    "regions": ("region", {"id": "new"}, {"description": "other"}),
    "services": ("service", {"type": "new", "name": "n"}, {"name": "other"}),
}


@pytest.mark.parametrize("plural", NEW)
def test_a_thing_lives_from_create_to_delete(rig, plural):
    name, body, change = NEW[plural]
    admin = rig.admin()
    made = rig.app.post_json(f"/v3/{plural}", {name: body}, headers=admin, status=201).json[name]
    assert (
        body.items() - {("password", "p")}
        <= {k: v for k, v in made.items() if k != "links"}.items()
    )
    assert "password" not in made
    url = f"/v3/{plural}/{made['id']}"
    assert made["links"]["self"].endswith(url)
    changed = rig.app.patch_json(url, {name: change}, headers=admin).json[name]
    assert change.items() <= changed.items()
    assert made["id"] in [row["id"] for row in rig.get(f"/v3/{plural}", admin).json[plural]]
    rig.app.delete(url, headers=admin, status=204)
    rig.get(url, admin, status=404)


@pytest.mark.parametrize("plural", NEW)
def test_a_member_changes_nothing(rig, plural):
    name, body, change = NEW[plural]
    demo = rig.demo()
    rig.app.post_json(f"/v3/{plural}", {name: body}, headers=demo, status=403)
    there = rig.get(f"/v3/{plural}", rig.admin()).json[plural][0]["id"]
    rig.app.patch_json(f"/v3/{plural}/{there}", {name: change}, headers=demo, status=403)
    rig.app.delete(f"/v3/{plural}/{there}", headers=demo, status=403)


@pytest.mark.parametrize(
    "path",
    ["projects", "users", "roles", "domains", "services", "endpoints", "role_assignments"],
)
def test_a_member_lists_nothing_of_others(rig, path):
    answer = rig.get(f"/v3/{path}", rig.demo(), status=403)
    assert answer.json["error"]["title"] == "Forbidden"
    rig.app.get(f"/v3/{path}", status=401)


def test_a_member_sees_itself_and_its_project_only(rig):
    demo = rig.demo()
    rig.get(f"/v3/users/{rig.id('users', 'demo')}", demo)
    rig.get(f"/v3/projects/{rig.id('projects', 'demo')}", demo)
    rig.get(f"/v3/users/{rig.id('users', 'admin')}", demo, status=403)
    rig.get(f"/v3/projects/{rig.id('projects', 'admin')}", demo, status=403)
    rig.get("/v3/users/nobody", demo, status=403)


@pytest.mark.parametrize(
    ("plural", "body", "status"),
    [
        ("projects", {"project": {}}, 400),
        ("projects", {"project": {"name": ""}}, 400),
        ("projects", {"project": {"name": "x" * 65}}, 400),
        ("projects", {"project": {"name": 5}}, 400),
        ("projects", {"project": {"name": "demo"}}, 409),
        ("projects", {"project": {"name": "DEMO"}}, 409),
        ("projects", {"project": {"name": "x", "domain_id": "no"}}, 409),
        ("projects", {"project": {"name": "x", "parent_id": "other"}}, 400),
        ("projects", {"project": {"name": "x", "enabled": "yes"}}, 400),
        ("projects", {"project": {"name": "x", "big": "y" * 20000}}, 400),
        ("projects", {"project": {"name": "\ud800"}}, 400),
        ("users", {"user": {"name": "x", "password": 1}}, 400),
        ("users", {"wrong": {"name": "x"}}, 400),
        ("users", ["user"], 400),
        (
            "endpoints",
            {"endpoint": {"interface": "odd", "service_id": "x", "url": "http://x"}},
            400,
        ),
        ("endpoints", {"endpoint": {"interface": "public", "service_id": "x", "url": "x"}}, 400),
        ("regions", {"region": {"id": "RegionOne"}}, 409),
    ],
)
def test_bad_bodies_are_refused_with_a_sentence(rig, plural, body, status):
    answer = rig.app.post_json(f"/v3/{plural}", body, headers=rig.admin(), status=status)
    assert answer.json["error"]["message"].endswith(".")


@pytest.mark.parametrize("plural", ["domains", "projects", "regions"])
def test_no_description_is_an_empty_one(rig, plural):
    body = {plural[:-1]: {"name": "x", "description": None}}
    made = rig.app.post_json(f"/v3/{plural}", body, headers=rig.admin(), status=201)
    assert made.json[plural[:-1]]["description"] == ""


def test_names_and_flags_filter(rig):
    admin = rig.admin()
    assert [u["name"] for u in rig.get("/v3/users?name=DEMO", admin).json["users"]] == ["demo"]
    assert rig.get("/v3/users?enabled=false", admin).json["users"] == []
    assert rig.get("/v3/users?domain_id=none", admin).json["users"] == []


def test_an_enabled_domain_or_one_in_use_stays(rig):
    admin = rig.admin()
    rig.app.delete("/v3/domains/default", headers=admin, status=403)
    made = rig.app.post_json(
        "/v3/domains", {"domain": {"name": "d", "enabled": False}}, headers=admin
    )
    domain = made.json["domain"]["id"]
    user = {"user": {"name": "inside", "domain_id": domain}}
    rig.app.post_json("/v3/users", user, headers=admin, status=201)
    rig.app.delete(f"/v3/domains/{domain}", headers=admin, status=409)


def test_users_change_their_password_only_knowing_it(rig):
    user, old = rig.id("users", "demo"), rig.secrets.demo_password
    url, demo = f"/v3/users/{user}/password", rig.demo()
    wrong = {"user": {"original_password": "no", "password": "newer"}}
    rig.app.post_json(url, wrong, headers=demo, status=401)
    right = {"user": {"original_password": old, "password": "newer"}}
    rig.app.post_json(url, right, headers=rig.admin(), status=403)
    rig.app.post_json(url, right, headers=demo, status=204)
    rig.auth("demo", old, status=401)
    rig.auth("demo", "newer")


def test_grants_are_listed_checked_and_revoked(rig):
    admin = rig.admin()
    user, role = rig.id("users", "demo"), rig.id("roles", "reader")
    for place in (f"projects/{rig.id('projects', 'admin')}", "domains/default", "system"):
        url = f"/v3/{place}/users/{user}/roles"
        rig.app.head(f"{url}/{role}", headers=admin, status=404)
        for _ in range(2):
            rig.app.put(f"{url}/{role}", headers=admin, status=204)
        rig.app.head(f"{url}/{role}", headers=admin, status=204)
        assert [row["name"] for row in rig.get(url, admin).json["roles"]] == ["reader"]
        rig.app.delete(f"{url}/{role}", headers=admin, status=204)
        rig.app.delete(f"{url}/{role}", headers=admin, status=404)
    rig.app.put(f"/v3/projects/none/users/{user}/roles/{role}", headers=admin, status=404)


def test_role_assignments_filter_and_expand(rig):
    admin, user = rig.admin(), rig.id("users", "demo")
    url = f"/v3/role_assignments?user.id={user}"
    (only,) = rig.get(f"{url}&include_names=true", admin).json["role_assignments"]
    assert (only["role"]["name"], only["scope"]["project"]["name"]) == ("member", "demo")
    effective = rig.get(f"{url}&effective", admin).json["role_assignments"]
    assert len(effective) == 2
    assert rig.get(f"{url}&scope.system=all", admin).json["role_assignments"] == []


def test_implied_roles_are_added_and_removed(rig):
    admin = rig.admin()
    reader, service = rig.id("roles", "reader"), rig.id("roles", "service")
    url = f"/v3/roles/{service}/implies/{reader}"
    rig.app.put(url, headers=admin, status=201)
    nova = rig.auth(
        "nova",
        rig.secrets.service_passwords["nova"],
        {"project": {"name": "service", "domain": {"id": "default"}}},
    )
    assert "reader" in [role["name"] for role in nova.json["token"]["roles"]]
    rig.app.delete(url, headers=admin, status=204)
    rig.get(url, admin, status=404)
    rig.app.put(f"/v3/roles/{reader}/implies/{rig.id('roles', 'admin')}", headers=admin, status=403)


def test_ec2_keys_are_their_user_s_and_sealed_at_rest(rig):
    user, project = rig.id("users", "demo"), rig.id("projects", "demo")
    url, demo = f"/v3/users/{user}/credentials/OS-EC2", rig.demo()
    made = rig.app.post_json(url, {"tenant_id": project}, headers=demo, status=201)
    key = made.json["credential"]
    assert (key["user_id"], key["tenant_id"]) == (user, project)
    found = credentials.ec2_key(open_identity(rig.settings), key["access"])
    assert found == credentials.Ec2Key(key["access"], key["secret"], user, project)
    kept = sqlite3.connect(rig.settings.state_dir / "identity.db").execute(
        "SELECT blob FROM credentials"
    )
    assert key["secret"] not in str(kept.fetchall())
    (also,) = rig.get("/v3/credentials?type=ec2", demo).json["credentials"]
    assert json.loads(also["blob"])["secret"] == key["secret"]
    rig.app.post_json(url, {"tenant_id": "none"}, headers=demo, status=404)
    rig.app.post_json(url, {}, headers=demo, status=400)
    other = f"/v3/users/{rig.id('users', 'admin')}/credentials/OS-EC2"
    rig.app.post_json(other, {"tenant_id": project}, headers=demo, status=403)
    rig.app.delete(f"{url}/{key['access']}", headers=demo, status=204)
    assert credentials.ec2_key(open_identity(rig.settings), key["access"]) is None


def test_foreign_credentials_are_not_there(rig):
    body = {"credential": {"type": "cert", "blob": "secret"}}
    made = rig.app.post_json("/v3/credentials", body, headers=rig.admin(), status=201)
    url = f"/v3/credentials/{made.json['credential']['id']}"
    rig.get(url, rig.demo(), status=404)
    rig.app.delete(url, headers=rig.demo(), status=404)
    assert rig.get("/v3/credentials", rig.demo()).json["credentials"] == []
    change = {"credential": {"blob": "other"}}
    changed = rig.app.patch_json(url, change, headers=rig.admin()).json["credential"]
    assert changed["blob"] == "other"


def app_token(rig, made, status=201):
    method = {"id": made["id"], "secret": made["secret"]}
    body = {"identity": {"methods": ["application_credential"], "application_credential": method}}
    return rig.app.post_json("/v3/auth/tokens", {"auth": body}, status=status)


def test_an_application_credential_gives_some_roles_until_it_ends(rig):
    user, demo = rig.id("users", "demo"), rig.demo()
    url = f"/v3/users/{user}/application_credentials"
    body = {"name": "a", "roles": [{"name": "reader"}], "expires_at": "2030-01-01T00:30:00"}
    made = rig.app.post_json(url, {"application_credential": body}, headers=demo, status=201)
    made = made.json["application_credential"]
    rig.app.post_json(url, {"application_credential": body}, headers=demo, status=409)
    answer = app_token(rig, made)
    assert [role["name"] for role in answer.json["token"]["roles"]] == ["reader"]
    held = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    more = {"application_credential": {"name": "b"}}
    rig.app.post_json(url, more, headers=held, status=403)
    key = {"tenant_id": rig.id("projects", "demo")}
    rig.app.post_json(f"/v3/users/{user}/credentials/OS-EC2", key, headers=held, status=403)
    app_token(rig, made | {"secret": "wrong"}, status=401)
    assert "secret" not in rig.get(url, demo).json["application_credentials"][0]
    rig.clock.turn(1800)
    rig.get("/v3/auth/projects", held, status=401)
    app_token(rig, made, status=401)


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"roles": [{"name": "admin"}]},
        {"roles": "member"},
        {"expires_at": "2001-01-01T00:00:00"},
        {"expires_at": "soon"},
        {"unrestricted": "no"},
        {"access_rules": [{"path": "/"}]},
    ],
)
def test_bad_application_credentials_are_refused(rig, change):
    url = f"/v3/users/{rig.id('users', 'demo')}/application_credentials"
    body = {"application_credential": {"name": "x"} | change}
    rig.app.post_json(url, body, headers=rig.demo(), status=400)


def test_versions_need_no_token_and_unbuilt_things_say_so(rig):
    assert rig.app.get("/", status=300).json["versions"]["values"][0]["id"] == "v3.14"
    assert rig.app.get("/v3/").json["version"]["status"] == "stable"
    answer = rig.get("/v3/groups", rig.admin(), status=501)
    assert "Groups" in answer.json["error"]["message"]
    rig.get("/v3/nothing", rig.admin(), status=404)
    assert "GET" in rig.app.delete("/v3/users", headers=rig.admin(), status=405).headers["Allow"]


def test_seeding_again_keeps_ids_passwords_and_follows_ports(rig):
    before = rig.get("/v3/projects", rig.admin()).json
    rig.app.patch_json(
        f"/v3/users/{rig.id('users', 'demo')}", {"user": {"password": "mine"}}, headers=rig.admin()
    )
    moved = settings_.Settings(rig.settings.state_dir, image_port=19292)
    seed.seed(moved)
    assert rig.get("/v3/projects", rig.admin()).json == before
    rig.auth("demo", "mine")
    urls = {row["url"] for row in rig.get("/v3/endpoints", rig.admin()).json["endpoints"]}
    assert "http://127.0.0.1:19292" in urls
    assert "http://127.0.0.1:9292" not in urls


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path):
    settings = settings_.Settings(tmp_path / "new")
    first = settings_.secrets(settings)
    assert settings_.secrets(settings) == first
    mode = (tmp_path / "new" / "secrets.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secrets.json"]


def test_settings_come_back_as_they_were_saved(tmp_path):
    settings = settings_.Settings(tmp_path, identity_port=5001, catalog=("identity",))
    settings_.save(settings)
    assert settings_.load(tmp_path) == settings
    assert settings_.load(tmp_path / "none") == settings_.Settings(tmp_path / "none")
