# SPDX-License-Identifier: Apache-2.0
"""Rules of migrations: servers that change host or flavor."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MANAGER, rule

_ALL = "os_compute_api:os-migrations:index"
_OF_SERVER = "os_compute_api:servers:migrations"
_PATH = "/servers/{server_id}/migrations"
INDEX, INDEX_ALL, INDEX_HOST = _ALL, f"{_ALL}:all_projects", f"{_ALL}:host"
LIST, LIST_HOST = f"{_OF_SERVER}:index", f"{_OF_SERVER}:index:host"
SHOW = f"{_OF_SERVER}:show"
FORCE, ABORT = f"{_OF_SERVER}:force_complete", f"{_OF_SERVER}:delete"

RULES = (
    rule(
        FORCE,
        MANAGER,
        "Let a live migration end soon.",
        f"POST {_PATH}/{{migration_id}}/action (force_complete)",
    ),
    rule(ABORT, MANAGER, "Abort a live migration.", f"DELETE {_PATH}/{{migration_id}}"),
    rule(INDEX, MANAGER, "List migrations.", "GET /os-migrations"),
    rule(INDEX_ALL, ADMIN, "List migrations of any project.", "GET /os-migrations"),
    rule(INDEX_HOST, ADMIN, "See hosts in migrations.", "GET /os-migrations"),
    rule(LIST, MANAGER, "List a server's live migrations that go on.", f"GET {_PATH}"),
    rule(LIST_HOST, ADMIN, "See hosts in a server's migrations.", f"GET {_PATH}"),
    rule(SHOW, ADMIN, "Show a live migration that goes on.", f"GET {_PATH}/{{migration_id}}"),
)
