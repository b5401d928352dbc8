# SPDX-License-Identifier: Apache-2.0
"""Rules of server addresses."""

from __future__ import annotations

from nova_appliance.api.policies.base import READER, rule

INDEX = "os_compute_api:ips:index"
SHOW = "os_compute_api:ips:show"

RULES = (
    rule(INDEX, READER, "List addresses of a server.", "GET /servers/{server_id}/ips"),
    rule(SHOW, READER, "Show one network of it.", "GET /servers/{server_id}/ips/{network_label}"),
)
