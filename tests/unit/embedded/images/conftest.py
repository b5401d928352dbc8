# SPDX-License-Identifier: Apache-2.0
"""An image service in this process, with tokens made by hand for three kinds of callers."""

from __future__ import annotations

import dataclasses
import json
import uuid

import pytest
from webtest import TestApp

from nova_appliance.embedded.identity import seed, tables
from nova_appliance.embedded.images.app import make_app
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.tokens import Claims, Tokens, new_audit_id

BYTES = "application/octet-stream"
PATCH = "application/openstack-images-v2.1-json-patch"
RAW = {"disk_format": "raw", "container_format": "bare"}


@dataclasses.dataclass
class Rig:
    settings: Settings
    app: TestApp

    def as_(self, user, project, role=None):
        """Headers of a user with a fresh token; `role` is granted if it is named."""
        store, tokens = tables.open_store(self.settings), Tokens(self.settings)
        ids = [
            store.one(f"SELECT id FROM {table} WHERE name = ?", name)["id"]
            for table, name in (("users", user), ("projects", project), ("roles", role or "member"))
        ]
        if role:
            row = dict(zip(("user_id", "target_id", "role_id"), ids, strict=True))
            with store.write() as tx:
                tx.insert("assignments", row | {"kind": "project"}, or_="IGNORE")
        now = tokens.now()
        claims = Claims(ids[0], ("password",), "project", ids[1], now, now + 60, (new_audit_id(),))
        return {"X-Auth-Token": tokens.seal(claims)}

    @property
    def demo(self):
        return self.as_("demo", "demo")

    @property
    def admin(self):
        return self.as_("admin", "admin")

    @property
    def other(self):
        return self.as_("demo", "service", "member")

    @property
    def reader(self):
        return self.as_("demo", "admin", "reader")

    def create(self, headers=None, status=201, **body):
        headers = headers or self.demo
        return self.app.post_json("/v2/images", body, headers=headers, status=status).json

    def upload(self, image_id, data, headers=None, status=204, **more):
        return self.app.put(
            f"/v2/images/{image_id}/file",
            data,
            headers=(headers or self.demo) | more,
            content_type=BYTES,
            status=status,
        )

    def active(self, data=b"some bytes", headers=None, **body):
        image = self.create(headers, **(RAW | body))
        self.upload(image["id"], data, headers)
        return self.show(image["id"], headers)

    def show(self, image_id, headers=None, status=200):
        answer = self.app.get(f"/v2/images/{image_id}", headers=headers or self.demo, status=status)
        return answer.json if status == 200 else answer

    def patch(self, image_id, *operations, headers=None, status=200, content_type=PATCH):
        bodies = [
            {"op": op, "path": path} | ({"value": value[0]} if value else {})
            for op, path, *value in operations
        ]
        return self.app.patch(
            f"/v2/images/{image_id}",
            json.dumps(bodies),
            headers=headers or self.demo,
            content_type=content_type,
            status=status,
        )

    def names(self, query="", headers=None):
        answer = self.app.get(f"/v2/images{query}", headers=headers or self.demo).json
        return [image["name"] for image in answer["images"]]

    def files(self):
        directory = self.settings.state_dir / "images"
        return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setitem(seed.passwords.COST, "n", 2**4)
    settings = Settings(tmp_path, image_limit_bytes=10_000_000)
    seed.seed(settings)
    return Rig(settings, TestApp(make_app(settings)))


@pytest.fixture
def nowhere():
    return str(uuid.uuid4())
