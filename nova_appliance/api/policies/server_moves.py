# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions that change a server's host or flavor."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MANAGER, MEMBER, rule

RESIZE = "os_compute_api:servers:resize"
CONFIRM = "os_compute_api:servers:confirm_resize"
REVERT = "os_compute_api:servers:revert_resize"
_MIGRATE = "os_compute_api:os-migrate-server"
MIGRATE, MIGRATE_HOST = f"{_MIGRATE}:migrate", f"{_MIGRATE}:migrate:host"
MIGRATE_LIVE, MIGRATE_LIVE_HOST = f"{_MIGRATE}:migrate_live", f"{_MIGRATE}:migrate_live:host"
EVACUATE = "os_compute_api:os-evacuate"

_ACTION = "POST /servers/{server_id}/action"

RULES = (
    rule(RESIZE, MEMBER, "Give a server another flavor.", f"{_ACTION} (resize)"),
    rule(CONFIRM, MEMBER, "Keep a server's new flavor.", f"{_ACTION} (confirmResize)"),
    rule(REVERT, MEMBER, "Go back to a server's old flavor.", f"{_ACTION} (revertResize)"),
    rule(MIGRATE, MANAGER, "Move a server, off, to another host.", f"{_ACTION} (migrate)"),
    rule(EVACUATE, ADMIN, "Bring a server to life whose host is down.", f"{_ACTION} (evacuate)"),
    rule(MIGRATE_LIVE, MANAGER, "Move a server that runs.", f"{_ACTION} (os-migrateLive)"),
    rule(MIGRATE_LIVE_HOST, ADMIN, "Say which host.", f"{_ACTION} (os-migrateLive)"),
    rule(MIGRATE_HOST, ADMIN, "Say which host (2.56).", f"{_ACTION} (migrate)"),
)
