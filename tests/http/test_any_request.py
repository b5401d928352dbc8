# SPDX-License-Identifier: Apache-2.0
"""Thousands of requests, near to and far from what schemas say: never a 500, always a true body."""

import random
import sys
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.any_request import ask
from fixtures.world import World
from webtest import TestApp

from nova_appliance.api.app import make_app
from nova_appliance.api.operation import ByBodyKey
from nova_appliance.api.routes import ROUTES
from nova_appliance.api.versioned import Versioned, parse
from nova_appliance.api.versions import VERSIONS

EXAMPLES = 2500
ODD = (
    None, True, False, 0, -1, 2**31, 2**63, 2**70, 1.5, 1e308, "", " ", "x", "x" * 300, "é", "😀",
    "\x00", "\ud7ff", "'; DROP TABLE servers; --", "%", "_", "(", "[a", "a:b:c:d", "../../x",
    "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01", "1", "-1", "true", "auto", "none",
    [], {}, [None], [[]], {"": None}, {"a": {"b": []}},
)  # fmt: skip
PROXIES = ("images", "os-networks", "os-snapshots", "os-tenant-networks", "os-volumes")
"""Asked of the true miniature services elsewhere; the neighbours in memory know too little."""
OPERATIONS = sorted(
    (path, method, key)
    for path, methods in ROUTES.items()
    if path.split("/")[0] not in PROXIES
    for method, what in methods.items()
    for key in (what.table if isinstance(what, ByBodyKey) else [""])
)


def operation_of(row):
    path, method, key = row
    what = ROUTES[path][method]
    return what.table[key] if isinstance(what, ByBodyKey) else what


def at(schema, version):
    if schema is None:
        return None
    return schema.at(parse(version)) if isinstance(schema, Versioned) else schema


class Maker:
    """Values near to a schema, each with some chance to be odd."""

    def __init__(self, seed, ids):
        self.random = random.Random(seed)
        self.ids = ids

    def value(self, schema, depth=0):
        chance = self.random.random()
        if schema is None or chance < 0.06 or depth > 6:
            return self.random.choice(ODD)
        if "enum" in schema:
            return self.random.choice(list(schema["enum"]))
        if "oneOf" in schema:
            return self.value(self.random.choice(schema["oneOf"]), depth + 1)
        kinds = schema.get("type", "string")
        kind = kinds if isinstance(kinds, str) else self.random.choice(kinds)
        return getattr(self, f"_{kind}", self._string)(schema, depth)

    def _object(self, schema, depth):
        made = {}
        needed = schema.get("required", [])
        for name, inner in schema.get("properties", {}).items():
            if (name in needed and self.random.random() > 0.04) or self.random.random() < 0.4:
                made[name] = self.value(inner, depth + 1)
        for inner in schema.get("patternProperties", {}).values():
            made["key"] = self.value(inner, depth + 1)
        if self.random.random() < 0.05:
            made["nonsense"] = self.random.choice(ODD)
        return made

    def _array(self, schema, depth):
        items = schema.get("items")
        if not isinstance(items, list):
            items = [items] * self.random.choice((0, 1, 1, 2))
        return [self.value(item, depth + 1) for item in items]

    def _string(self, schema, _depth):
        known = {
            "uuid": self.ids, "base64": ["QUJD"], "ipv4": ["10.0.0.1"], "ipv6": ["::1"],
            "date-time": ["2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00+23:59"],
            "regex": ["^a", ".*", "1", "(?i)A"],
        }  # fmt: skip
        return self.random.choice([*known.get(schema.get("format"), ["name", "1"]), "default"])

    def _integer(self, _schema, _depth):
        return self.random.choice((0, 1, 2, 3, 100))

    def _boolean(self, _schema, _depth):
        return self.random.random() < 0.5

    def _null(self, _schema, _depth):
        return None

    def path(self, template):
        parts = [
            self.random.choice([*self.ids, "nonsense", "1", "%F0%9F%98%80", "%00", "%FF"])
            if "{" in part
            else part
            for part in template.split("/")
        ]
        return "v2.1/" + "/".join(parts)

    def query(self, schema):
        made = []
        for name, inner in (schema or {}).get("properties", {}).items():
            if self.random.random() < 0.2:
                value = self.value(inner.get("items", {}))
                made.append((name, value if isinstance(value, str) else str(value)))
        if self.random.random() < 0.1:
            made.append((self.random.choice(("x", "_x", "😀", "limit")), "1"))
        return made


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world")).start()
    made.cloud.conf.set_override("auth_strategy", "noauth2", "api")
    made.app = TestApp(make_app(made.cloud))
    user = {"X-Auth-Token": "u1:p1", "OpenStack-API-Version": "compute 2.37"}
    body = {
        "name": "a", "imageRef": made.image.id, "flavorRef": "1",
        "networks": [{"uuid": made.network.id}],
    }  # fmt: skip
    server = made.app.post_json("/v2.1/servers", {"server": body}, headers=user).json["server"]
    made.wait_active(server["id"])
    made.ids = [server["id"], made.image.id, made.network.id]
    yield made
    made.stop()


@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(
    row=st.sampled_from(OPERATIONS),
    version=st.sampled_from(VERSIONS),
    user=st.sampled_from(["u1:p1", "admin:p1", "x:p2"]),
    seed=st.integers(0, 2**32),
)
def test_any_request(world, row, version, user, seed):
    path, method, key = row
    operation, maker = operation_of(row), Maker(seed, world.ids)
    query = maker.query(at(operation.query, version)) if method == "GET" else []
    body = maker.value(at(operation.body, version))
    if key and maker.random.random() < 0.5 and not isinstance(body, dict):
        body = {key: body}
    headers = {"X-Auth-Token": user, "OpenStack-API-Version": f"compute {version}"}
    got = ask(world.app, (method, maker.path(path)), headers, body, query)
    assert got.status_int != 500, (row, version, query, body, got.text)
    assert got.status_int < 500 or got.status_int in (501, 503), (row, got.text)
    if got.status_int >= 400:
        ((_name, inner),) = got.json.items()
        assert inner["code"] == got.status_int
        assert inner["message"]
