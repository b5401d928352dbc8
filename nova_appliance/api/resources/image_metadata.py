# SPDX-License-Identifier: Apache-2.0
"""The old proxy to properties of images (to 2.38)."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import quotas
from nova_appliance.actions.quotas import Share
from nova_appliance.api.operation import operation
from nova_appliance.api.request import Request
from nova_appliance.api.resources.images import find
from nova_appliance.api.schemas import images as schemas
from nova_appliance.common import errors
from nova_appliance.domain.quota import has_room

LAST = "2.38"


@operation(errors=(403, 404), until=LAST)
def index(req: Request, image_id: str) -> dict[str, Any]:
    """GET /images/{image_id}/metadata."""
    return {"metadata": find(req, image_id).properties}


@operation(body=schemas.METADATA_ALL, errors=(400, 403, 404), until=LAST)
def create(req: Request, image_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /images/{image_id}/metadata."""
    return {"metadata": _merge(req, image_id, body["metadata"])}


@operation(body=schemas.METADATA_ALL, errors=(400, 403, 404), until=LAST)
def update_all(req: Request, image_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /images/{image_id}/metadata."""
    new = body["metadata"]
    present = find(req, image_id).properties
    _check_room(req, new)
    req.cloud.images.change(req.context, image_id, put=new, drop=sorted(set(present) - set(new)))
    return {"metadata": new}


@operation(errors=(403, 404), until=LAST)
def show(req: Request, image_id: str, key: str) -> dict[str, Any]:
    """GET /images/{image_id}/metadata/{key}."""
    return {"meta": {key: _value(req, image_id, key)}}


@operation(body=schemas.METADATA_ONE, errors=(400, 403, 404), until=LAST)
def update(req: Request, image_id: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /images/{image_id}/metadata/{key}."""
    if key not in body["meta"]:
        raise errors.Invalid("Request body and URI mismatch")
    _merge(req, image_id, body["meta"])
    return {"meta": body["meta"]}


@operation(status=204, errors=(403, 404), until=LAST)
def delete(req: Request, image_id: str, key: str) -> None:
    """DELETE /images/{image_id}/metadata/{key}."""
    _value(req, image_id, key)
    req.cloud.images.change(req.context, image_id, drop=[key])


def _value(req: Request, image_id: str, key: str) -> str:
    properties = find(req, image_id).properties
    if key not in properties:
        raise errors.NotFound("Invalid metadata key")
    return properties[key]


def _merge(req: Request, image_id: str, new: dict[str, str]) -> dict[str, str]:
    merged = find(req, image_id).properties | new
    _check_room(req, merged)
    req.cloud.images.change(req.context, image_id, put=new)
    return merged


def _check_room(req: Request, properties: dict[str, str]) -> None:
    share = Share(project_id=str(req.context.project_id))
    limit = quotas.limits(req.cloud, share)["metadata_items"]
    if not has_room(limit, len(properties)):
        raise errors.OverQuota("Image metadata limit exceeded")
