# SPDX-License-Identifier: Apache-2.0
"""Rules of events from outside."""

from __future__ import annotations

from nova_appliance.api.policies.base import SERVICE, rule

CREATE = "os_compute_api:os-server-external-events:create"

RULES = (rule(CREATE, SERVICE, "Tell events of servers.", "POST /os-server-external-events"),)
