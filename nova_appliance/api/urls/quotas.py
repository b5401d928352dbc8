# SPDX-License-Identifier: Apache-2.0
"""URLs of limits, quota sets, quota classes and key pairs."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import keypairs, limits, quota_classes, quotas

ROUTES: Routes = {
    "limits": {"GET": limits.index},
    "os-quota-sets/{tenant_id}": {
        "GET": quotas.show,
        "PUT": quotas.update,
        "DELETE": quotas.delete,
    },
    "os-quota-sets/{tenant_id}/defaults": {"GET": quotas.defaults},
    "os-quota-sets/{tenant_id}/detail": {"GET": quotas.detail},
    "os-quota-class-sets/{id}": {"GET": quota_classes.show, "PUT": quota_classes.update},
    "os-keypairs": {"GET": keypairs.index, "POST": keypairs.create},
    "os-keypairs/{keypair_name}": {"GET": keypairs.show, "DELETE": keypairs.delete},
}
