# SPDX-License-Identifier: Apache-2.0
"""Action os-migrateLive; force_complete and DELETE of live migrations."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import live_migrate as moves
from nova_appliance.actions import server_migrations
from nova_appliance.api import policy
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import migrations as migration_rules
from nova_appliance.api.policies import server_moves as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.migrations import row
from nova_appliance.api.resources.server_evacuate import forced
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_moves as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(
    policy=rules.MIGRATE_LIVE,
    also=(rules.MIGRATE_LIVE_HOST,),
    load=find,
    body=schemas.MIGRATE_LIVE,
    status=202,
    errors=(404, 409),
)
def migrate_live(req: Request, server: Server, body: Body) -> None:
    """Move a server that runs."""
    asked = body["os-migrateLive"]
    host, block = asked["host"], asked["block_migration"]
    if host is not None:
        policy.enforce(req, rules.MIGRATE_LIVE_HOST, policy.owner_of(server))
    wanted = moves.LiveMigration(
        host=host,
        unfiltered=forced(asked),
        block=None if block == "auto" else is_true(block),
        over_commit=_is_said(asked, "disk_over_commit"),
        waits=not at_least(req, "2.34"),
    )
    moves.migrate(req.cloud, req.context, server, wanted)


def _is_said(asked: Body, name: str) -> bool | None:
    return is_true(asked[name]) if name in asked else None


@operation(
    policy=migration_rules.FORCE,
    load=find,
    body=schemas.FORCE_COMPLETE,
    status=202,
    errors=(404, 409),
    since="2.22",
)
def force_complete(req: Request, server: Server, migration_id: str, _body: Body) -> None:
    """Let a live migration end soon, at the cost of the guest's speed."""
    migration = server_migrations.find(req.cloud, server, row(migration_id))
    moves.force(req.cloud, req.context, server, migration)


@operation(
    policy=migration_rules.ABORT, load=find, status=202, errors=(400, 404, 409), since="2.24"
)
def abort(req: Request, server: Server, migration_id: str) -> None:
    """Abort a live migration; from 2.65 on also one that has not begun to copy."""
    migration = server_migrations.find(req.cloud, server, row(migration_id))
    moves.abort(req.cloud, req.context, server, migration, early=at_least(req, "2.65"))
