# SPDX-License-Identifier: Apache-2.0
"""URLs of what hangs on servers: tags, topology, password, interfaces."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import (
    diagnostics,
    interfaces,
    server_password,
    server_shares,
    server_tags,
    server_topology,
    volume_attachments,
)

ROUTES: Routes = {
    "servers/{server_id}/tags": {
        "GET": server_tags.index,
        "PUT": server_tags.replace,
        "DELETE": server_tags.clear,
    },
    "servers/{server_id}/tags/{tag}": {
        "GET": server_tags.show,
        "PUT": server_tags.put,
        "DELETE": server_tags.delete,
    },
    "servers/{server_id}/shares": {"GET": server_shares.index, "POST": server_shares.create},
    "servers/{server_id}/shares/{share_id}": {
        "GET": server_shares.show,
        "DELETE": server_shares.delete,
    },
    "servers/{server_id}/diagnostics": {"GET": diagnostics.show},
    "servers/{server_id}/topology": {"GET": server_topology.show},
    "servers/{server_id}/os-server-password": {
        "GET": server_password.show,
        "DELETE": server_password.clear,
    },
    "servers/{server_id}/os-interface": {"GET": interfaces.index, "POST": interfaces.create},
    "servers/{server_id}/os-volume_attachments": {
        "GET": volume_attachments.index,
        "POST": volume_attachments.create,
    },
    "servers/{server_id}/os-volume_attachments/{volume_id}": {
        "GET": volume_attachments.show,
        "PUT": volume_attachments.update,
        "DELETE": volume_attachments.delete,
    },
    "servers/{server_id}/os-interface/{port_id}": {
        "GET": interfaces.show,
        "DELETE": interfaces.delete,
    },
}
