# SPDX-License-Identifier: Apache-2.0
"""URLs of migrations, and of the actions that begin and end them."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import migrations, server_moves

ACTIONS = ByBodyKey(
    {
        "resize": server_moves.resize,
        "confirmResize": server_moves.confirm,
        "revertResize": server_moves.revert,
        "migrate": server_moves.migrate,
    }
)

ROUTES: Routes = {
    "servers/{server_id}/action": {"POST": ACTIONS},
    "os-migrations": {"GET": migrations.index},
    "servers/{server_id}/migrations": {"GET": migrations.index_of_server},
    "servers/{server_id}/migrations/{migration_id}": {"GET": migrations.show},
}
