# SPDX-License-Identifier: Apache-2.0
"""URLs of migrations."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import migrations

ROUTES: Routes = {
    "os-migrations": {"GET": migrations.index},
    "servers/{server_id}/migrations": {"GET": migrations.index_of_server},
    "servers/{server_id}/migrations/{migration_id}": {"GET": migrations.show},
}
