# SPDX-License-Identifier: Apache-2.0
"""How shares of servers look."""

from __future__ import annotations

from typing import Any

from nova_appliance.domain import share as shares
from nova_appliance.domain.server import Server
from nova_appliance.domain.share import ShareAttachment

_OFF = frozenset(("stopped", "error", "building"))


def show(server: Server, one: ShareAttachment, *, is_admin: bool) -> dict[str, Any]:
    """One share; where it is exported is for administrators."""
    seen = {"share_id": one.share_id, "status": _status(server, one), "tag": one.tag}
    return seen | ({"uuid": one.id, "export_location": one.export} if is_admin else {})


def _status(server: Server, one: ShareAttachment) -> str:
    """A guest that was started has what was ready for it."""
    is_used = one.status == shares.INACTIVE and server.state not in _OFF
    return shares.ACTIVE if is_used else one.status
