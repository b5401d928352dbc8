# SPDX-License-Identifier: Apache-2.0
"""Rules of what was done with a server."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, READER, rule

_ROOT = "os_compute_api:os-instance-actions"
_ALL = "GET /servers/{server_id}/os-instance-actions"
_ONE = "GET /servers/{server_id}/os-instance-actions/{request_id}"
LIST, SHOW = f"{_ROOT}:list", f"{_ROOT}:show"
EVENTS, DETAILS = f"{_ROOT}:events", f"{_ROOT}:events:details"

RULES = (
    rule(LIST, READER, "List actions of a server.", _ALL),
    rule(SHOW, READER, "Show one action.", _ONE),
    rule(EVENTS, ADMIN, "See traceback and host of events.", _ONE),
    rule(DETAILS, ADMIN, "See details of events (2.84).", _ONE),
)
