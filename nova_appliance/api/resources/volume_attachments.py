# SPDX-License-Identifier: Apache-2.0
"""Volumes at servers: /servers/{server_id}/os-volume_attachments."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import volumes
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import volume_attachments as rules
from nova_appliance.api.policy import enforce, owner_of
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import volume_attachments as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import volume_attachments as views
from nova_appliance.common import errors
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Server


@operation(policy=rules.INDEX, load=find, query=schemas.INDEX, errors=(404,))
def index(req: Request, server: Server) -> dict[str, Any]:
    """GET .../os-volume_attachments."""
    known = [one for one in server.attachments if one.is_volume]
    most = req.cloud.conf.api.max_limit
    offset = int(req.first("offset") or 0)
    limit = min(int(req.first("limit") or most), most)
    page = known[offset : offset + limit]
    return {"volumeAttachments": [views.show(req, server, one) for one in page]}


@operation(policy=rules.SHOW, load=find, errors=(404,))
def show(req: Request, server: Server, volume_id: str) -> dict[str, Any]:
    """GET .../os-volume_attachments/{volume_id}."""
    return {"volumeAttachment": views.show(req, server, volumes.find(server, volume_id))}


@operation(
    policy=rules.CREATE,
    load=find,
    body=schemas.ATTACH,
    status={"2.1": 200, "2.101": 202},
    errors=(404, 409),
)
def create(req: Request, server: Server, body: dict[str, Any]) -> dict[str, Any] | None:
    """POST .../os-volume_attachments."""
    asked = body["volumeAttachment"]
    wanted = volumes.VolumeWanted(
        volume_id=asked["volumeId"],
        device=asked.get("device"),
        tag=asked.get("tag"),
        delete_on_termination=is_true(asked.get("delete_on_termination", False)),
        may_be_shared=at_least(req, "2.60"),
        off_host=at_least(req, "2.20"),
    )
    one = volumes.attach(req.cloud, req.context, server, wanted)
    if at_least(req, "2.101"):
        return None
    return {"volumeAttachment": views.made(req, server, one)}


@operation(
    policy=rules.UPDATE,
    also=(rules.SWAP,),
    late=True,
    load=find,
    body=schemas.UPDATE,
    status=202,
    errors=(404, 409),
)
def update(req: Request, server: Server, volume_id: str, body: dict[str, Any]) -> None:
    """PUT .../os-volume_attachments/{volume_id}: its end (2.85), or another place for it."""
    asked = body["volumeAttachment"]
    new_id = asked["volumeId"]
    if new_id != volume_id or not at_least(req, "2.85"):
        enforce(req, rules.SWAP, owner_of(server))
        volumes.swap(req.cloud, req.context, server, volume_id, new_id)
        return
    enforce(req, rules.UPDATE, owner_of(server))
    _check_same(server, volumes.find(server, volume_id), asked)
    if "delete_on_termination" in asked:
        delete = is_true(asked["delete_on_termination"])
        volumes.set_end(req.cloud, server, volume_id, delete=delete)


@operation(policy=rules.DELETE, load=find, status=202, errors=(400, 404, 409))
def delete(req: Request, server: Server, volume_id: str) -> None:
    """DELETE .../os-volume_attachments/{volume_id}."""
    off_host = at_least(req, "2.20")
    volumes.detach(req.cloud, req.context, server, volume_id, off_host=off_host)


def _check_same(server: Server, one: Attachment, asked: dict[str, Any]) -> None:
    """What cannot be changed may be named, with the value that it has."""
    present = {
        "id": one.volume_id,
        "device": one.device,
        "tag": one.tag,
        "serverId": server.id,
    }
    for name, value in present.items():
        if name in asked and asked[name] != value:
            raise errors.Invalid(
                f"The field {name} cannot be updated: it is {value!r}, not {asked[name]!r}."
            )
