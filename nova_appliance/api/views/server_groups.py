# SPDX-License-Identifier: Apache-2.0
"""Server groups as the Compute API shows them."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.versioned import Schema, Version, Versioned, add, drop
from nova_appliance.api.views.table import fields, render, same
from nova_appliance.domain.server_group import ServerGroup


def _one_policy(shape: Schema) -> None:
    drop("policies", "metadata")(shape)
    add(**same("policy", "rules"))(shape)


VIEW = Versioned(
    fields(
        **same("id", "name", "members"),
        policies=lambda group: [group.policy],
        metadata=lambda _: {},
    ),
    v2_13=add(**same("project_id", "user_id")),
    v2_64=_one_policy,
)


def show(version: Version, group: ServerGroup) -> dict[str, Any]:
    """All of a server group."""
    return render(VIEW, version, group)
