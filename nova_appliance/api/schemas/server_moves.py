# SPDX-License-Identifier: Apache-2.0
"""Bodies of the actions that change a server's host or flavor."""

from __future__ import annotations

from nova_appliance.api.schemas.types import ANY, BOOLEAN, HOSTNAME, shape, wrapped
from nova_appliance.api.versioned import Schema, Versioned, add, drop, inside

_FLAVOR: Schema = {"type": ["string", "integer"], "minLength": 1}
_DISK_CONFIG: Schema = {"type": "string", "enum": ["AUTO", "MANUAL"]}

RESIZE = wrapped(
    "resize", shape({"flavorRef": _FLAVOR, "OS-DCF:diskConfig": _DISK_CONFIG}, "flavorRef")
)


def _nothing_required(shape_: Schema) -> None:
    del shape_["required"]


def _no_over_commit(shape_: Schema) -> None:
    """Since when the hosts find out by themselves whether disks are shared."""
    del shape_["properties"]["disk_over_commit"]
    shape_["required"].remove("disk_over_commit")
    shape_["properties"]["block_migration"] = {**BOOLEAN, "enum": [*BOOLEAN["enum"], "auto"]}


_PASSWORD: Schema = {"type": "string"}
EVACUATE = Versioned(
    wrapped(
        "evacuate",
        shape(
            {"host": HOSTNAME, "onSharedStorage": BOOLEAN, "adminPass": _PASSWORD},
            "onSharedStorage",
        ),
    ),
    v2_14=inside("evacuate", drop("onSharedStorage"), _nothing_required),
    v2_29=inside("evacuate", add(force=BOOLEAN)),
    v2_68=inside("evacuate", drop("force")),
)
MIGRATE_LIVE = Versioned(
    wrapped(
        "os-migrateLive",
        shape(
            {
                "host": {**HOSTNAME, "type": ["string", "null"]},
                "block_migration": BOOLEAN,
                "disk_over_commit": BOOLEAN,
            },
            "host",
            "block_migration",
            "disk_over_commit",
        ),
    ),
    v2_25=inside("os-migrateLive", _no_over_commit),
    v2_30=inside("os-migrateLive", add(force=BOOLEAN)),
    v2_68=inside("os-migrateLive", drop("force")),
)
FORCE_COMPLETE = wrapped("force_complete", {"type": "null"})
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
