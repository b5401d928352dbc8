# SPDX-License-Identifier: Apache-2.0
"""Extra specs of a flavor: list, add, show, change, delete."""

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
from nova_appliance.common import errors
from nova_appliance.domain import extra_specs

LONGEST_VALUE = 255


@operation(policy=rules.SPECS_INDEX, query=CLOSED_2_102, errors=(404,))
def index(req: Request, flavor_id: str) -> dict[str, Any]:
    """GET /flavors/{flavor_id}/os-extra_specs."""
    return {"extra_specs": flavors.find(req.cloud, flavor_id, whose(req)).extra_specs}


@operation(policy=rules.SPECS_CREATE, body=schemas.SPECS_CREATE, errors=(400, 404, 409))
def create(req: Request, flavor_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /flavors/{flavor_id}/os-extra_specs."""
    flavors.set_extra_specs(req.cloud, flavor_id, _checked(req, body["extra_specs"]))
    return body


@operation(policy=rules.SPECS_SHOW, query=CLOSED_2_102, errors=(404,))
def show(req: Request, flavor_id: str, key: str) -> dict[str, Any]:
    """GET /flavors/{flavor_id}/os-extra_specs/{flavor_extra_spec_key}."""
    specs = flavors.find(req.cloud, flavor_id, whose(req)).extra_specs
    if key not in specs:
        raise flavors.no_extra_spec(flavor_id, key)
    return {key: specs[key]}


@operation(policy=rules.SPECS_UPDATE, body=schemas.SPECS_UPDATE, errors=(400, 404, 409))
def update(req: Request, flavor_id: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /flavors/{flavor_id}/os-extra_specs/{flavor_extra_spec_key}."""
    specs = _checked(req, body)
    if key not in body:
        raise errors.Invalid("Request body and URI mismatch")
    flavors.set_extra_specs(req.cloud, flavor_id, specs)
    return body


@operation(policy=rules.SPECS_DELETE, errors=(404,))
def delete(req: Request, flavor_id: str, key: str) -> None:
    """DELETE /flavors/{flavor_id}/os-extra_specs/{flavor_extra_spec_key}."""
    flavors.unset_extra_spec(req.cloud, flavor_id, key)


def _checked(req: Request, specs: dict[str, Any]) -> dict[str, str]:
    """The specs as texts. Raises Invalid for those that the known namespaces do not have."""
    texts = {key: str(value) for key, value in specs.items()}
    for key, value in texts.items():
        if len(value) > LONGEST_VALUE:
            raise errors.Invalid(
                f"extra_specs value has {len(value)} characters, more than {LONGEST_VALUE}."
            )
        if at_least(req, "2.86"):
            extra_specs.check(key, value)
    return texts
