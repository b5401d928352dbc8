# SPDX-License-Identifier: Apache-2.0
"""Rules of snapshots that the volume service takes of volumes in use."""

from __future__ import annotations

from nova_appliance.api.policies.base import SERVICE, rule

_BASE = "os_compute_api:os-assisted-volume-snapshots"
_PATH = "/os-assisted-volume-snapshots"
CREATE, DELETE = f"{_BASE}:create", f"{_BASE}:delete"

RULES = (
    rule(CREATE, SERVICE, "Let a server write to a new file of its volume.", f"POST {_PATH}"),
    rule(
        DELETE, SERVICE, "Make files of a server's volume one.", f"DELETE {_PATH}/{{snapshot_id}}"
    ),
)
