# SPDX-License-Identifier: Apache-2.0
"""Quota classes; the class `default` holds for every project without its own limits."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import quotas
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import quotas as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import quotas as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import quotas as views
from nova_appliance.common import errors

LONGEST_NAME = 255


@operation(policy=rules.CLASS_SHOW, query=CLOSED_2_102)
def show(req: Request, class_name: str) -> dict[str, Any]:
    """GET /os-quota-class-sets/{id}."""
    limits = quotas.class_limits(req.cloud, class_name)
    return views.quota_class(req.version, limits, class_name)


@operation(policy=rules.CLASS_UPDATE, body=schemas.CLASS, errors=(400,))
def update(req: Request, class_name: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-quota-class-sets/{id}."""
    if len(class_name) > LONGEST_NAME:
        raise errors.Invalid(
            f"quota_class_name has {len(class_name)} characters, more than {LONGEST_NAME}."
        )
    new = {name: int(limit) for name, limit in body["quota_class_set"].items()}
    limits = quotas.change_class(req.cloud, class_name, new)
    return views.quota_class(req.version, limits)
