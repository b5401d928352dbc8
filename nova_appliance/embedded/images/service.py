# SPDX-License-Identifier: Apache-2.0
"""What the image handlers share (`req.service`), and who may see and change which image."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from nova_appliance.common import clock
from nova_appliance.common.errors import Forbidden, NotFound
from nova_appliance.embedded.images import files
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row, Store
from nova_appliance.embedded.tokens import Caller, Tokens

SCHEMA = """
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, name TEXT, status TEXT NOT NULL, visibility TEXT NOT NULL, owner TEXT,
    protected INTEGER NOT NULL, os_hidden INTEGER NOT NULL,
    disk_format TEXT, container_format TEXT, min_disk INTEGER NOT NULL, min_ram INTEGER NOT NULL,
    size INTEGER, virtual_size INTEGER, checksum TEXT, os_hash_algo TEXT, os_hash_value TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    tags TEXT NOT NULL, properties TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS images_owner ON images (owner);
CREATE TABLE IF NOT EXISTS members (
    image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE, member TEXT NOT NULL,
    status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    PRIMARY KEY (image_id, member))
"""
VISIBLE = """(visibility IN ('public', 'community') OR owner = ? OR (visibility = 'shared' AND EXISTS
    (SELECT 1 FROM members WHERE image_id = images.id AND member = ?)))"""


@dataclasses.dataclass(frozen=True)
class Images:
    """One image service: its file of rows, its directory of bytes."""

    settings: Settings
    store: Store
    tokens: Tokens
    directory: Path

    def path(self, image_id: str) -> Path:
        """Where the bytes of an image lie; ids in the store are UUIDs."""
        return self.directory / image_id

    def staged(self, image_id: str) -> Path:
        """Where bytes wait that were staged for an import."""
        return self.directory / (image_id + files.STAGED)


def open_images(settings: Settings, time: clock.Clock = clock.SYSTEM) -> Images:
    """Open the image service and set right what a crash may have left half done."""
    images = images_of(settings, time)
    _recover(images)
    return images


def images_of(settings: Settings, time: clock.Clock = clock.SYSTEM) -> Images:
    """The image service as it is, for whom works beside it."""
    return Images(
        settings=settings,
        store=Store(settings.state_dir / "images.db", SCHEMA),
        tokens=Tokens(settings, time),
        directory=settings.state_dir / "images",
    )


def find(req: Any, image_id: str) -> Row:
    """An image that the caller may see; raises NotFound."""
    sql = "SELECT * FROM images WHERE id = ?"
    values = [image_id]
    if not req.caller.is_admin:
        sql, values = f"{sql} AND {VISIBLE}", [image_id, *[req.caller.project_id or ""] * 2]
    row: Row | None = req.service.store.one(sql, *values)
    if row is None:
        raise NotFound(f"No image found with ID {image_id}")
    return row


def find_own(req: Any, image_id: str) -> Row:
    """An image that the caller may change; raises NotFound or Forbidden."""
    row = find(req, image_id)
    require_member(req.caller)
    if not (req.caller.is_admin or row["owner"] == req.caller.project_id):
        raise Forbidden(
            "You are not permitted to change this image: it belongs to another project."
        )
    return row


def require_member(caller: Caller) -> None:
    """Readers look, members change."""
    if not (caller.is_admin or "member" in caller.roles):
        raise Forbidden("You are not authorized to complete this action: it needs the role member.")
    if caller.project_id is None and not caller.is_admin:
        raise Forbidden("You are not authorized to complete this action without a project.")


def now_text(images: Images) -> str:
    """The present time as Glance writes it."""
    moment = dt.datetime.fromtimestamp(images.tokens.now(), dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def view(row: Row) -> dict[str, Any]:
    """An image as clients see it: custom properties stand beside the others."""
    image_id = row["id"]
    seen: dict[str, Any] = json.loads(row["properties"]) | row
    del seen["properties"]
    return seen | {
        "protected": bool(row["protected"]),
        "os_hidden": bool(row["os_hidden"]),
        "tags": json.loads(row["tags"]),
        "self": f"/v2/images/{image_id}",
        "file": f"/v2/images/{image_id}/file",
        "schema": "/v2/schemas/image",
    }


def _recover(images: Images) -> None:
    """Uploads that a crash cut off begin anew; bytes without an image go."""
    with images.store.write() as tx:
        tx.run("UPDATE images SET status = 'queued' WHERE status IN ('saving', 'importing')")
        for row in tx.all("SELECT id FROM images WHERE status = 'uploading'"):
            if not images.staged(row["id"]).exists():
                tx.update("images", row["id"], {"status": "queued"})
        rows = tx.all("SELECT id, status FROM images")
    keep = {row["id"] for row in rows if row["status"] in {"active", "deactivated"}}
    keep |= {row["id"] + files.STAGED for row in rows if row["status"] == "uploading"}
    files.sweep(images.directory, keep)
