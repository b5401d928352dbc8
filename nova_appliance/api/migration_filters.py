# SPDX-License-Identifier: Apache-2.0
"""The query of GET /os-migrations as what the database is asked."""

from __future__ import annotations

from nova_appliance.api.paging import paging
from nova_appliance.api.request import Request
from nova_appliance.api.versioned import at_least
from nova_appliance.common import errors
from nova_appliance.common.clock import parse_time
from nova_appliance.db.server_migrations import Query


def read(req: Request) -> Query:
    """What the caller asks for. Raises Invalid for times in the wrong order."""
    since, before = req.first("changes-since"), req.first("changes-before")
    if since and before and parse_time(before) < parse_time(since):
        raise errors.Invalid(
            "The value of changes-since must be less than or equal to changes-before."
        )
    new = at_least(req, "2.59")
    owners = at_least(req, "2.80")
    return Query(
        server_id=req.first("instance_uuid"),
        host=req.first("host"),
        source_host=req.first("source_compute"),
        status=req.first("status"),
        kind=req.first("migration_type"),
        project_id=req.first("project_id") if owners else None,
        user_id=req.first("user_id") if owners else None,
        changed_since=parse_time(since) if new and since else None,
        changed_before=parse_time(before) if at_least(req, "2.66") and before else None,
        limit=paging(req).limit if new else None,
    )
