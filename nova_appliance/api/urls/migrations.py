# SPDX-License-Identifier: Apache-2.0
"""URLs of migrations, and of the actions that begin and end them."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import (
    migrations,
    server_evacuate,
    server_live_moves,
    server_moves,
)

ACTIONS = ByBodyKey(
    {
        "resize": server_moves.resize,
        "confirmResize": server_moves.confirm,
        "revertResize": server_moves.revert,
        "migrate": server_moves.migrate,
        "evacuate": server_evacuate.evacuate,
        "os-migrateLive": server_live_moves.migrate_live,
    }
)

ROUTES: Routes = {
    "servers/{server_id}/action": {"POST": ACTIONS},
    "os-migrations": {"GET": migrations.index},
    "servers/{server_id}/migrations": {"GET": migrations.index_of_server},
    "servers/{server_id}/migrations/{migration_id}": {
        "GET": migrations.show,
        "DELETE": server_live_moves.abort,
    },
    "servers/{server_id}/migrations/{migration_id}/action": {
        "POST": ByBodyKey({"force_complete": server_live_moves.force_complete})
    },
}
