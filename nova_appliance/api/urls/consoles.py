# SPDX-License-Identifier: Apache-2.0
"""URLs of consoles."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import remote_consoles

ROUTES: Routes = {
    "servers/{server_id}/remote-consoles": {"POST": remote_consoles.create},
    "servers/{server_id}/action": {
        "POST": ByBodyKey(
            {
                "os-getVNCConsole": remote_consoles.vnc,
                "os-getSPICEConsole": remote_consoles.spice,
                "os-getRDPConsole": remote_consoles.rdp,
                "os-getSerialConsole": remote_consoles.serial,
            }
        )
    },
    "os-console-auth-tokens/{console_token}": {"GET": remote_consoles.show_token},
}
