# SPDX-License-Identifier: Apache-2.0
"""URLs of security groups, floating and fixed IPs."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import floating_ips, security_group_rules, security_groups

ROUTES: Routes = {
    "os-security-groups": {"GET": security_groups.index, "POST": security_groups.create},
    "os-security-groups/{security_group_id}": {
        "GET": security_groups.show,
        "PUT": security_groups.update,
        "DELETE": security_groups.delete,
    },
    "os-security-group-rules": {"POST": security_group_rules.create},
    "os-security-group-rules/{security_group_rule_id}": {"DELETE": security_group_rules.delete},
    "os-floating-ip-pools": {"GET": floating_ips.pools},
    "os-floating-ips": {"GET": floating_ips.index, "POST": floating_ips.create},
    "os-floating-ips/{floating_ip_id}": {
        "GET": floating_ips.show,
        "DELETE": floating_ips.delete,
    },
    "servers/{server_id}/os-security-groups": {"GET": security_groups.of_server},
    "servers/{server_id}/action": {
        "POST": ByBodyKey(
            {
                "addSecurityGroup": security_groups.add,
                "removeSecurityGroup": security_groups.remove,
                "addFloatingIp": floating_ips.add,
                "removeFloatingIp": floating_ips.remove,
                "addFixedIp": floating_ips.add_fixed,
                "removeFixedIp": floating_ips.remove_fixed,
            }
        )
    },
}
