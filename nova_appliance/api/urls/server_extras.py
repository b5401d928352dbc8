# SPDX-License-Identifier: Apache-2.0
"""URLs of what hangs on servers: tags."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import server_tags

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
}
