# SPDX-License-Identifier: Apache-2.0
"""Rules of flavors, of who may use them, and of their extra specs."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, READER, rule

CREATE = "os_compute_api:os-flavor-manage:create"
UPDATE = "os_compute_api:os-flavor-manage:update"
DELETE = "os_compute_api:os-flavor-manage:delete"
ACCESS = "os_compute_api:os-flavor-access"
ADD_ACCESS = f"{ACCESS}:add_tenant_access"
REMOVE_ACCESS = f"{ACCESS}:remove_tenant_access"
_SPECS = "os_compute_api:os-flavor-extra-specs"
SPECS_INDEX = f"{_SPECS}:index"
SPECS_SHOW = f"{_SPECS}:show"
SPECS_CREATE = f"{_SPECS}:create"
SPECS_UPDATE = f"{_SPECS}:update"
SPECS_DELETE = f"{_SPECS}:delete"

_FLAVOR = "/flavors/{flavor_id}"
_KEY = f"{_FLAVOR}/os-extra_specs/{{flavor_extra_spec_key}}"
_VIEWS = (f"GET {_FLAVOR}", "GET /flavors/detail", "POST /flavors", f"PUT {_FLAVOR}")

RULES = (
    rule(CREATE, ADMIN, "Create a flavor.", "POST /flavors"),
    rule(UPDATE, ADMIN, "Describe a flavor (2.55).", f"PUT {_FLAVOR}"),
    rule(DELETE, ADMIN, "Delete a flavor.", f"DELETE {_FLAVOR}"),
    rule(ACCESS, ADMIN, "See who may use a flavor.", f"GET {_FLAVOR}/os-flavor-access"),
    rule(ADD_ACCESS, ADMIN, "Let a project use it.", f"POST {_FLAVOR}/action (addTenantAccess)"),
    rule(REMOVE_ACCESS, ADMIN, "Take that away.", f"POST {_FLAVOR}/action (removeTenantAccess)"),
    rule(
        SPECS_INDEX,
        READER,
        "See extra specs, from 2.61 on in flavors too.",
        f"GET {_FLAVOR}/os-extra_specs",
        *_VIEWS,
    ),
    rule(SPECS_SHOW, READER, "See one extra spec.", f"GET {_KEY}"),
    rule(SPECS_CREATE, ADMIN, "Add extra specs.", f"POST {_FLAVOR}/os-extra_specs"),
    rule(SPECS_UPDATE, ADMIN, "Change an extra spec.", f"PUT {_KEY}"),
    rule(SPECS_DELETE, ADMIN, "Delete an extra spec.", f"DELETE {_KEY}"),
)
