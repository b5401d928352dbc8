# SPDX-License-Identifier: Apache-2.0
"""A volume service in this process, with tokens made by hand, and images it can copy."""

from __future__ import annotations

import dataclasses
import json
import threading
import uuid

import pytest
from webtest import TestApp

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded.identity import seed, tables
from nova_appliance.embedded.images.service import open_images
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.tokens import Claims, Tokens, new_audit_id
from nova_appliance.embedded.volumes.app import make_app

GIB = 1 << 30
BUSY = ("creating", "deleting", "extending", "uploading", "downloading", "retyping")


@dataclasses.dataclass
class Rig:
    settings: Settings
    app: TestApp

    def __post_init__(self):
        self.turn = threading.RLock()
        self.tokens, self.identity = Tokens(self.settings), tables.open_store(self.settings)

    def id(self, table, name):
        return self.identity.one(f"SELECT id FROM {table} WHERE name = ?", name)["id"]

    def as_(self, user, project, role=None):
        """Headers of a user with a fresh token; `role` is granted if it is named."""
        user_id, project_id = self.id("users", user), self.id("projects", project)
        if role:
            row = {"user_id": user_id, "target_id": project_id, "kind": "project"}
            row["role_id"] = self.id("roles", role)
            with self.identity.write() as tx:
                tx.insert("assignments", row, or_="IGNORE")
        now = self.tokens.now()
        claims = Claims(
            user_id, ("password",), "project", project_id, now, now + 60, (new_audit_id(),)
        )
        token = self.tokens.seal(claims)
        return {"X-Auth-Token": token, "OpenStack-API-Version": "volume 3.60"}

    def ask(self, method, path, body=None, *, who="demo", status=200, **headers):
        """One request below /v3/{project}; `who` is demo, admin, other or reader."""
        user, project, role = {
            "demo": ("demo", "demo", None),
            "admin": ("admin", "admin", None),
            "other": ("demo", "service", "member"),
            "reader": ("demo", "admin", "reader"),
        }[who]
        with self.turn:
            answer = self.app.request(
                f"/v3/{self.id('projects', project)}/{path}",
                method=method,
                body=b"" if body is None else json.dumps(body).encode(),
                headers=self.as_(user, project, role) | headers,
                status=status,
            )
        return answer.json if answer.body else None

    def volume(self, *, who="demo", **fields):
        """A volume whose disk is there."""
        made = self.ask("POST", "volumes", {"volume": {"size": 1} | fields}, who=who, status=202)
        return self.ready(f"volumes/{made['volume']['id']}", who=who)

    def ready(self, path, *, who="demo"):
        """The thing, once nothing goes on with it."""
        key = path.partition("/")[0].removesuffix("s")
        seen = {}

        def at_rest():
            seen.update(self.ask("GET", path, who=who)[key])
            return seen["status"] not in BUSY

        assert wait_for(at_rest, 60), seen
        return seen

    def gone(self, path, *, who="demo"):
        def is_gone():
            return "itemNotFound" in (self.ask("GET", path, who=who, status="*") or {})

        return wait_for(is_gone, 60)

    def act(self, volume_id, action, answers=202, *, who="demo", **fields):
        path = f"volumes/{volume_id}/action"
        return self.ask("POST", path, {action: fields}, who=who, status=answers)

    def disk(self, volume_id):
        return self.settings.state_dir / "volumes" / f"volume-{volume_id}"

    def image(self, content=b"an image", **fields):
        """An active raw image of the demo project."""
        images = open_images(self.settings)
        image_id = str(uuid.uuid4())
        images.directory.mkdir(exist_ok=True)
        images.path(image_id).write_bytes(content)
        row = {
            "id": image_id, "name": "tiny", "status": "active", "visibility": "private",
            "owner": self.id("projects", "demo"), "protected": 0, "os_hidden": 0,
            "disk_format": "raw", "container_format": "bare", "min_disk": 0, "min_ram": 64,
            "size": len(content), "virtual_size": len(content), "created_at": "", "updated_at": "",
            "tags": "[]", "properties": '{"hw_disk_bus": "scsi"}',
        }  # fmt: skip
        with images.store.write() as tx:
            tx.insert("images", row | fields)
        return image_id

    def again(self):
        """The service after a crash: opened anew over what is on disk.

        What it goes on with may ask at once, and making an application replaces what Pecan keeps of requests.
        """
        with self.turn:
            self.app = TestApp(make_app(self.settings))
        return self


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setitem(seed.passwords.COST, "n", 2**4)
    settings = Settings(tmp_path, catalog=("identity", "image", "volumev3"))
    seed.seed(settings)
    return Rig(settings, TestApp(make_app(settings)))


@pytest.fixture
def nowhere():
    return str(uuid.uuid4())
