# SPDX-License-Identifier: Apache-2.0
"""Rules of consoles and their tokens."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MEMBER, rule

OPEN = "os_compute_api:os-remote-consoles"
TOKEN = "os_compute_api:os-console-auth-tokens"  # noqa: S105 - a rule's name

_ACTION = "POST /servers/{server_id}/action"

RULES = (
    rule(
        OPEN,
        MEMBER,
        "Open a console of a server.",
        "POST /servers/{server_id}/remote-consoles",
        f"{_ACTION} (os-getVNCConsole)",
        f"{_ACTION} (os-getSPICEConsole)",
        f"{_ACTION} (os-getSerialConsole)",
    ),
    rule(TOKEN, ADMIN, "Show what a token is for.", "GET /os-console-auth-tokens/{console_token}"),
)
