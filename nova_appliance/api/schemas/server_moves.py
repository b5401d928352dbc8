# SPDX-License-Identifier: Apache-2.0
"""Bodies of the actions that change a server's host or flavor."""

from __future__ import annotations

from nova_appliance.api.schemas.types import ANY, HOSTNAME, shape, wrapped
from nova_appliance.api.versioned import Schema, Versioned, add

_FLAVOR: Schema = {"type": ["string", "integer"], "minLength": 1}
_DISK_CONFIG: Schema = {"type": "string", "enum": ["AUTO", "MANUAL"]}

RESIZE = wrapped(
    "resize", shape({"flavorRef": _FLAVOR, "OS-DCF:diskConfig": _DISK_CONFIG}, "flavorRef")
)
CONFIRM = wrapped("confirmResize", ANY)
REVERT = wrapped("revertResize", ANY)
MIGRATE = Versioned(
    wrapped("migrate", ANY),
    v2_56=add(
        migrate={
            **shape({"host": {**HOSTNAME, "type": ["string", "null"]}}),
            "type": ["object", "null"],
        }
    ),
)
