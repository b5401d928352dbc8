# SPDX-License-Identifier: Apache-2.0
"""Body and query of /os-assisted-volume-snapshots."""

from __future__ import annotations

from nova_appliance.api.schemas.types import TEXT, query, shape, wrapped
from nova_appliance.api.versioned import Versioned, closed

_NAME = {"type": "string", "minLength": 1}
_INFO = shape(
    {
        "snapshot_id": _NAME,
        "type": {"type": "string", "enum": ["qcow2"]},
        "new_file": _NAME,
        "id": _NAME,
    },
    "snapshot_id",
    "type",
    "new_file",
)
CREATE = wrapped(
    "snapshot", shape({"volume_id": _NAME, "create_info": _INFO}, "volume_id", "create_info")
)
DELETE = Versioned(query(delete_info=TEXT), v2_75=closed)
