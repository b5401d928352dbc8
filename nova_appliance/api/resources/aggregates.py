# SPDX-License-Identifier: Apache-2.0
"""Host aggregates: GET, POST, PUT, DELETE and the actions on hosts and metadata."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import aggregates
from nova_appliance.actions import cache_images as wishes
from nova_appliance.api.numbers_in_urls import number
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import aggregates as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import aggregates as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import aggregates as views
from nova_appliance.domain.aggregate import ZONE_KEY, Aggregate


@operation(policy=rules.INDEX, query=CLOSED_2_102)
def index(req: Request) -> dict[str, Any]:
    """GET /os-aggregates."""
    found = aggregates.list_(req.cloud)
    return {"aggregates": [views.show(req.version, aggregate) for aggregate in found]}


@operation(policy=rules.CREATE, body=schemas.CREATE, errors=(400, 409))
def create(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-aggregates."""
    values = body["aggregate"]
    zone = values.get("availability_zone")
    made = aggregates.create(req.cloud, values["name"].strip(), zone.strip() if zone else None)
    return {"aggregate": views.made(req.version, made)}


@operation(policy=rules.SHOW, query=CLOSED_2_102, errors=(400, 404))
def show(req: Request, aggregate_id: str) -> dict[str, Any]:
    """GET /os-aggregates/{aggregate_id}."""
    return _view(req, aggregates.find(req.cloud, number(aggregate_id)))


@operation(policy=rules.UPDATE, body=schemas.UPDATE, errors=(400, 404, 409))
def update(req: Request, aggregate_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-aggregates/{aggregate_id}."""
    values = body["aggregate"]
    name = values["name"].strip() if "name" in values else None
    metadata = {ZONE_KEY: values[ZONE_KEY]} if ZONE_KEY in values else {}
    changed = aggregates.change(req.cloud, number(aggregate_id), name=name, metadata=metadata)
    return _view(req, changed)


@operation(policy=rules.DELETE, errors=(400, 404))
def delete(req: Request, aggregate_id: str) -> None:
    """DELETE /os-aggregates/{aggregate_id}."""
    aggregates.delete(req.cloud, number(aggregate_id))


@operation(policy=rules.ADD_HOST, body=schemas.ADD_HOST, errors=(400, 404, 409))
def add_host(req: Request, aggregate_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-aggregates/{aggregate_id}/action (add_host)."""
    host = body["add_host"]["host"]
    return _view(req, aggregates.add_host(req.cloud, number(aggregate_id), host))


@operation(policy=rules.REMOVE_HOST, body=schemas.REMOVE_HOST, errors=(400, 404, 409))
def remove_host(req: Request, aggregate_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-aggregates/{aggregate_id}/action (remove_host)."""
    host = body["remove_host"]["host"]
    return _view(req, aggregates.remove_host(req.cloud, number(aggregate_id), host))


@operation(policy=rules.SET_METADATA, body=schemas.SET_METADATA, errors=(400, 404))
def set_metadata(req: Request, aggregate_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-aggregates/{aggregate_id}/action (set_metadata)."""
    metadata = body["set_metadata"]["metadata"]
    changed = aggregates.change(req.cloud, number(aggregate_id), metadata=metadata)
    return _view(req, changed)


@operation(policy=rules.IMAGES, body=schemas.CACHE, status=202, errors=(400, 404), since="2.81")
def cache_images(req: Request, aggregate_id: str, body: dict[str, Any]) -> None:
    """POST /os-aggregates/{aggregate_id}/images."""
    image_ids = [one["id"] for one in body["cache"]]
    wishes.cache(req.cloud, req.context, number(aggregate_id), image_ids)


def _view(req: Request, aggregate: Aggregate) -> dict[str, Any]:
    return {"aggregate": views.show(req.version, aggregate)}
