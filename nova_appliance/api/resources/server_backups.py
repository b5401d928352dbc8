# SPDX-License-Identifier: Apache-2.0
"""Actions createBackup and changePassword."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import change_password as passwords
from nova_appliance.actions import create_backup, metadata
from nova_appliance.api import links
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_life as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_life as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.domain.backup import Kind
from nova_appliance.domain.server import Server


@operation(
    policy=rules.CREATE_BACKUP,
    load=find,
    body=schemas.CREATE_BACKUP,
    status=202,
    errors=(404, 409),
)
def create(req: Request, server: Server, body: dict[str, Any]) -> Answer:
    """Make a backup; the image's id is in the Location, from 2.45 on in the body."""
    asked = body["createBackup"]
    wanted = asked.get("metadata", {})
    if not at_least(req, "2.39"):
        metadata.check_room(req.cloud, req.context, len(wanted))
    kind = Kind(
        name=asked["name"], backup_type=asked["backup_type"], rotation=int(asked["rotation"])
    )
    image_id = create_backup.create_backup(req.cloud, req.context, server, kind, wanted)
    if not kind.rotation:
        return Answer(None)
    if at_least(req, "2.45"):
        return Answer({"image_id": image_id})
    return Answer(None, headers={"Location": links.image(req, image_id)})


@operation(
    policy=rules.CHANGE_PASSWORD,
    load=find,
    body=schemas.CHANGE_PASSWORD,
    status=202,
    errors=(404, 409, 501),
)
def change_password(req: Request, server: Server, body: dict[str, Any]) -> None:
    """Change the password of the guest's administrator."""
    password = body["changePassword"]["adminPass"]
    passwords.change_password(req.cloud, req.context, server, password)
