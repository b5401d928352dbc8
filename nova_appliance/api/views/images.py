# SPDX-License-Identifier: Apache-2.0
"""Images as the Compute API showed them before 2.36."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nova_appliance.api import links
from nova_appliance.api.request import Request
from nova_appliance.api.views.table import next_links
from nova_appliance.clients.images import Image
from nova_appliance.domain.extra_specs import TRUE_WORDS

STATUSES = {
    "active": ("ACTIVE", 100),
    "queued": ("SAVING", 25),
    "saving": ("SAVING", 50),
    "deleted": ("DELETED", 0),
    "pending_delete": ("DELETED", 0),
    "killed": ("ERROR", 0),
}
"""Status of the image service > status and progress here."""


def brief(req: Request, image: Image) -> dict[str, Any]:
    """Name and links."""
    return {"id": image.id, "name": image.name, "links": _links(req, image)}


def show(req: Request, image: Image) -> dict[str, Any]:
    """All of an image."""
    status, progress = STATUSES.get(image.status, ("UNKNOWN", 0))
    view = brief(req, image) | {
        "minRam": image.min_ram_mib,
        "minDisk": image.min_disk_gib,
        "metadata": image.properties,
        "created": image.created_at,
        "updated": image.updated_at,
        "status": status,
        "progress": progress,
        "OS-EXT-IMG-SIZE:size": image.size_bytes,
    }
    server_id = image.properties.get("instance_uuid")
    if server_id is not None:
        view["server"] = {"id": server_id, "links": links.both(req, "servers", server_id)}
    automatic = image.properties.get("auto_disk_config")
    if automatic is not None:
        view["OS-DCF:diskConfig"] = "AUTO" if automatic.lower() in TRUE_WORDS else "MANUAL"
    return view


def index(req: Request, images: Sequence[Image], *, detail: bool) -> dict[str, Any]:
    """A page of images."""
    view, collection = (show, "images/detail") if detail else (brief, "images")
    views = [view(req, image) for image in images]
    ids = [image.id for image in images]
    return {"images": views} | next_links(req, "images_links", collection, ids)


def _links(req: Request, image: Image) -> list[links.Link]:
    alternate = {
        "rel": "alternate",
        "type": "application/vnd.openstack.image",
        "href": links.image(req, image.id),
    }
    return [*links.both(req, "images", image.id), alternate]
