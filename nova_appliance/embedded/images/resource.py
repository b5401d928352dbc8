# SPDX-License-Identifier: Apache-2.0
"""Images as records: show, create, change, tag and delete. The bytes are data.py's matter."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import webob

from nova_appliance.common import ids
from nova_appliance.common.errors import Conflict, Forbidden, Invalid, NotFound
from nova_appliance.embedded import web
from nova_appliance.embedded.images import fields, patch
from nova_appliance.embedded.images.service import (
    Images,
    find,
    find_own,
    now_text,
    require_member,
    view,
)
from nova_appliance.embedded.store import Row, Transaction

PATCH_TYPES = (
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.0-json-patch",
)
CHANGEABLE = tuple(name for name, field in fields.FIELDS.items() if not field.read_only)
FRESH: dict[str, Any] = {
    "name": None,
    "status": "queued",
    "visibility": "shared",
    "protected": False,
    "os_hidden": False,
    "disk_format": None,
    "container_format": None,
    "min_disk": 0,
    "min_ram": 0,
    "tags": [],
}


def show(req: Any, image_id: str) -> dict[str, Any]:
    """GET /v2/images/{id}."""
    return view(find(req, image_id))


def create(req: Any) -> webob.Response:
    """POST /v2/images: a record that waits for its bytes."""
    require_member(req.caller)
    body = web.read_json(req)
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object of attributes.")
    image_id = fields.check_id(body.pop("id")) if "id" in body else ids.new_id()
    asked = {name: fields.check(name, value, req.caller) for name, value in body.items()}
    now = now_text(req.service)
    image = FRESH | {"owner": req.caller.project_id} | asked
    row = _columns(image) | {"id": image_id, "status": "queued", "created_at": now}
    try:
        with req.service.store.write() as tx:
            tx.insert("images", row | {"updated_at": now})
    except sqlite3.IntegrityError as error:
        raise Conflict(f"Image ID {image_id} already exists!") from error
    response = web.answer((201, show(req, image_id)))
    response.headers["Location"] = f"{req.host_url}/v2/images/{image_id}"
    response.headers["OpenStack-image-import-methods"] = "glance-direct"
    return response


def update(req: Any, image_id: str) -> dict[str, Any]:
    """PATCH /v2/images/{id}."""
    if req.content_type not in PATCH_TYPES:
        raise web.WrongMedia(f"Changes of images are sent as {PATCH_TYPES[0]}.")
    operations = web.read_json(req)
    find_own(req, image_id)
    with req.service.store.write() as tx:
        image = patch.apply(view(_row(tx, image_id)), operations, req.caller)
        tx.update("images", image_id, _columns(image) | {"updated_at": now_text(req.service)})
    return show(req, image_id)


def delete(req: Any, image_id: str) -> None:
    """DELETE /v2/images/{id}: the record first; bytes that a crash leaves are swept at the start."""
    images: Images = req.service
    find_own(req, image_id)
    with images.store.write() as tx:
        if _row(tx, image_id)["protected"]:
            raise Forbidden(f"Image {image_id} is protected and cannot be deleted.")
        tx.run("DELETE FROM images WHERE id = ?", image_id)
    for path in (images.path(image_id), images.staged(image_id)):
        path.unlink(missing_ok=True)


def add_tag(req: Any, image_id: str, tag: str) -> None:
    """PUT /v2/images/{id}/tags/{tag}."""
    fields.check_tag(tag)
    find_own(req, image_id)
    with req.service.store.write() as tx:
        tags = json.loads(_row(tx, image_id)["tags"])
        if tag not in tags:
            _keep_tags(req.service, tx, image_id, [*tags, tag])


def remove_tag(req: Any, image_id: str, tag: str) -> None:
    """DELETE /v2/images/{id}/tags/{tag}."""
    find_own(req, image_id)
    with req.service.store.write() as tx:
        tags = json.loads(_row(tx, image_id)["tags"])
        if tag not in tags:
            raise NotFound(f"The image has no tag {tag}.")
        _keep_tags(req.service, tx, image_id, [word for word in tags if word != tag])


def _keep_tags(images: Images, tx: Transaction, image_id: str, tags: list[str]) -> None:
    fields.require_room(tags, {})
    changes = {"tags": json.dumps(tags), "updated_at": now_text(images)}
    tx.update("images", image_id, changes)


def _row(tx: Transaction, image_id: str) -> Row:
    row = tx.one("SELECT * FROM images WHERE id = ?", image_id)
    if row is None:
        raise NotFound(f"No image found with ID {image_id}")
    return row


def _columns(image: dict[str, Any]) -> dict[str, Any]:
    """The columns that a client may change, from an image in its wire form."""
    properties = {name: value for name, value in image.items() if name not in fields.FIELDS}
    fields.require_room(image["tags"], properties)
    row = {name: image[name] for name in CHANGEABLE}
    return row | {"tags": json.dumps(image["tags"]), "properties": json.dumps(properties)}
