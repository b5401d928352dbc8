# SPDX-License-Identifier: Apache-2.0
"""The bytes of images over HTTP: upload, download, stage and import, deactivate and reactivate."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import webob

from nova_appliance.common.errors import Conflict, Forbidden, Invalid, NotFound
from nova_appliance.embedded import web
from nova_appliance.embedded.images import files, formats
from nova_appliance.embedded.images.service import Images, find, find_own, now_text
from nova_appliance.embedded.store import Row

BYTES = "application/octet-stream"


def upload(req: Any, image_id: str) -> None:
    """PUT /v2/images/{id}/file."""
    row = _ready_for_bytes(req, image_id)
    with _moved(req.service, image_id, "queued", "saving"):
        written = _receive(req, req.service.path(image_id))
        activate(req.service, row, written, "saving")


def download(req: Any, image_id: str) -> webob.Response:
    """GET /v2/images/{id}/file."""
    row = find(req, image_id)
    if row["status"] == "deactivated" and not req.caller.is_admin:
        raise Forbidden(
            "The requested image has been deactivated. Image data download is forbidden."
        )
    if row["status"] not in {"active", "deactivated"}:
        return web.answer(None)
    try:
        body = files.chunks(req.service.path(image_id))
        first = next(body, b"")
    except FileNotFoundError as error:
        raise NotFound(f"No image data found for image {image_id}") from error
    response = webob.Response(content_type=BYTES, charset=None, app_iter=_joined(first, body))
    response.content_length = row["size"]
    response.headers["Content-MD5"] = row["checksum"]
    return response


def stage(req: Any, image_id: str) -> None:
    """PUT /v2/images/{id}/stage: bytes that wait for an import."""
    images: Images = req.service
    _ready_for_bytes(req, image_id)
    with _moved(images, image_id, "queued", "uploading"):
        written = _receive(req, images.staged(image_id))
        files.publish(written.path, images.staged(image_id))
        with images.store.write() as tx:
            sql = "UPDATE images SET size = ? WHERE id = ? AND status = 'uploading'"
            kept = tx.run(sql, written.size, image_id)
        if not kept:
            images.staged(image_id).unlink(missing_ok=True)


def import_staged(req: Any, image_id: str) -> tuple[int, None]:
    """POST /v2/images/{id}/import: of the method glance-direct, done before the answer."""
    body = web.read_json(req)
    method = body.get("method") if isinstance(body, dict) else None
    if not isinstance(method, dict) or method.get("name") != "glance-direct":
        raise Invalid("The only import method here is glance-direct.")
    images: Images = req.service
    row = find_own(req, image_id)
    with _moved(images, image_id, "uploading", "importing"):
        try:
            written = files.measure(images.staged(image_id))
        except FileNotFoundError as error:
            raise Conflict("The bytes of this image have not been staged.") from error
        activate(images, row, written, "importing")
    return 202, None


def deactivate(req: Any, image_id: str) -> None:
    """POST /v2/images/{id}/actions/deactivate: nobody but administrators downloads it then."""
    _turn(req, image_id, "active", "deactivated")


def reactivate(req: Any, image_id: str) -> None:
    """POST /v2/images/{id}/actions/reactivate."""
    _turn(req, image_id, "deactivated", "active")


def _ready_for_bytes(req: Any, image_id: str) -> Row:
    if req.content_type != BYTES:
        raise web.WrongMedia(f"The bytes of an image are sent as {BYTES}.")
    row = find_own(req, image_id)
    missing = [name for name in ("disk_format", "container_format") if row[name] is None]
    if missing:
        raise Invalid(f"Properties {', '.join(missing)} must be set prior to saving data.")
    limit = req.service.settings.image_limit_bytes
    if (req.content_length or 0) > limit:
        raise web.TooLarge(f"An image may have at most {limit} bytes.")
    return row


def _receive(req: Any, path: Path) -> files.Written:
    return files.write(
        path,
        req.body_file,
        limit=req.service.settings.image_limit_bytes,
        declared_size=req.headers.get("X-OpenStack-Image-Size"),
    )


@contextlib.contextmanager
def _moved(images: Images, image_id: str, before: str, during: str) -> Iterator[None]:
    """Only one at a time works on an image's bytes; whatever fails puts the status back."""
    _set_status(images, image_id, before, during)
    try:
        yield
    except BaseException:
        with images.store.write() as tx:
            sql = "UPDATE images SET status = ? WHERE id = ? AND status = ?"
            tx.run(sql, before, image_id, during)
        raise


def activate(images: Images, row: Row, written: files.Written, during: str) -> None:
    """Look into the bytes, give them their name, and only then tell that they are there."""
    image_id, path = row["id"], images.path(row["id"])
    try:
        virtual_size = formats.inspect(written.path, row["disk_format"])
    except web.WrongMedia:
        if during == "saving":
            written.path.unlink(missing_ok=True)
        raise
    files.publish(written.path, path)
    with images.store.write() as tx:
        kept = tx.run(
            """UPDATE images SET status = 'active', size = ?, virtual_size = ?, checksum = ?,
                   os_hash_algo = 'sha512', os_hash_value = ?, updated_at = ?
               WHERE id = ? AND status = ?""",
            *(written.size, virtual_size, written.md5, written.sha512),
            *(now_text(images), image_id, during),
        )
    if not kept:
        path.unlink(missing_ok=True)
        raise NotFound(f"Image {image_id} was deleted while its bytes came in.")


def _turn(req: Any, image_id: str, before: str, after: str) -> None:
    """Deactivating or reactivating what already is so changes nothing."""
    row = find(req, image_id)
    if not req.caller.is_admin:
        raise Forbidden("Only administrators deactivate and reactivate images.")
    if row["status"] != after:
        _set_status(req.service, image_id, before, after)


def _set_status(images: Images, image_id: str, before: str, after: str) -> None:
    with images.store.write() as tx:
        sql = "UPDATE images SET status = ?, updated_at = ? WHERE id = ? AND status = ?"
        if not tx.run(sql, after, now_text(images), image_id, before):
            row = tx.one("SELECT status FROM images WHERE id = ?", image_id)
            status = row["status"] if row else "deleted"
            raise Conflict(f"Image status transition from {status} to {after} is not allowed")


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
