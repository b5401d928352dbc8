# SPDX-License-Identifier: Apache-2.0
"""Rules of rebuild, rescue, shelve, backups and passwords."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MEMBER, rule

REBUILD = "os_compute_api:servers:rebuild"
REBUILD_CERTS = "os_compute_api:servers:rebuild:trusted_certs"
RESCUE = "os_compute_api:os-rescue"
UNRESCUE = "os_compute_api:os-unrescue"
SHELVE = "os_compute_api:os-shelve:shelve"
SHELVE_OFFLOAD = "os_compute_api:os-shelve:shelve_offload"
UNSHELVE = "os_compute_api:os-shelve:unshelve"
UNSHELVE_TO_HOST = "os_compute_api:os-shelve:unshelve_to_host"
CREATE_BACKUP = "os_compute_api:os-create-backup"
CHANGE_PASSWORD = "os_compute_api:os-admin-password"  # noqa: S105 - the name of a rule

_ACTION = "POST /servers/{server_id}/action"

RULES = (
    rule(REBUILD, MEMBER, "Rebuild a server.", f"{_ACTION} (rebuild)"),
    rule(REBUILD_CERTS, MEMBER, "Rebuild with trusted certificates.", f"{_ACTION} (rebuild)"),
    rule(RESCUE, MEMBER, "Boot a server from a rescue image.", f"{_ACTION} (rescue)"),
    rule(CREATE_BACKUP, MEMBER, "Make a backup of a server.", f"{_ACTION} (createBackup)"),
    rule(CHANGE_PASSWORD, MEMBER, "Change a guest's password.", f"{_ACTION} (changePassword)"),
    rule(UNRESCUE, MEMBER, "Boot a rescued server as before.", f"{_ACTION} (unrescue)"),
    rule(SHELVE, MEMBER, "Put a server on the shelf.", f"{_ACTION} (shelve)"),
    rule(
        SHELVE_OFFLOAD, ADMIN, "Take a shelved server off its host.", f"{_ACTION} (shelveOffload)"
    ),
    rule(UNSHELVE, MEMBER, "Bring a server back.", f"{_ACTION} (unshelve)"),
    rule(UNSHELVE_TO_HOST, ADMIN, "Name the host (2.91).", f"{_ACTION} (unshelve)"),
)
