# SPDX-License-Identifier: Apache-2.0
"""A volume at a server, as microversions show it."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.versioned import HasVersion, at_least
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Server


def show(req: HasVersion, server: Server, one: Attachment) -> dict[str, Any]:
    """An entry of the list, and the answer to GET of one."""
    view = _core(req, server, one)
    if at_least(req, "2.89"):
        del view["id"]
        view |= {"attachment_id": one.attachment_id, "bdm_uuid": one.id}
    return view


def made(req: HasVersion, server: Server, one: Attachment) -> dict[str, Any]:
    """The answer to POST, which keeps the id."""
    return _core(req, server, one)


def _core(req: HasVersion, server: Server, one: Attachment) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": one.volume_id,
        "volumeId": one.volume_id,
        "serverId": server.id,
        "device": one.device,
    }
    if at_least(req, "2.70"):
        view["tag"] = one.tag
    if at_least(req, "2.79"):
        view["delete_on_termination"] = one.delete_on_termination
    return view
