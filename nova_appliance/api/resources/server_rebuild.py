# SPDX-License-Identifier: Apache-2.0
"""Action rebuild."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import rebuild as rebuilds
from nova_appliance.actions.rebuild import RebuildRequest
from nova_appliance.api import access_addresses, links, server_sight
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_life as rules
from nova_appliance.api.policy import enforce
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_life as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import servers as views
from nova_appliance.common import ids
from nova_appliance.domain.server import Server

FIELDS = {
    "description": "description",
    "OS-DCF:diskConfig": "disk_config",
    "hostname": "hostname",
    "metadata": "metadata",
    "user_data": "user_data",
}
"""Key of the body > field of the server that it sets."""


@operation(
    policy=rules.REBUILD,
    also=(rules.REBUILD_CERTS,),
    load=find,
    body=schemas.REBUILD,
    status=202,
    errors=(404, 409),
)
def rebuild(req: Request, server: Server, body: dict[str, Any]) -> Answer:
    """Make the server anew; answered with what it will be."""
    wanted = body["rebuild"]
    if wanted.get("trusted_image_certificates"):
        enforce(req, rules.REBUILD_CERTS)
    password = wanted.get("adminPass") or ids.new_password(req.cloud.conf.password_length)
    asked = _read(wanted, password=password, reimage=at_least(req, "2.93"))
    new = rebuilds.rebuild(req.cloud, req.context, server, asked)
    view = views.whole(new, server_sight.of(req, (new,)), "rebuild")
    if req.cloud.conf.api.enable_instance_password:
        view["adminPass"] = password
    return Answer({"server": view}, headers={"Location": f"{links.base(req)}/servers/{server.id}"})


def _read(wanted: dict[str, Any], **more: Any) -> RebuildRequest:
    changes = {field: wanted[key] for key, field in FIELDS.items() if key in wanted}
    changes |= access_addresses.read(wanted)
    if "name" in wanted:
        changes["name"] = wanted["name"].strip()
    if "trusted_image_certificates" in wanted:
        certs = wanted["trusted_image_certificates"]
        changes["trusted_certs"] = tuple(certs) if certs else None
    return RebuildRequest(
        image_id=wanted["imageRef"],
        changes=changes,
        new_key="key_name" in wanted,
        key_name=wanted.get("key_name"),
        personality=tuple(wanted.get("personality", ())),
        preserve_ephemeral=is_true(wanted.get("preserve_ephemeral", False)),
        **more,
    )
