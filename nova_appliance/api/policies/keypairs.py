# SPDX-License-Identifier: Apache-2.0
"""Rules of key pairs: everybody's own, and all for administrators."""

from __future__ import annotations

from nova_appliance.api.policies.base import USER, rule

_KEYPAIRS = "os_compute_api:os-keypairs"
INDEX = f"{_KEYPAIRS}:index"
SHOW = f"{_KEYPAIRS}:show"
CREATE = f"{_KEYPAIRS}:create"
DELETE = f"{_KEYPAIRS}:delete"

RULES = (
    rule(INDEX, USER, "List key pairs.", "GET /os-keypairs"),
    rule(SHOW, USER, "Show a key pair.", "GET /os-keypairs/{keypair_name}"),
    rule(CREATE, USER, "Import or make a key pair.", "POST /os-keypairs"),
    rule(DELETE, USER, "Delete a key pair.", "DELETE /os-keypairs/{keypair_name}"),
)
