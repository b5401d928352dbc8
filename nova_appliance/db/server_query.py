# SPDX-License-Identifier: Apache-2.0
"""What a list of servers asks for, as data, and the SQL of it; all values are bound."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import errors
from nova_appliance.db.portable import has_item, has_match, has_pair, image_property, matches
from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.domain import states

Condition = sa.ColumnElement[bool]

SORTED_BY: dict[str, Any] = {
    "id": SERVERS.c.id,
    "name": SERVERS.c.name,
    "hostname": SERVERS.c.hostname,
    "description": SERVERS.c.description,
    "project_id": SERVERS.c.project_id,
    "user_id": SERVERS.c.user_id,
    "state": SERVERS.c.state,
    "task": SERVERS.c.task,
    "power": SERVERS.c.power,
    "progress": SERVERS.c.progress,
    "host": SERVERS.c.host,
    "node": SERVERS.c.node,
    "zone": SERVERS.c.zone,
    "flavor_id": SERVERS.c.flavor_id,
    "image_id": SERVERS.c.image_id,
    "key_name": SERVERS.c.key_name,
    "config_drive": SERVERS.c.config_drive,
    "root_device": SERVERS.c.root_device,
    "launch_index": SERVERS.c.launch_index,
    "access_ip_v4": SERVERS.c.access_ip_v4,
    "access_ip_v6": SERVERS.c.access_ip_v6,
    "disk_config": SERVERS.c.disk_config,
    "locked_by": SERVERS.c.locked_by,
    "created_at": SERVERS.c.created_at,
    "updated_at": SERVERS.c.updated_at,
    "launched_at": SERVERS.c.launched_at,
    "terminated_at": SERVERS.c.terminated_at,
    "locked": sa.case((SERVERS.c.locked_by.is_(None), 0), else_=1),
    "kernel_id": image_property(SERVERS.c.image, sa.literal("$.properties.kernel_id")),
    "ramdisk_id": image_property(SERVERS.c.image, sa.literal("$.properties.ramdisk_id")),
}
"""Word of a sort key or filter > column or expression."""

FILTERED_BY = {**SORTED_BY, "reservation_id": SERVERS.c.reservation_id}


class Sort(msgspec.Struct, frozen=True):
    """One sort key (a word of SORTED_BY) and its direction."""

    key: str
    descending: bool = True


NEWEST_FIRST = (Sort("created_at"), Sort("id"))


class ServerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Filters (all must hold), order, and which page. Keys are words of FILTERED_BY."""

    equal: dict[str, tuple[Any, ...]] = {}
    """Key > values, one of which it must have."""
    match: dict[str, str] = {}
    """Key > regular expression that its text must contain."""
    statuses: tuple[str, ...] | None = None
    """Statuses of the API; None is any."""
    ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    not_tags_any: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    address_v4: str | None = None
    """Regular expression for one of its addresses."""
    address_v6: str | None = None
    changed_since: dt.datetime | None = None
    changed_before: dt.datetime | None = None
    deleted: bool | None = False
    """False: the living only. True: the deleted only. None: both."""
    soft_deleted: bool = False
    """Whether soft-deleted servers count as living ones."""
    sort: tuple[Sort, ...] = NEWEST_FIRST
    marker: str | None = None
    """Id of the last server of the page before."""
    limit: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing but owner and page size was asked: then down cells can be told of."""
        bare = ServerQuery(equal=self.equal, limit=self.limit)
        return self == bare and self.equal.keys() <= {"project_id"}


def conditions(query: ServerQuery) -> list[Condition]:
    """The WHERE of a query, without its marker. Raises Invalid for a wrong pattern."""
    for pattern in (*query.match.values(), query.address_v4, query.address_v6):
        _check_pattern(pattern or "")
    found = [FILTERED_BY[key].in_(values) for key, values in query.equal.items()]
    found += [matches(FILTERED_BY[key], pattern) for key, pattern in query.match.items()]
    if query.ids is not None:
        found.append(SERVERS.c.id.in_(query.ids))
    if query.statuses is not None:
        found.append(sa.or_(sa.false(), *map(_has_status, query.statuses)))
    found += _tag_conditions(query)
    found += [has_pair(SERVERS.c.metadata, *pair) for pair in query.metadata.items()]
    found += _address_conditions(query)
    return found + _life_conditions(query)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise errors.Invalid(f"{pattern} is not a regular expression.") from error


def _has_status(status: str) -> Condition:
    pairs = states.states_of(status)
    return sa.or_(sa.false(), *(_in_state(state, task) for state, task in sorted(pairs, key=str)))


def _in_state(state: str, task: str | None) -> Condition:
    """A state with one task, or with any task that has no status of its own."""
    if task is not None:
        return sa.and_(SERVERS.c.state == state, SERVERS.c.task == task)
    others = sorted(states.STATUSES[state][1])
    if not others:
        return SERVERS.c.state == state
    free = sa.or_(SERVERS.c.task.is_(None), SERVERS.c.task.not_in(others))
    return sa.and_(SERVERS.c.state == state, free)


def _tag_conditions(query: ServerQuery) -> list[Condition]:
    def has(tag: str) -> Condition:
        return has_item(SERVERS.c.tags, tag)

    found: list[Condition] = [has(tag) for tag in query.tags]
    if query.tags_any:
        found.append(sa.or_(*map(has, query.tags_any)))
    if query.not_tags:
        found.append(sa.not_(sa.and_(*map(has, query.not_tags))))
    if query.not_tags_any:
        found.append(sa.not_(sa.or_(*map(has, query.not_tags_any))))
    return found


def _address_conditions(query: ServerQuery) -> list[Condition]:
    wanted = ((4, query.address_v4), (6, query.address_v6))
    return [
        has_match(SERVERS.c.addresses, version, pattern) for version, pattern in wanted if pattern
    ]


def _life_conditions(query: ServerQuery) -> list[Condition]:
    found: list[Condition] = []
    changed = sa.func.coalesce(SERVERS.c.updated_at, SERVERS.c.created_at)
    if query.changed_since:
        found.append(changed >= query.changed_since)
    if query.changed_before:
        found.append(changed <= query.changed_before)
    soft = SERVERS.c.state == "soft-delete"
    if query.deleted is False:
        found.append(SERVERS.c.deleted == 0)
        if not query.soft_deleted:
            found.append(sa.not_(soft))
    elif query.deleted:
        gone = SERVERS.c.deleted > 0
        found.append(sa.or_(gone, soft) if query.soft_deleted else gone)
    return found


def order(query: ServerQuery) -> list[sa.UnaryExpression[Any]]:
    """The ORDER BY; NULLs come before all values, on every database."""
    return [
        SORTED_BY[sort.key].desc() if sort.descending else SORTED_BY[sort.key].asc()
        for sort in query.sort
    ]


def behind(sort: tuple[Sort, ...], values: tuple[Any, ...]) -> Condition:
    """Rows that come after the one with these values of the sort keys."""
    same: list[Condition] = []
    choices: list[Condition] = []
    for one, value in zip(sort, values, strict=True):
        column = SORTED_BY[one.key]
        later = _FOLLOWS[one.descending](column, value)
        choices.append(sa.and_(*same, later))
        same.append(column.is_(None) if value is None else column == value)
    return sa.or_(*choices)


def _above(column: Any, value: Any) -> Condition:
    later: Condition = column.is_not(None) if value is None else column > value
    return later


def _below(column: Any, value: Any) -> Condition:
    return sa.false() if value is None else sa.or_(column < value, column.is_(None))


_FOLLOWS: dict[bool, Callable[[Any, Any], Condition]] = {False: _above, True: _below}
