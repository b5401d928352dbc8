# SPDX-License-Identifier: Apache-2.0
"""Images in Glance's v2 dialect: what boots, what the agent downloads, what /images shows."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
import requests
from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import Neighbour, mapped
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import ServerImage

CHUNK_BYTES = 1 << 20
PAGE = 1000
BASE = frozenset(
    (
        "checksum",
        "container_format",
        "created_at",
        "direct_url",
        "disk_format",
        "file",
        "id",
        "locations",
        "min_disk",
        "min_ram",
        "name",
        "os_hash_algo",
        "os_hash_value",
        "os_hidden",
        "owner",
        "protected",
        "schema",
        "self",
        "size",
        "status",
        "store",
        "stores",
        "tags",
        "updated_at",
        "virtual_size",
        "visibility",
    )
)
"""Attributes of every image; all others are its properties."""

_PATCH = "application/openstack-images-v2.1-json-patch"


class Image(ServerImage, frozen=True, kw_only=True):
    """An image as the image service has it now."""

    status: str
    visibility: str = "private"
    owner: str | None = None
    protected: bool = False
    hidden: bool = False
    container_format: str = ""
    hash_algorithm: str = ""
    hash_value: str = ""
    tags: tuple[str, ...] = ()
    created_at: str = ""
    """ISO 8601 with Z, as the image service writes it."""
    updated_at: str = ""
    raw: dict[str, Any] = {}
    """The whole answer of the image service."""

    @property
    def remembered(self) -> ServerImage:
        """The part that a server keeps."""
        return ServerImage(**{name: getattr(self, name) for name in ServerImage.__struct_fields__})


class Images:
    """The image service. Calls with a caller's context see what that caller may see."""

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._glance = Neighbour(session, conf, "image")

    def get(self, image_id: str, context: RequestContext | None = None) -> Image:
        """The image; raises NotFound when there is none for this caller."""
        missing = errors.NotFound(f"Image {image_id} could not be found.")
        if not ids.is_id(image_id):
            raise missing
        try:
            answer = self._glance.ask("GET", f"/v2/images/{image_id}", context)
        except errors.NotFound as error:
            raise missing from error
        image = read(answer.json())
        if not _may_see(context, image):
            raise missing
        return image

    def chunks(self, image_id: str) -> Iterator[bytes]:
        """The bytes of an image; raises Unavailable at the end when they are not its own."""
        image = self.get(image_id)
        answer = self._glance.ask("GET", f"/v2/images/{image_id}/file", stream=True)
        with answer:
            if answer.status_code == requests.codes.no_content:
                raise errors.Refused(f"Image {image_id} has no data yet (it is {image.status}).")
            with mapped("image"):
                yield from _verified(image, answer.iter_content(CHUNK_BYTES))

    def list_(
        self, context: RequestContext, query: Mapping[str, str] | None = None
    ) -> tuple[Image, ...]:
        """Images this caller may see; `query` holds filters, limit, marker in Glance's words."""
        asked = dict(query or {})
        limit = int(asked.pop("limit", PAGE))
        found: list[Image] = []
        while len(found) < limit:
            params = {**asked, "limit": str(min(limit, PAGE))}
            page = self._glance.ask("GET", "/v2/images", context, params=params).json()
            seen = [read(raw) for raw in page["images"]]
            found += [image for image in seen if _may_see(context, image)]
            if not page.get("next"):
                break
            asked["marker"] = seen[-1].id
        return tuple(found[:limit])

    def of_nova(self, marks: Mapping[str, str]) -> tuple[Image, ...]:
        """Images that have these properties and filters, whosever they are."""
        params = {**marks, "limit": str(PAGE)}
        page = self._glance.ask("GET", "/v2/images", params=params).json()
        return tuple(read(raw) for raw in page["images"])

    def create(self, wanted: Mapping[str, Any]) -> Image:
        """Make an image without data, as Nova itself; `wanted` is in Glance's words."""
        return read(self._glance.ask("POST", "/v2/images", json=dict(wanted)).json())

    def upload(self, image_id: str, disk_format: str, data: Iterator[bytes]) -> None:
        """Give an image of Nova's own its format and its bytes."""
        patch = [
            {"op": "replace", "path": "/disk_format", "value": disk_format},
            {"op": "replace", "path": "/container_format", "value": "bare"},
        ]
        path, headers = f"/v2/images/{image_id}", {"Content-Type": _PATCH}
        self._glance.ask("PATCH", path, data=msgspec.json.encode(patch), headers=headers)
        headers = {"Content-Type": "application/octet-stream"}
        self._glance.ask("PUT", f"{path}/file", data=data, headers=headers)

    def discard(self, image_id: str) -> None:
        """Delete an image that Nova made and did not finish; nothing there is fine."""
        with contextlib.suppress(errors.NotFound):
            self._glance.ask("DELETE", f"/v2/images/{image_id}")

    def delete(self, context: RequestContext, image_id: str) -> None:
        """Delete an image of the caller; raises NotFound, Forbidden, Conflict."""
        self._own(context, image_id)
        self._glance.ask("DELETE", f"/v2/images/{image_id}", context)

    def change(
        self,
        context: RequestContext,
        image_id: str,
        put: Mapping[str, str] | None = None,
        drop: Collection[str] = (),
    ) -> Image:
        """Set properties of an image and take others away; raises NotFound, Forbidden."""
        self._own(context, image_id)
        patch = [
            *({"op": "add", "path": _pointer(k), "value": v} for k, v in (put or {}).items()),
            *({"op": "remove", "path": _pointer(name)} for name in drop),
        ]
        if not patch:
            return self.get(image_id, context)
        body = msgspec.json.encode(patch)
        headers = {"Content-Type": _PATCH}
        path = f"/v2/images/{image_id}"
        return read(self._glance.ask("PATCH", path, context, data=body, headers=headers).json())

    def members(self, context: RequestContext, image_id: str) -> tuple[str, ...]:
        """Projects that an image of the caller is shared with; raises NotFound, Forbidden."""
        found = self._glance.ask("GET", f"/v2/images/{image_id}/members", context).json()
        return tuple(one["member_id"] for one in found["members"])

    def share(self, context: RequestContext, image_id: str, project_id: str) -> None:
        """Share a shared image with one project; fine if it is. Raises Forbidden, OverQuota."""
        with contextlib.suppress(errors.Conflict):
            path = f"/v2/images/{image_id}/members"
            self._glance.ask("POST", path, context, json={"member": project_id})

    def unshare(self, context: RequestContext, image_id: str, project_id: str) -> None:
        """Share it no more; fine if it is not. Raises Forbidden."""
        with contextlib.suppress(errors.NotFound):
            path = f"/v2/images/{image_id}/members/{quote(project_id, safe='')}"
            self._glance.ask("DELETE", path, context)

    def _own(self, context: RequestContext, image_id: str) -> None:
        """Without the caller's token the image service cannot decide, so it is decided here."""
        image = self.get(image_id, context)
        foreign = image.owner != context.project_id and not context.is_admin
        if not context.auth_token and foreign:
            raise errors.Forbidden(f"You may not change image {image_id}.")


