# SPDX-License-Identifier: Apache-2.0
"""The old proxy to the image service (to 2.35): list, show, delete."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.paging import paging
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import images as schemas
from nova_appliance.api.views import images as views
from nova_appliance.clients.images import Image
from nova_appliance.common import errors

LAST = "2.35"
_PROPERTY = "property-"


@operation(query=schemas.LIST, errors=(400,), until=LAST)
def index(req: Request) -> dict[str, Any]:
    """GET /images."""
    return views.index(req, req.cloud.images.list_(req.context, _query(req)), detail=False)


@operation(query=schemas.LIST, errors=(400,), until=LAST)
def detail(req: Request) -> dict[str, Any]:
    """GET /images/detail."""
    return views.index(req, req.cloud.images.list_(req.context, _query(req)), detail=True)


@operation(errors=(404,), until=LAST)
def show(req: Request, image_id: str) -> dict[str, Any]:
    """GET /images/{image_id}."""
    return {"image": views.show(req, find(req, image_id))}


@operation(status=204, errors=(403, 404), until=LAST)
def delete(req: Request, image_id: str) -> None:
    """DELETE /images/{image_id}."""
    find(req, image_id)
    try:
        req.cloud.images.delete(req.context, image_id)
    except (errors.Forbidden, errors.Conflict) as error:
        raise errors.Forbidden("You are not allowed to delete the image.") from error


def find(req: Request, image_id: str) -> Image:
    """The image. Raises NotFound."""
    try:
        return req.cloud.images.get(image_id, req.context)
    except errors.NotFound as error:
        raise errors.NotFound("Image not found.") from error


def _query(req: Request) -> dict[str, str]:
    """The filters and the page in the words of the image service."""
    given = {key: values[-1] for key, values in req.GET.dict_of_lists().items()}
    asked = {theirs: given[ours] for ours, theirs in schemas.FILTERS.items() if ours in given}
    if "instance_uuid" in asked:
        asked["instance_uuid"] = asked["instance_uuid"].rsplit("/", 1)[-1]
    if "status" in asked:
        asked["status"] = asked["status"].lower()
    if "updated_at" in asked:
        asked["updated_at"] = f"gte:{asked['updated_at']}"
    for key, value in given.items():
        if key.startswith(_PROPERTY):
            asked[key.removeprefix(_PROPERTY)] = value
    page = paging(req)
    if page.marker is not None:
        asked["marker"] = page.marker
    return asked | {"limit": str(page.limit)}
