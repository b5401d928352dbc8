# SPDX-License-Identifier: Apache-2.0
"""Bodies of security groups, their rules, and floating and fixed addresses."""

from __future__ import annotations

from nova_appliance.api.schemas.types import IPV4, NAME, TEXT, query, shape, single, wrapped
from nova_appliance.api.versioned import Schema

_SAID: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_PORT: Schema = {"type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$"}
_ID: Schema = {"type": ["string", "null"]}

GROUP = wrapped(
    "security_group",
    shape({"name": _SAID, "description": _SAID}, "name", "description", extra=True),
)
GROUP_RULE = wrapped(
    "security_group_rule",
    shape(
        {
            "parent_group_id": TEXT,
            "ip_protocol": _ID,
            "from_port": _PORT,
            "to_port": _PORT,
            "cidr": _ID,
            "group_id": _ID,
        },
        "parent_group_id",
        extra=True,
    ),
)
_NUMBER = single({"type": "string", "pattern": "^[0-9]+$", "minLength": 1})
GROUPS = query(all_tenants=TEXT)
GROUPS["properties"] |= {"limit": _NUMBER, "offset": _NUMBER}
ADD_GROUP = wrapped("addSecurityGroup", shape({"name": NAME}, "name", extra=True))
REMOVE_GROUP = wrapped("removeSecurityGroup", shape({"name": NAME}, "name", extra=True))

TAKE_FLOATING: Schema = {**shape({"pool": _ID}, extra=True), "type": ["object", "null"]}
ADD_FLOATING = wrapped("addFloatingIp", shape({"address": IPV4, "fixed_address": IPV4}, "address"))
REMOVE_FLOATING = wrapped("removeFloatingIp", shape({"address": IPV4}, "address"))
ADD_FIXED = wrapped(
    "addFixedIp", shape({"networkId": {**_SAID, "type": ["string", "integer"]}}, "networkId")
)
_ADDRESS: Schema = {"type": "string", "oneOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
REMOVE_FIXED = wrapped("removeFixedIp", shape({"address": _ADDRESS}, "address"))
