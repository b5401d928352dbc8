# SPDX-License-Identifier: Apache-2.0
"""GET, POST, PUT and DELETE of flavors."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import flavors
from nova_appliance.api.flavor_filters import read_query
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import flavors as rules
from nova_appliance.api.policy import may
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import flavors as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import flavors as views
from nova_appliance.common import errors
from nova_appliance.domain.flavor import Flavor


@operation(query=schemas.LIST)
def index(req: Request) -> dict[str, Any]:
    """GET /flavors."""
    return views.index(req, flavors.page(req.cloud, read_query(req)))


@operation(query=schemas.LIST, also=(rules.SPECS_INDEX,))
def detail(req: Request) -> dict[str, Any]:
    """GET /flavors/detail."""
    found = flavors.page(req.cloud, read_query(req))
    return views.detail(req, found, with_specs=_shows_specs(req))


@operation(query=CLOSED_2_102, also=(rules.SPECS_INDEX,), errors=(404,))
def show(req: Request, flavor_id: str) -> dict[str, Any]:
    """GET /flavors/{flavor_id}."""
    flavor = flavors.find(req.cloud, flavor_id, whose(req))
    return {"flavor": views.show(req, flavor, with_specs=_shows_specs(req))}


@operation(policy=rules.CREATE, also=(rules.SPECS_INDEX,), body=schemas.CREATE, errors=(400, 409))
def create(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /flavors."""
    flavor = flavors.create(req.cloud, _flavor(body["flavor"]))
    return {"flavor": views.show(req, flavor, with_specs=_shows_specs(req))}


@operation(
    policy=rules.UPDATE,
    also=(rules.SPECS_INDEX,),
    body=schemas.UPDATE,
    errors=(400, 404),
    since="2.55",
)
def update(req: Request, flavor_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /flavors/{flavor_id}."""
    flavor = flavors.describe(req.cloud, flavor_id, body["flavor"]["description"])
    return {"flavor": views.show(req, flavor, with_specs=_shows_specs(req))}


@operation(policy=rules.DELETE, status=202, errors=(404,))
def delete(req: Request, flavor_id: str) -> None:
    """DELETE /flavors/{flavor_id}."""
    flavors.delete(req.cloud, flavor_id)


def whose(req: Request) -> str | None:
    """Whose flavors may be seen: administrators see all."""
    return None if req.context.is_admin else req.context.project_id


def _shows_specs(req: Request) -> bool:
    return at_least(req, "2.61") and may(req, rules.SPECS_INDEX)


def _flavor(values: dict[str, Any]) -> Flavor:
    flavor_id = values.get("id")
    factor = float(values.get("rxtx_factor", 1.0))
    if not 0 < factor <= schemas.LARGEST_FACTOR:
        raise errors.Invalid(
            f"'rxtx_factor' argument must be a float between 0 and {schemas.LARGEST_FACTOR:g}"
        )
    return Flavor(
        id="" if flavor_id is None else str(flavor_id),
        name=values["name"].strip(),
        vcpus=int(values["vcpus"]),
        memory_mib=int(values["ram"]),
        root_gib=int(values["disk"]),
        ephemeral_gib=int(values.get("OS-FLV-EXT-DATA:ephemeral", 0)),
        swap_mib=int(values.get("swap", 0)),
        rxtx_factor=factor,
        is_public=is_true(values.get("os-flavor-access:is_public", True)),
        description=values.get("description"),
    )
