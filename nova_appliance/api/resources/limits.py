# SPDX-License-Identifier: Apache-2.0
"""GET /limits: what the project may have and has."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import quotas
from nova_appliance.actions.quotas import Share
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import quotas as rules
from nova_appliance.api.policy import enforce
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import quotas as schemas
from nova_appliance.api.views import quotas as views


@operation(
    policy=rules.LIMITS, also=(rules.OTHER_PROJECT,), query=schemas.LIMITS, errors=(400, 403)
)
def index(req: Request) -> dict[str, Any]:
    """GET /limits."""
    project_id = req.first("tenant_id")
    if project_id is None:
        project_id = str(req.context.project_id)
    else:
        enforce(req, rules.OTHER_PROJECT)
    return views.absolute(req.version, quotas.standing(req.cloud, Share(project_id=project_id)))
