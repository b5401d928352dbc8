# SPDX-License-Identifier: Apache-2.0
"""Rules of volumes at servers."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, SERVICE, rule

INDEX = "os_compute_api:os-volumes-attachments:index"
SHOW = "os_compute_api:os-volumes-attachments:show"
CREATE = "os_compute_api:os-volumes-attachments:create"
UPDATE = "os_compute_api:os-volumes-attachments:update"
SWAP = "os_compute_api:os-volumes-attachments:swap"
DELETE = "os_compute_api:os-volumes-attachments:delete"

_ALL = "/servers/{server_id}/os-volume_attachments"
_ONE = f"{_ALL}/{{volume_id}}"

RULES = (
    rule(INDEX, READER, "List a server's volumes.", f"GET {_ALL}"),
    rule(SHOW, READER, "Show one of them.", f"GET {_ONE}"),
    rule(CREATE, MEMBER, "Attach a volume.", f"POST {_ALL}"),
    rule(UPDATE, MEMBER, "Say whether it goes with the server.", f"PUT {_ONE}"),
    rule(SWAP, SERVICE, "Move a volume to another place.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "Detach a volume.", f"DELETE {_ONE}"),
)
