# SPDX-License-Identifier: Apache-2.0
"""URLs of server groups."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import server_groups

ROUTES: Routes = {
    "os-server-groups": {"GET": server_groups.index, "POST": server_groups.create},
    "os-server-groups/{server_group_id}": {
        "GET": server_groups.show,
        "DELETE": server_groups.delete,
    },
}
