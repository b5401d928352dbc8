# SPDX-License-Identifier: Apache-2.0
"""Rules of what hangs on servers: topology, password, diagnostics, interfaces."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MEMBER, READER, rule

_PATH = "/servers/{server_id}"
TOPOLOGY = "compute:server:topology:index"
TOPOLOGY_HOST = "compute:server:topology:host:index"
PW_SHOW = "os_compute_api:os-server-password:show"
PW_CLEAR = "os_compute_api:os-server-password:clear"
DIAGNOSTICS = "os_compute_api:os-server-diagnostics"
INTERFACES_LIST = "os_compute_api:os-attach-interfaces:list"
INTERFACES_SHOW = "os_compute_api:os-attach-interfaces:show"
INTERFACES_ATTACH = "os_compute_api:os-attach-interfaces:create"
INTERFACES_DETACH = "os_compute_api:os-attach-interfaces:delete"

RULES = (
    rule(TOPOLOGY, READER, "Show a server's NUMA cells.", f"GET {_PATH}/topology"),
    rule(TOPOLOGY_HOST, ADMIN, "Show where they lie on the host.", f"GET {_PATH}/topology"),
    rule(PW_SHOW, READER, "Read its password.", f"GET {_PATH}/os-server-password"),
    rule(PW_CLEAR, MEMBER, "Forget its password.", f"DELETE {_PATH}/os-server-password"),
    rule(DIAGNOSTICS, ADMIN, "Show how its guest does.", f"GET {_PATH}/diagnostics"),
    rule(INTERFACES_LIST, READER, "List its interfaces.", f"GET {_PATH}/os-interface"),
    rule(INTERFACES_SHOW, READER, "Show one of them.", f"GET {_PATH}/os-interface/{{port_id}}"),
    rule(INTERFACES_ATTACH, MEMBER, "Attach one.", f"POST {_PATH}/os-interface"),
    rule(INTERFACES_DETACH, MEMBER, "Detach one.", f"DELETE {_PATH}/os-interface/{{port_id}}"),
)
