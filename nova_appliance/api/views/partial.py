# SPDX-License-Identifier: Apache-2.0
"""Servers of cells that do not answer (2.69): only what nova_api knows of them."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.views.servers import Seen
from nova_appliance.db.server_lists import Mapping


def entry(row: Mapping, seen: Seen, *, detailed: bool) -> dict[str, Any]:
    """An entry of a list."""
    tail = f"/servers/{row.server_id}"
    view: dict[str, Any] = {
        "id": row.server_id,
        "status": "UNKNOWN",
        "links": [
            {"rel": "self", "href": seen.base + tail},
            {"rel": "bookmark", "href": seen.bookmarks + tail},
        ],
    }
    if detailed:
        view["tenant_id"] = row.project_id
        view["created"] = f"{row.created_at.isoformat(timespec='seconds')}Z"
    return view


def whole(row: Mapping, spec: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """GET of one; `spec` is what the scheduler was asked for it, maybe empty."""
    flavor = spec.get("flavor") or {}
    image = spec.get("image") or {}
    view = entry(row, seen, detailed=True)
    view |= {
        "user_id": row.user_id,
        "image": _image(image, seen),
        "flavor": _flavor(flavor),
        "OS-EXT-AZ:availability_zone": spec.get("zone") or "UNKNOWN",
        "OS-EXT-STS:power_state": 0,
    }
    if seen.version >= (2, 71):
        view["server_groups"] = [row.group_id] if row.group_id else []
    return view


def _image(image: dict[str, Any], seen: Seen) -> Any:
    if not image.get("id"):
        return ""
    href = f"{seen.bookmarks}/images/{image['id']}"
    return {"id": image["id"], "links": [{"rel": "bookmark", "href": href}]}


def _flavor(flavor: dict[str, Any]) -> dict[str, Any]:
    names = {
        "vcpus": "vcpus",
        "ram": "memory_mib",
        "disk": "root_gib",
        "ephemeral": "ephemeral_gib",
        "swap": "swap_mib",
        "original_name": "name",
        "extra_specs": "extra_specs",
    }
    return {shown: flavor[key] for shown, key in names.items() if key in flavor}
