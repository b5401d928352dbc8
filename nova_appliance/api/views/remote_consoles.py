# SPDX-License-Identifier: Apache-2.0
"""What a console token is for, as the Compute API shows it."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.versioned import Version, Versioned, add
from nova_appliance.api.views.table import fields, render, same
from nova_appliance.domain.console import ConsoleToken

VIEW = Versioned(
    fields(
        instance_uuid=lambda token: token.server_id,
        internal_access_path=lambda token: token.access_path,
        port=lambda token: token.port or None,
        **same("host"),
    ),
    v2_99=add(**same("tls_port")),
)


def token(version: Version, shown: ConsoleToken) -> dict[str, Any]:
    """Where a token leads."""
    return {"console": render(VIEW, version, shown)}
