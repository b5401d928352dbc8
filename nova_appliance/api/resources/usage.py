# SPDX-License-Identifier: Apache-2.0
"""GET of usage by projects."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from nova_appliance.actions import usage
from nova_appliance.actions.usage import Asked
from nova_appliance.api import links
from nova_appliance.api.operation import operation
from nova_appliance.api.paging import paging
from nova_appliance.api.policies import usage as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import usage as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import usage as views
from nova_appliance.common import errors
from nova_appliance.domain.server import Server

FORMATS = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
)


def _target(_req: Request, tenant_id: str) -> dict[str, str]:
    return {"project_id": tenant_id}


@operation(policy=rules.LIST, query=schemas.LIST)
def index(req: Request) -> dict[str, Any]:
    """GET /os-simple-tenant-usage."""
    asked = _asked(req, None)
    found = usage.servers(req.cloud, asked)
    detailed = req.first("detailed", "0") == "1"
    shown = [
        views.project(project_id, list(servers), asked, detailed=detailed)
        for project_id, servers in itertools.groupby(found, lambda server: server.project_id)
    ]
    more = _links(req, "os-simple-tenant-usage", asked, found)
    return {"tenant_usages": shown} | ({"tenant_usages_links": more} if more else {})


@operation(policy=rules.SHOW, query=schemas.SHOW, target=_target, errors=(403,))
def show(req: Request, tenant_id: str) -> dict[str, Any]:
    """GET /os-simple-tenant-usage/{tenant_id}."""
    asked = _asked(req, tenant_id)
    found = usage.servers(req.cloud, asked)
    view = views.project(tenant_id, list(found), asked, detailed=True) if found else {}
    more = _links(req, f"os-simple-tenant-usage/{tenant_id}", asked, found)
    return {"tenant_usage": view} | ({"tenant_usage_links": more} if more else {})


def _asked(req: Request, project_id: str | None) -> Asked:
    now = req.cloud.clock.now()
    begin, end = _time(req.first("start"), now), _time(req.first("end"), now)
    if begin > end:
        raise errors.Invalid("Invalid start time. The start time cannot occur after the end time.")
    page = paging(req) if at_least(req, "2.40") else None
    limit = page.limit if page else req.cloud.conf.api.max_limit
    marker = page.marker if page else None
    return Asked(begin=begin, end=end, project_id=project_id, limit=limit, marker=marker)


def _time(text: str | None, now: dt.datetime) -> dt.datetime:
    if not text:
        return now
    for form in FORMATS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 - UTC, as databases keep it
        except ValueError:
            continue
    raise errors.Invalid("Datetime is in invalid format")


def _links(req: Request, path: str, asked: Asked, found: tuple[Server, ...]) -> Any:
    full = at_least(req, "2.40") and found and len(found) == asked.limit
    return links.next_page(req, path, found[-1].id) if full else None
