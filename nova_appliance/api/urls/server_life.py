# SPDX-License-Identifier: Apache-2.0
"""Actions that make a server anew, rescue it, or put it on the shelf."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import server_backups, server_rebuild, server_rescue, server_shelf

ROUTES: Routes = {
    "servers/{server_id}/action": {
        "POST": ByBodyKey(
            {
                "createBackup": server_backups.create,
                "changePassword": server_backups.change_password,
                "rebuild": server_rebuild.rebuild,
                "rescue": server_rescue.rescue,
                "unrescue": server_rescue.unrescue,
                "shelve": server_shelf.shelve,
                "shelveOffload": server_shelf.offload,
                "unshelve": server_shelf.unshelve,
            }
        )
    }
}
