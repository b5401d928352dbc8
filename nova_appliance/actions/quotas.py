# SPDX-License-Identifier: Apache-2.0
"""Limits of projects, users and quota classes: read with use, set within bounds, forgotten."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import quotas, server_groups, server_mappings
from nova_appliance.db.engines import Connection
from nova_appliance.domain.quota import RESOURCES, UNLIMITED, Usage


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Whose limits: a project's, or those of one user in it."""

    project_id: str
    user_id: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Limits by resource, and what is in use of each."""

    limits: dict[str, int]
    used: dict[str, int]


def defaults(cloud: Cloud) -> dict[str, int]:
    """The limits of the configuration, by resource."""
    return {
        row.name: cloud.conf.quota[row.option] if row.option else UNLIMITED
        for row in RESOURCES.values()
    }


def of_caller(conn: Connection, cloud: Cloud, context: RequestContext) -> dict[str, int]:
    """The limits that hold for who asks, by resource."""
    return quotas.limits(conn, defaults(cloud), str(context.project_id), context.user_id)


def take_turn(conn: Connection, context: RequestContext) -> None:
    """Let no other transaction check or use the caller's quota until this one ends."""
    quotas.take_turn(conn, str(context.project_id))


def limits(cloud: Cloud, share: Share) -> dict[str, int]:
    """The limits that hold for a project or user, by resource."""
    with cloud.cells.api.read() as conn:
        return quotas.limits(conn, defaults(cloud), share.project_id, share.user_id)


def standing(cloud: Cloud, share: Share) -> Standing:
    """Limits and present use of a project or user."""
    with cloud.cells.api.read() as conn:
        return _standing(conn, cloud, share)


def class_limits(cloud: Cloud, class_name: str = quotas.DEFAULT_CLASS) -> dict[str, int]:
    """The limits of a quota class; `default` holds for all projects without their own."""
    with cloud.cells.api.read() as conn:
        return quotas.class_limits(conn, defaults(cloud), class_name)


def change(
    cloud: Cloud, share: Share, new: Mapping[str, int], *, force: bool = False
) -> dict[str, int]:
    """Set limits and return all that hold then; without `force` only within their bounds.

    Raises Invalid for a limit below what is in use, or above what the project has left.
    """

    def work(conn: Connection) -> dict[str, int]:
        quotas.take_turn(conn, share.project_id)
        if not force:
            _check_bounds(conn, cloud, share, new)
        quotas.change(conn, share.project_id, new, share.user_id)
        return quotas.limits(conn, defaults(cloud), share.project_id, share.user_id)

    return cloud.cells.api.transact(work)


def forget(cloud: Cloud, share: Share) -> None:
    """Go back to the defaults: for a user, or for a project and all its users."""
    cloud.cells.api.transact(lambda conn: quotas.remove(conn, share.project_id, share.user_id))


def change_class(cloud: Cloud, class_name: str, new: Mapping[str, int]) -> dict[str, int]:
    """Set limits of a quota class and return all that it has then."""

    def work(conn: Connection) -> dict[str, int]:
        quotas.change_class(conn, class_name, new)
        return quotas.class_limits(conn, defaults(cloud), class_name)

    return cloud.cells.api.transact(work)


def _standing(conn: Connection, cloud: Cloud, share: Share) -> Standing:
    held = server_mappings.usage(conn, share.project_id, share.user_id)
    groups = server_groups.count(conn, share.project_id, share.user_id)
    used = Usage(
        servers=held.servers,
        vcpus=held.vcpus,
        memory_mib=held.memory_mib,
        server_groups=groups,
    )
    return Standing(
        limits=quotas.limits(conn, defaults(cloud), share.project_id, share.user_id),
        used=used.as_resources(),
    )


def _check_bounds(conn: Connection, cloud: Cloud, share: Share, new: Mapping[str, int]) -> None:
    """A user's limit fits into what the project has not given to others; nothing goes below use."""
    used = _standing(conn, cloud, share).used
    given = quotas.given_to_users(conn, share.project_id)
    whole = quotas.limits(conn, defaults(cloud), share.project_id)
    own = quotas.own_limits(conn, share.project_id, share.user_id) if share.user_id else {}
    for name, limit in new.items():
        least, most = max(given.get(name, 0), used[name]), UNLIMITED
        if share.user_id:
            least = used[name]
            if whole[name] != UNLIMITED:
                most = max(whole[name] - given.get(name, 0) + max(own.get(name, 0), 0), 0)
        _check_limit(name, limit, least, most)


def _check_limit(name: str, limit: int, least: int, most: int) -> None:
    if limit != UNLIMITED and limit < least:
        raise errors.Invalid(
            f"Quota limit {limit} for {name} must be greater than or equal to already used and "
            f"reserved {least}."
        )
    if most != UNLIMITED and (limit == UNLIMITED or limit > most):
        raise errors.Invalid(
            f"Quota limit {limit} for {name} must be less than or equal to {most}."
        )