def read(raw: dict[str, Any]) -> Image:
    """The image in an answer of the image service."""
    algorithm, value = raw.get("os_hash_algo") or "", raw.get("os_hash_value") or ""
    checksum = f"md5:{raw['checksum']}" if raw.get("checksum") else ""
    return Image(
        id=raw["id"],
        name=raw.get("name") or "",
        min_disk_gib=raw.get("min_disk") or 0,
        min_ram_mib=raw.get("min_ram") or 0,
        size_bytes=raw.get("size") or 0,
        disk_format=raw.get("disk_format") or "",
        checksum=f"{algorithm}:{value}" if value else checksum,
        properties={k: str(v) for k, v in raw.items() if k not in BASE and v is not None},
        status=raw["status"],
        visibility=raw.get("visibility") or "private",
        owner=raw.get("owner"),
        protected=bool(raw.get("protected")),
        hidden=bool(raw.get("os_hidden")),
        container_format=raw.get("container_format") or "",
        hash_algorithm=algorithm,
        hash_value=value,
        tags=tuple(raw.get("tags") or ()),
        created_at=raw.get("created_at") or "",
        updated_at=raw.get("updated_at") or "",
        raw=raw,
    )


def _may_see(context: RequestContext | None, image: Image) -> bool:
    """The image service has decided already when it was asked with the caller's own token."""
    if context is None or context.auth_token or context.is_admin:
        return True
    return image.visibility in {"public", "community"} or image.owner == context.project_id


def _verified(image: Image, chunks: Iterator[bytes]) -> Iterator[bytes]:
    algorithm, _, expected = image.checksum.partition(":")
    digest = hashlib.new(algorithm, usedforsecurity=False) if _known(algorithm) else None
    for chunk in chunks:
        if digest is not None:
            digest.update(chunk)
        yield chunk
    if digest is not None and digest.hexdigest() != expected.lower():
        raise errors.Unavailable(f"Image {image.id} arrived damaged: its {algorithm} is wrong.")


def _known(algorithm: str) -> bool:
    return bool(algorithm) and algorithm in hashlib.algorithms_available


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
