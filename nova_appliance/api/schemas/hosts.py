# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of services, hypervisors and hosts."""

from __future__ import annotations

from nova_appliance.api.schemas.types import (
    BOOLEAN,
    HOSTNAME,
    NOT_NEGATIVE,
    TEXT,
    query,
    shape,
    single,
)
from nova_appliance.api.versioned import Schema, Versioned, add, closed

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_OLD = {"host": HOSTNAME, "binary": _NAME, "disabled_reason": _NAME}

SERVICES = Versioned(query(host=TEXT, binary=TEXT), v2_75=closed)
OLD_SERVICE = shape(_OLD, "host", "binary")
FORCED_SERVICE = Versioned(OLD_SERVICE, v2_11=add(forced_down=BOOLEAN))
SERVICE = shape(
    {
        "status": {"type": "string", "enum": ["enabled", "disabled"]},
        "disabled_reason": _NAME,
        "forced_down": BOOLEAN,
    }
)


def _by_pattern(schema: Schema) -> None:
    schema["properties"] = {
        "limit": single(NOT_NEGATIVE),
        "marker": single(TEXT),
        "hypervisor_hostname_pattern": single(HOSTNAME),
        "with_servers": single(BOOLEAN),
    }
    closed(schema)


def _with_servers(schema: Schema) -> None:
    schema["properties"] = {"with_servers": single(BOOLEAN)}
    closed(schema)


HYPERVISORS = Versioned(
    query(),
    v2_33=add(**query(limit=NOT_NEGATIVE, marker=TEXT)["properties"]),
    v2_53=_by_pattern,
)
HYPERVISOR = Versioned(query(), v2_53=_with_servers)

_SWITCH = {
    "type": "string",
    "enum": ["enable", "disable", "Enable", "Disable", "ENABLE", "DISABLE"],
}
HOSTS = query(zone=TEXT)
HOST: Schema = {
    **shape({"status": _SWITCH, "maintenance_mode": _SWITCH}),
    "anyOf": [{"required": ["status"]}, {"required": ["maintenance_mode"]}],
}
