# SPDX-License-Identifier: Apache-2.0
"""Who may use a private flavor: the list, and the actions that change it."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import flavors
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import flavors as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.flavors import whose
from nova_appliance.api.schemas import flavors as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import flavors as views
from nova_appliance.common import errors


@operation(policy=rules.ACCESS, query=CLOSED_2_102, errors=(404,))
def index(req: Request, flavor_id: str) -> dict[str, Any]:
    """GET /flavors/{flavor_id}/os-flavor-access."""
    flavor = flavors.find(req.cloud, flavor_id, whose(req))
    if flavor.is_public:
        raise errors.NotFound("Access list not available for public flavors.")
    return views.access(flavor, flavors.access(req.cloud, flavor))


@operation(policy=rules.ADD_ACCESS, body=schemas.ADD_ACCESS, errors=(400, 403, 404, 409))
def add(req: Request, flavor_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /flavors/{flavor_id}/action (addTenantAccess)."""
    flavor = flavors.find(req.cloud, flavor_id, whose(req))
    if flavor.is_public and at_least(req, "2.7"):
        raise errors.Conflict("Can not add access to a public flavor.")
    projects = flavors.allow(req.cloud, flavor, body["addTenantAccess"]["tenant"])
    return views.access(flavor, projects)


@operation(policy=rules.REMOVE_ACCESS, body=schemas.REMOVE_ACCESS, errors=(400, 403, 404))
def remove(req: Request, flavor_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /flavors/{flavor_id}/action (removeTenantAccess)."""
    flavor = flavors.find(req.cloud, flavor_id, whose(req))
    projects = flavors.forbid(req.cloud, flavor, body["removeTenantAccess"]["tenant"])
    return views.access(flavor, projects)
