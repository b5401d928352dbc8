# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions on servers that have names of their own."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MEMBER, rule

PAUSE = "os_compute_api:os-pause-server:pause"
UNPAUSE = "os_compute_api:os-pause-server:unpause"
SUSPEND = "os_compute_api:os-suspend-server:suspend"
RESUME = "os_compute_api:os-suspend-server:resume"
TRIGGER_CRASH_DUMP = "os_compute_api:servers:trigger_crash_dump"
FORCE_DELETE = "os_compute_api:os-deferred-delete:force"
RESTORE = "os_compute_api:os-deferred-delete:restore"
CREATE_IMAGE = "os_compute_api:servers:create_image"
CREATE_IMAGE_OF_VOLUMES = "os_compute_api:servers:create_image:allow_volume_backed"
INJECT_NETWORK_INFO = "os_compute_api:os-admin-actions:inject_network_info"

_ACTION = "POST /servers/{server_id}/action"

RULES = (
    rule(PAUSE, MEMBER, "Pause a server.", f"{_ACTION} (pause)"),
    rule(UNPAUSE, MEMBER, "Let a paused server go on.", f"{_ACTION} (unpause)"),
    rule(SUSPEND, MEMBER, "Suspend a server.", f"{_ACTION} (suspend)"),
    rule(RESUME, MEMBER, "Let a suspended server go on.", f"{_ACTION} (resume)"),
    rule(FORCE_DELETE, MEMBER, "Delete a server for good.", f"{_ACTION} (forceDelete)"),
    rule(
        INJECT_NETWORK_INFO,
        ADMIN,
        "Read a server's ports anew.",
        f"{_ACTION} (injectNetworkInfo)",
    ),
    rule(RESTORE, MEMBER, "Restore a softly deleted server.", f"{_ACTION} (restore)"),
    rule(CREATE_IMAGE, MEMBER, "Make an image of a server.", f"{_ACTION} (createImage)"),
    rule(
        CREATE_IMAGE_OF_VOLUMES,
        MEMBER,
        "Make one of a server that boots from a volume.",
        f"{_ACTION} (createImage)",
    ),
    rule(
        TRIGGER_CRASH_DUMP,
        MEMBER,
        "Let a server dump its memory (2.17).",
        f"{_ACTION} (trigger_crash_dump)",
    ),
)
