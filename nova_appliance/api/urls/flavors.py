# SPDX-License-Identifier: Apache-2.0
"""URLs of flavors."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import flavor_access as access
from nova_appliance.api.resources import flavor_extra_specs as specs
from nova_appliance.api.resources import flavors

ROUTES: Routes = {
    "flavors": {"GET": flavors.index, "POST": flavors.create},
    "flavors/detail": {"GET": flavors.detail},
    "flavors/{flavor_id}": {
        "GET": flavors.show,
        "PUT": flavors.update,
        "DELETE": flavors.delete,
    },
    "flavors/{flavor_id}/action": {
        "POST": ByBodyKey(
            {"addTenantAccess": access.add, "removeTenantAccess": access.remove},
        ),
    },
    "flavors/{flavor_id}/os-flavor-access": {"GET": access.index},
    "flavors/{flavor_id}/os-extra_specs": {"GET": specs.index, "POST": specs.create},
    "flavors/{flavor_id}/os-extra_specs/{flavor_extra_spec_key}": {
        "GET": specs.show,
        "PUT": specs.update,
        "DELETE": specs.delete,
    },
}
