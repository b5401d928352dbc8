# SPDX-License-Identifier: Apache-2.0
"""Body of POST /servers/{server_id}/os-interface."""

from __future__ import annotations

from nova_appliance.api.schemas.block_devices import TAG
from nova_appliance.api.schemas.types import IPV4, IPV6, UUID, list_of, shape
from nova_appliance.api.versioned import Versioned, add, inside

_ADDRESS = shape({"ip_address": {"oneOf": [IPV4, IPV6]}}, "ip_address")
ATTACH = Versioned(
    shape(
        {
            "interfaceAttachment": shape(
                {
                    "net_id": UUID,
                    "port_id": UUID,
                    "fixed_ips": list_of(_ADDRESS, minItems=1, maxItems=1),
                }
            )
        }
    ),
    v2_49=inside("interfaceAttachment", add(tag=TAG)),
)
