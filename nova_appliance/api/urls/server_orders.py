# SPDX-License-Identifier: Apache-2.0
"""URLs that change servers."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import (
    server_actions,
    server_deletion,
    server_metadata,
    server_network_info,
    server_orders,
    server_snapshots,
    server_suspension,
)

ACTIONS = ByBodyKey(
    {
        "os-start": server_actions.start,
        "os-stop": server_actions.stop,
        "reboot": server_actions.reboot,
        "createImage": server_snapshots.create,
        "forceDelete": server_deletion.force_delete,
        "restore": server_deletion.restore,
        "pause": server_suspension.pause,
        "unpause": server_suspension.unpause,
        "suspend": server_suspension.suspend,
        "resume": server_suspension.resume,
        "trigger_crash_dump": server_suspension.trigger_crash_dump,
        "lock": server_actions.lock,
        "unlock": server_actions.unlock,
        "os-getConsoleOutput": server_actions.read_console,
        "injectNetworkInfo": server_network_info.read_anew,
        "os-resetState": server_actions.set_state,
    }
)

ROUTES: Routes = {
    "servers": {"POST": server_orders.create},
    "servers/{server_id}": {"PUT": server_orders.change, "DELETE": server_orders.remove},
    "servers/{server_id}/action": {"POST": ACTIONS},
    "servers/{server_id}/metadata": {
        "GET": server_metadata.index,
        "POST": server_metadata.create,
        "PUT": server_metadata.replace,
    },
    "servers/{server_id}/metadata/{key}": {
        "GET": server_metadata.show,
        "PUT": server_metadata.update,
        "DELETE": server_metadata.delete,
    },
}
