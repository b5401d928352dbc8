# SPDX-License-Identifier: Apache-2.0
"""Counts quotas and reserves them by the new servers' mappings, in one transaction of nova_api."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.actions import quotas
from nova_appliance.actions.boot_checks import Checked
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import quotas as limits
from nova_appliance.db import request_specs, server_mappings
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection
from nova_appliance.db.server_mappings import Mapping
from nova_appliance.domain.quota import UNLIMITED, has_room


def reserve(
    cloud: Cloud, context: RequestContext, checked: Checked, server_ids: Sequence[str]
) -> tuple[str, ...]:
    """Map as many of these servers as quotas allow, at least min_count. Raises OverQuota."""
    return cloud.cells.api.transact(
        lambda conn: _reserve(conn, cloud, context, checked, server_ids)
    )


def _reserve(
    conn: Connection,
    cloud: Cloud,
    context: RequestContext,
    checked: Checked,
    server_ids: Sequence[str],
) -> tuple[str, ...]:
    quotas.take_turn(conn, context)
    allowed = _allowed(conn, cloud, context, checked, len(server_ids))
    mapped = tuple(server_ids[:allowed])
    _check_group(conn, cloud, context, checked, len(mapped))
    flavor, group = checked.flavor, checked.group
    server_mappings.add(
        conn,
        [
            Mapping(
                server_id=server_id,
                cell_id=CELL0,
                project_id=str(context.project_id),
                user_id=str(context.user_id),
                vcpus=flavor.vcpus,
                memory_mib=flavor.memory_mib,
                group_id=group.id if group else None,
            )
            for server_id in mapped
        ],
    )
    request_specs.add(conn, dict.fromkeys(mapped, _spec(checked)))
    return mapped


def _allowed(
    conn: Connection, cloud: Cloud, context: RequestContext, checked: Checked, wanted: int
) -> int:
    """How many servers fit into what is left of the project's and the user's limits."""
    flavor = checked.flavor
    each = {"instances": 1, "cores": flavor.vcpus, "ram": flavor.memory_mib}
    least = checked.request.min_count
    allowed = wanted
    for user_id in (None, context.user_id):
        bounds = limits.limits(conn, quotas.defaults(cloud), str(context.project_id), user_id)
        used = server_mappings.usage(conn, str(context.project_id), user_id).as_resources()
        for name, amount in each.items():
            limit = bounds[name]
            if limit == UNLIMITED or not amount:
                continue
            allowed = min(allowed, (limit - used[name]) // amount)
            if allowed < least:
                raise over_quota(name, amount * least, used[name], limit)
    return allowed


def over_quota(name: str, wanted: int, used: int, limit: int) -> errors.OverQuota:
    """The sentence of a refusal."""
    return errors.OverQuota(
        f"Quota exceeded for {name}: Requested {wanted}, but already used {used} of {limit} {name}"
    )


def _check_group(
    conn: Connection, cloud: Cloud, context: RequestContext, checked: Checked, more: int
) -> None:
    if checked.group is None:
        return
    limit = quotas.of_caller(conn, cloud, context)["server_group_members"]
    members = len(server_mappings.members(conn, checked.group.id))
    if not has_room(limit, members, more):
        raise errors.OverQuota("Quota exceeded, too many servers in group")


def _spec(checked: Checked) -> dict[str, object]:
    place = checked.place
    return {
        "flavor": checked.flavor,
        "image": checked.image,
        "zone": place.zone,
        "host": place.host,
        "node": place.node,
        "group": checked.group.id if checked.group else None,
        "hints": checked.request.hints,
    }
