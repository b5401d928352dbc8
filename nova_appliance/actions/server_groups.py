# SPDX-License-Identifier: Apache-2.0
"""What may be done with server groups: find, list, create, delete."""

from __future__ import annotations

from nova_appliance.actions import quotas
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import quotas as limits
from nova_appliance.db import server_groups
from nova_appliance.db.engines import Connection
from nova_appliance.domain.quota import has_room
from nova_appliance.domain.server_group import ServerGroup


def find(cloud: Cloud, group_id: str, project_id: str | None = None) -> ServerGroup:
    """The group of that id, of that project only if one is named. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        found = server_groups.get(conn, group_id, project_id)
    if found is None:
        raise _missing(group_id)
    return found


def page(cloud: Cloud, project_id: str | None, offset: int, limit: int) -> tuple[ServerGroup, ...]:
    """Groups of a project (of all without one), oldest first."""
    with cloud.cells.api.read() as conn:
        return server_groups.list_(conn, project_id, offset=offset, limit=limit)


def create(cloud: Cloud, context: RequestContext, group: ServerGroup) -> ServerGroup:
    """Store a group. Raises OverQuota, and Invalid for rules that the policy does not have."""
    if group.rules and group.policy != "anti-affinity":
        raise errors.Invalid("Only anti-affinity policy supports rules.")

    def work(conn: Connection) -> ServerGroup:
        quotas.take_turn(conn, context)
        _check_room(conn, cloud, group)
        return server_groups.add(conn, group)

    made = cloud.cells.api.transact(work)
    things.server_group(cloud, "create", made)
    return made


def delete(cloud: Cloud, group_id: str) -> None:
    """Delete a group; its servers stay where they are. Raises NotFound."""
    group = find(cloud, group_id)
    if not cloud.cells.api.transact(lambda conn: server_groups.remove(conn, group_id)):
        raise _missing(group_id)
    things.server_group(cloud, "delete", group)


def _check_room(conn: Connection, cloud: Cloud, group: ServerGroup) -> None:
    """Neither the project nor the user in it may have more groups than their limits."""
    for user_id in (None, group.user_id):
        most = limits.limits(conn, quotas.defaults(cloud), group.project_id, user_id)
        used = server_groups.count(conn, group.project_id, user_id)
        if not has_room(most["server_groups"], used, 1):
            raise errors.OverQuota("Quota exceeded, too many server groups.")


def _missing(group_id: str) -> errors.NotFound:
    return errors.NotFound(f"Instance group {group_id} could not be found.")
