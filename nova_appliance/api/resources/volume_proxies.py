# SPDX-License-Identifier: Apache-2.0
"""The old proxies to volumes and snapshots (to 2.35), asked as the caller."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import volume_proxies as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import volume_proxies as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.views import volume_proxies as views
from nova_appliance.common import errors, ids

LAST = "2.35"
Body = dict[str, Any]


@operation(policy=rules.LIST, query=schemas.LIST, until=LAST)
def index(req: Request) -> Body:
    """GET /os-volumes."""
    return {"volumes": [views.volume(raw) for raw in _rows(req, "volumes")]}


@operation(policy=rules.DETAIL, query=schemas.LIST, until=LAST)
def detail(req: Request) -> Body:
    """GET /os-volumes/detail: the same."""
    return {"volumes": [views.volume(raw) for raw in _rows(req, "volumes")]}


@operation(policy=rules.SHOW, errors=(404,), until=LAST)
def show(req: Request, volume_id: str) -> Body:
    """GET /os-volumes/{volume_id}."""
    return {"volume": views.volume(req.cloud.volumes.get(volume_id, req.context).raw)}


@operation(policy=rules.CREATE, body=schemas.CREATE, errors=(404,), until=LAST)
def create(req: Request, body: Body) -> Body:
    """POST /os-volumes."""
    asked = body["volume"]
    wanted = {
        "size": int(asked["size"]),
        "name": asked.get("display_name"),
        "description": asked.get("display_description"),
        "metadata": asked.get("metadata") or {},
        "availability_zone": asked.get("availability_zone"),
        "snapshot_id": asked.get("snapshot_id"),
        "volume_type": asked.get("volume_type"),
    }
    made = req.cloud.volumes.create(wanted, req.context)
    return {"volume": views.volume(made.raw)}


@operation(policy=rules.DELETE, status=202, errors=(400, 404), until=LAST)
def delete(req: Request, volume_id: str) -> None:
    """DELETE /os-volumes/{volume_id}."""
    req.cloud.volumes.get(volume_id, req.context)
    req.cloud.volumes.ask("DELETE", f"/volumes/{volume_id}", req.context)


@operation(policy=rules.SNAPSHOT_LIST, query=schemas.LIST, until=LAST)
def snapshots(req: Request) -> Body:
    """GET /os-snapshots."""
    return {"snapshots": [views.snapshot(raw) for raw in _rows(req, "snapshots")]}


@operation(policy=rules.SNAPSHOT_DETAIL, query=schemas.LIST, until=LAST)
def snapshots_detail(req: Request) -> Body:
    """GET /os-snapshots/detail: the same."""
    return {"snapshots": [views.snapshot(raw) for raw in _rows(req, "snapshots")]}


@operation(policy=rules.SNAPSHOT_SHOW, errors=(404,), until=LAST)
def show_snapshot(req: Request, snapshot_id: str) -> Body:
    """GET /os-snapshots/{snapshot_id}."""
    return {"snapshot": views.snapshot(req.cloud.volumes.get_snapshot(snapshot_id, req.context))}


@operation(policy=rules.SNAPSHOT_CREATE, body=schemas.SNAPSHOT, until=LAST)
def create_snapshot(req: Request, body: Body) -> Body:
    """POST /os-snapshots."""
    asked = body["snapshot"]
    if not ids.is_id(asked["volume_id"]):
        raise errors.Invalid(f"Volume {asked['volume_id']} could not be found.")
    wanted = {
        "volume_id": asked["volume_id"],
        "force": is_true(asked.get("force", False)),
        "name": asked.get("display_name"),
        "description": asked.get("display_description"),
    }
    try:
        made = req.cloud.volumes.snapshot(wanted, req.context)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    return {"snapshot": views.snapshot(made)}


@operation(policy=rules.SNAPSHOT_DELETE, status=202, errors=(404,), until=LAST)
def delete_snapshot(req: Request, snapshot_id: str) -> None:
    """DELETE /os-snapshots/{snapshot_id}."""
    req.cloud.volumes.get_snapshot(snapshot_id, req.context)
    req.cloud.volumes.delete_snapshot(snapshot_id, req.context)


def _rows(req: Request, noun: str) -> list[Body]:
    """The caller's volumes or snapshots; the page is cut here, as Nova does."""
    answer = req.cloud.volumes.ask("GET", f"/{noun}/detail", req.context)
    rows: list[Body] = answer.json()[noun]
    most = req.cloud.conf.api.max_limit
    offset = int(req.first("offset") or 0)
    return rows[offset : offset + min(int(req.first("limit") or most), most)]
