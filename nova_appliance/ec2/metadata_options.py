# SPDX-License-Identifier: Apache-2.0
"""MetadataOptions in EC2's words: how the metadata service treats a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.domain.metadata_options import (
    DISABLED,
    ENDPOINT,
    REQUIRED,
    TOKENS,
    is_closed,
    needs_token,
)
from nova_appliance.domain.server import Server
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

CHOICES = {
    # field > (where it is kept, what it may be)
    "HttpTokens": (TOKENS, ("optional", REQUIRED)),
    "HttpEndpoint": (ENDPOINT, ("enabled", DISABLED)),
}
UNBUILT = ("HttpProtocolIpv6", "InstanceMetadataTags")
LONGEST_WAY = 64


def read(told: Mapping[str, Any]) -> dict[str, str]:
    """The metadata that say so; the hop limit is taken and not kept. Raises Fault."""
    found = {}
    for name, (key, choices) in CHOICES.items():
        value = told.get(name)
        if value not in (None, "", *choices):
            allowed = " or ".join(choices)
            raise Fault("InvalidParameterValue", f"{name} '{shown(value)}' is not {allowed}.")
        if value:
            found[key] = str(value)
    for name in UNBUILT:
        if told.get(name) not in (None, "", DISABLED):
            raise Fault("UnsupportedOperation", f"{name} cannot be enabled here.")
    hops = told.get("HttpPutResponseHopLimit")
    if hops is not None and not 1 <= hops <= LONGEST_WAY:
        raise Fault("InvalidParameterValue", "HttpPutResponseHopLimit is from 1 to 64.")
    return found


def show(server: Server) -> dict[str, Any]:
    """As a description of the server tells it."""
    return {
        "State": "applied",
        "HttpTokens": REQUIRED if needs_token(server) else "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": DISABLED if is_closed(server) else "enabled",
        "HttpProtocolIpv6": DISABLED,
        "InstanceMetadataTags": DISABLED,
    }
