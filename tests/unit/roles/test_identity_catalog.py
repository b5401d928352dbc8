# SPDX-License-Identifier: Apache-2.0
"""Keystone is brought in line once; the second time nothing is changed."""

import importlib.util
import itertools
import urllib.parse
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "roles" / "identity" / "library" / "identity_catalog.py"
SPEC = importlib.util.spec_from_file_location("identity_catalog", FILE)
module = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(module)

GIVEN = {
    "region": "RegionOne",
    "services": [{"name": "nova", "type": "compute", "url": "http://192.0.2.10:8774/v2.1"}],
    "users": [{"name": "nova", "password": "first", "roles": ["admin", "service"]}],
    "implied_roles": [{"role": "admin", "implies": "manager"}],
}


class Keystone(module.Keystone):
    """Its tables in mind; speaks the few paths that the module asks."""

    def __init__(self):
        super().__init__("http://nowhere")
        self.rows = {"roles": [{"id": "r0", "name": "admin"}]}
        self.grants, self.changes, self._ids = set(), 0, itertools.count(1)

    def ask(self, method, path, body=None):
        noun, _, rest = path[1:].split("?")[0].partition("/")
        if path == "/auth/tokens":
            given = body["auth"]["identity"]["password"]["user"]
            user = next(u for u in self.rows["users"] if u["id"] == given["id"])
            if user["password"] != given["password"]:
                raise module.Refused(path, 401, "The request requires authentication.")
            return {}
        if method == "HEAD" and path not in self.grants:
            raise module.Refused(path, 404, "There is no such grant.")
        if method == "GET":
            wanted = dict(urllib.parse.parse_qsl(path.partition("?")[2])).items()
            rows = self.rows.get(noun, [])
            return {noun: [row for row in rows if wanted <= row.items()]}
        if method == "HEAD":
            return {}
        self.changes += 1
        if method == "PUT":
            self.grants.add(path)
            return {}
        (kind, facts), = body.items()  # fmt: skip
        if method == "PATCH":
            next(row for row in self.rows[noun] if row["id"] == rest).update(facts)
            return {}
        row = facts | {"id": f"i{next(self._ids)}"}
        self.rows.setdefault(noun, []).append(row)
        return {kind: row}


def test_all_is_made_once():
    keystone = Keystone()
    made = module.bring_in_line(keystone, GIVEN, dry=False)
    assert {e["interface"] for e in keystone.rows["endpoints"]} == set(module.INTERFACES)
    assert len(keystone.grants) == 3
    assert len(made) == keystone.changes == 11
    assert module.bring_in_line(keystone, GIVEN, dry=False) == []


def test_a_dry_run_changes_nothing_and_tells_the_same():
    keystone = Keystone()
    would = module.bring_in_line(keystone, GIVEN, dry=True)
    assert keystone.changes == 0
    assert would == module.bring_in_line(keystone, GIVEN, dry=False)


def test_another_address_and_another_password_are_mended():
    keystone = Keystone()
    module.bring_in_line(keystone, GIVEN, dry=False)
    service = GIVEN["services"][0] | {"url": "http://192.0.2.9:8774/v2.1"}
    user = GIVEN["users"][0] | {"password": "second"}
    changed = module.bring_in_line(
        keystone, GIVEN | {"services": [service], "users": [user]}, dry=False
    )
    assert changed == [
        "public endpoint of nova",
        "internal endpoint of nova",
        "admin endpoint of nova",
        "password of nova",
    ]
    assert {e["url"] for e in keystone.rows["endpoints"]} == {service["url"]}


class Behind:
    """A Keystone behind a load balancer that says these statuses first."""

    def __init__(self, *statuses):
        self.statuses, self.asked = list(statuses), 0

    def log_in(self, *_whom):
        self.asked += 1
        if self.statuses:
            raise module.Refused("POST /auth/tokens", self.statuses.pop(0), "no")


def test_a_load_balancer_gets_time_to_notice_keystone(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    late = Behind(503, 502, 503)
    module.log_in_soon(late, "secret")
    assert late.asked == 4
    foreign = Behind(503, 401)
    with pytest.raises(module.Refused, match="401"):
        module.log_in_soon(foreign, "wrong")
    assert foreign.asked == 2
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    with pytest.raises(module.Refused, match="503"):
        module.log_in_soon(Behind(*[503] * 9), "secret")
