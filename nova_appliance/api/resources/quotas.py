# SPDX-License-Identifier: Apache-2.0
"""Quota sets of projects and users in them.

Whether a project exists is the identity service's knowledge; any project id can have limits.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import quotas
from nova_appliance.actions.quotas import Share
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import quotas as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import quotas as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.views import quotas as views


def _of_project(_req: Request, project_id: str, *_body: object) -> dict[str, Any]:
    """The project in the URL is the target of the rules."""
    return {"project_id": project_id}


@operation(policy=rules.SHOW, target=_of_project, query=schemas.USER, errors=(400,))
def show(req: Request, project_id: str) -> dict[str, Any]:
    """GET /os-quota-sets/{tenant_id}."""
    limits = quotas.limits(req.cloud, _share(req, project_id))
    return views.quota_set(req.version, limits, project_id)


@operation(policy=rules.DETAIL, target=_of_project, query=schemas.USER, errors=(400,))
def detail(req: Request, project_id: str) -> dict[str, Any]:
    """GET /os-quota-sets/{tenant_id}/detail."""
    standing = quotas.standing(req.cloud, _share(req, project_id))
    return views.quota_detail(req.version, standing, project_id)


@operation(policy=rules.DEFAULTS, target=_of_project, errors=(400,))
def defaults(req: Request, project_id: str) -> dict[str, Any]:
    """GET /os-quota-sets/{tenant_id}/defaults."""
    return views.quota_set(req.version, quotas.class_limits(req.cloud), project_id)


@operation(
    policy=rules.UPDATE, target=_of_project, body=schemas.SET, query=schemas.USER, errors=(400,)
)
def update(req: Request, project_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-quota-sets/{tenant_id}."""
    values = body["quota_set"]
    force = is_true(values.get("force", False))
    new = {name: int(limit) for name, limit in values.items() if name != "force"}
    limits = quotas.change(req.cloud, _share(req, project_id), new, force=force)
    return views.quota_set(req.version, limits)


@operation(policy=rules.DELETE, target=_of_project, query=schemas.USER, status=202)
def delete(req: Request, project_id: str) -> None:
    """DELETE /os-quota-sets/{tenant_id}."""
    quotas.forget(req.cloud, _share(req, project_id))


def _share(req: Request, project_id: str) -> Share:
    asked = req.query.get("user_id")
    return Share(project_id=project_id, user_id=(asked[0] if asked else None) or None)
