# SPDX-License-Identifier: Apache-2.0
"""The addresses at which a server's owner says that it is reached: they are shown as short as can be."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

FIELDS = {"accessIPv4": "access_ip_v4", "accessIPv6": "access_ip_v6"}
"""Key of a body > field of a server."""


def read(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Field > address, of those that are there; schemas have seen to it that they are addresses."""
    return {
        field: ipaddress.ip_address(wanted[key]).compressed
        for key, field in FIELDS.items()
        if key in wanted
    }
