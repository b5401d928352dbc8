# SPDX-License-Identifier: Apache-2.0
"""What the caller of a request may see of servers; worked out once per request."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.api import links
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.policy import may
from nova_appliance.api.request import Request
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views.servers import ALWAYS, ATTRIBUTES, HOST_STATUS, Seen
from nova_appliance.db import host_statuses
from nova_appliance.domain.server import Server


def of(req: Request, servers: Sequence[Server]) -> Seen:
    """The eyes for these servers."""
    if not servers:
        return plain(req)
    conf = req.cloud.conf
    gates = {ALWAYS}
    if may(req, rules.ATTRIBUTES):
        gates.add(ATTRIBUTES)
    unknown_only = False
    statuses: dict[str, str] = {}
    if at_least(req, "2.16"):
        every = may(req, rules.HOST_STATUS)
        unknown_only = not every and may(req, rules.HOST_STATUS_UNKNOWN)
        if every or unknown_only:
            gates.add(HOST_STATUS)
            now = req.cloud.clock.now()
            statuses = host_statuses.of_servers(
                req.cloud.cells, servers, now, conf.service_down_time
            )
    return Seen(
        version=req.version,
        base=links.base(req),
        bookmarks=links.bookmarks(req),
        name_template=conf.instance_name_template,
        gates=frozenset(gates),
        extra_specs=at_least(req, "2.47") and may(req, rules.EXTRA_SPECS),
        is_admin=bool(req.context.is_admin),
        unknown_only=unknown_only,
        host_statuses=statuses,
    )


def plain(req: Request) -> Seen:
    """The eyes for links alone."""
    return Seen(version=req.version, base=links.base(req), bookmarks=links.bookmarks(req))
