# SPDX-License-Identifier: Apache-2.0
"""Base rules that the rules of all nouns are made of."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_policy import policy

ANYONE = "@"
NOBODY = "!"
ADMIN = "rule:context_is_admin"
MANAGER = "rule:project_manager_or_admin"
MEMBER = "rule:project_member_or_admin"
READER = "rule:project_reader_or_admin"
SERVICE = "rule:service_or_admin"
USER = "rule:context_is_admin or user_id:%(user_id)s"
"""The user whose thing it is (keypairs), or an administrator."""

_IN_PROJECT = "project_id:%(project_id)s"

RULES = (
    policy.RuleDefault("context_is_admin", "role:admin", "Who is an administrator."),
    policy.RuleDefault("admin_api", "is_admin:True", "Administrators."),
    policy.RuleDefault("admin_or_owner", f"is_admin:True or {_IN_PROJECT}", "Old default."),
    policy.RuleDefault("project_manager_api", f"role:manager and {_IN_PROJECT}", "Managers."),
    policy.RuleDefault("project_member_api", f"role:member and {_IN_PROJECT}", "Members."),
    policy.RuleDefault("project_reader_api", f"role:reader and {_IN_PROJECT}", "Readers."),
    policy.RuleDefault(
        "project_manager_or_admin", "rule:project_manager_api or rule:context_is_admin", "Both."
    ),
    policy.RuleDefault(
        "project_member_or_admin", "rule:project_member_api or rule:context_is_admin", "Both."
    ),
    policy.RuleDefault(
        "project_reader_or_admin", "rule:project_reader_api or rule:context_is_admin", "Both."
    ),
    policy.RuleDefault("service_api", "role:service", "Other services."),
    policy.RuleDefault("service_or_admin", "rule:service_api or rule:context_is_admin", "Both."),
)


def rule(name: str, check: str, description: str, *calls: str) -> policy.DocumentedRuleDefault:
    """A documented rule; each call is `"METHOD /path"` or `"METHOD /path (action)"`."""
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=_operations(calls),
        scope_types=["project"],
    )


def _operations(calls: Sequence[str]) -> list[policy.Operation]:
    pairs = (call.split(" ", 1) for call in calls)
    return [{"method": method, "path": path} for method, path in pairs]
