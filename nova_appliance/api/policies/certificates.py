# SPDX-License-Identifier: Apache-2.0
"""Rules of certificates: names as Nova had them before it removed the resource."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, rule

SHOW = "os_compute_api:os-certificates:show"
CREATE = "os_compute_api:os-certificates:create"

RULES = (
    rule(SHOW, READER, "Show the root certificate.", "GET /os-certificates/{certificate_id}"),
    rule(CREATE, MEMBER, "Make a user's certificate.", "POST /os-certificates"),
)
