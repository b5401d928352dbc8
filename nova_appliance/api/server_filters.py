# SPDX-License-Identifier: Apache-2.0
"""The query of GET /servers as a ServerQuery: words of the API > words of db.server_query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nova_appliance.api.paging import paging
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.policy import enforce, may
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.server_lists import IGNORED_SORT_KEYS, NESTED, TAG_FILTERS
from nova_appliance.api.schemas.types import FALSE, TRUE
from nova_appliance.api.versioned import at_least
from nova_appliance.common import errors, ids
from nova_appliance.common.clock import parse_time
from nova_appliance.db.server_query import NEWEST_FIRST, ServerQuery, Sort
from nova_appliance.domain import states

Values = tuple[Any, ...]
_ALL = ("reservation_id", "name", "status", "image", "flavor", "ip", "changes-since")
_SINCE_2_83 = (
    "availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at",
    "power_state", "task_state", "vm_state", "progress", "user_id",
)  # fmt: skip
OPEN_FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("2.1", (*_ALL, "all_tenants")),
    ("2.5", ("ip6",)),
    ("2.26", TAG_FILTERS),
    ("2.66", ("changes-before",)),
    ("2.73", ("locked",)),
    ("2.83", _SINCE_2_83),
    ("2.90", ("hostname",)),
)
"""Version > filters that everybody may use from there on; others are dropped without a word."""


def _texts(values: list[str]) -> Values:
    return tuple(value for value in values if value.isascii())


def _numbers(values: list[str]) -> Values:
    return tuple(int(value) for value in values if value.isdecimal() and len(value) < 10)


def _yes(values: list[str]) -> Values:
    return tuple(value in TRUE for value in values)


def _yes_number(values: list[str]) -> Values:
    return tuple(int(value in TRUE) for value in values)


def _disk_config(values: list[str]) -> Values:
    return tuple("AUTO" if value in TRUE else "MANUAL" for value in values)


def _tasks(values: list[str]) -> Values:
    return tuple(values)


EQUAL: dict[str, tuple[str, Callable[[list[str]], Values]]] = {
    "user_id": ("user_id", _tasks),
    "project_id": ("project_id", _tasks),
    "tenant_id": ("project_id", _tasks),
    "image": ("image_id", _texts),
    "image_ref": ("image_id", _texts),
    "flavor": ("flavor_id", _tasks),
    "host": ("host", _tasks),
    "vm_state": ("state", _tasks),
    "task_state": ("task", _tasks),
    "power_state": ("power", _numbers),
    "progress": ("progress", _numbers),
    "launch_index": ("launch_index", _numbers),
    "config_drive": ("config_drive", _yes),
    "auto_disk_config": ("disk_config", _disk_config),
    "locked": ("locked", _yes_number),
}
"""Filter of the API > (word of the query, how its values are read): one of them must be there."""

MATCH = {
    "name": "name",
    "display_name": "name",
    "description": "description",
    "display_description": "description",
    "hostname": "hostname",
    "key_name": "key_name",
    "node": "node",
    "reservation_id": "reservation_id",
    "availability_zone": "zone",
    "launched_at": "launched_at",
    "terminated_at": "terminated_at",
    "created_at": "created_at",
    "locked_by": "locked_by",
    "root_device_name": "root_device",
    "access_ip_v4": "access_ip_v4",
    "access_ip_v6": "access_ip_v6",
    "kernel_id": "kernel_id",
    "ramdisk_id": "ramdisk_id",
}
"""Filter of the API > word of the query that its pattern is looked for in."""

SORT_KEYS = {
    "display_name": "name",
    "display_description": "description",
    "uuid": "id",
    "vm_state": "state",
    "task_state": "task",
    "power_state": "power",
    "availability_zone": "zone",
    "auto_disk_config": "disk_config",
    "image_ref": "image_id",
    "instance_type_id": "flavor_id",
    "root_device_name": "root_device",
}
"""Sort keys of the API that the query calls otherwise."""


def read(req: Request, all_projects_rule: str) -> ServerQuery | None:
    """What is asked for; None when nothing can match. Raises Invalid or Forbidden."""
    given = _allowed(req)
    for name in given:
        if name in NESTED or name.startswith("_"):
            raise errors.Invalid(f"Invalid filter field: {name}.")
    statuses = _statuses(req, given)
    if statuses == ():
        return None
    equal = {word: parse(given[name]) for name, (word, parse) in EQUAL.items() if name in given}
    _restrict_to_owner(req, all_projects_rule, given, equal)
    page = paging(req)
    if page.marker is not None and not ids.is_id(page.marker):
        raise errors.Invalid(f"marker [{page.marker}] not found")
    match = {word: given[name][-1] for name, word in MATCH.items() if name in given}
    return ServerQuery(
        equal=equal,
        match=match,
        statuses=statuses,
        ids=_texts(given["uuid"]) if "uuid" in given else None,
        address_v4=_last(given, "ip"),
        address_v6=_last(given, "ip6"),
        sort=_sort(req),
        marker=page.marker,
        limit=page.limit,
        **_life(req, given, statuses),
        **_tags(given),
    )


def _allowed(req: Request) -> dict[str, list[str]]:
    if may(req, rules.ALL_FILTERS):
        return dict(req.query)
    known = {name for since, names in OPEN_FILTERS if at_least(req, since) for name in names}
    return {name: values for name, values in req.query.items() if name in known}


def _statuses(req: Request, given: dict[str, list[str]]) -> tuple[str, ...] | None:
    """Known statuses that are asked for; an empty tuple when none of them is known."""
    if "status" not in req.query:
        return None
    wanted = [text.upper() for text in req.query["status"]]
    known = tuple(text for text in wanted if states.states_of(text))
    if not known and at_least(req, "2.38"):
        raise errors.Invalid("Invalid status value")
    if "DELETED" in known and not req.context.is_admin:
        raise errors.Forbidden("Only administrators may list deleted instances")
    given.pop("vm_state", None)
    return known


def _restrict_to_owner(
    req: Request, rule: str, given: dict[str, list[str]], equal: dict[str, Values]
) -> None:
    if _all_projects(given):
        enforce(req, rule)
        return
    equal["project_id"] = (req.context.project_id,)


def _all_projects(given: dict[str, list[str]]) -> bool:
    """all_tenants without a value means yes."""
    text = _last(given, "all_tenants")
    if text is None:
        return False
    if text in TRUE or text == "":
        return True
    if text in FALSE:
        return False
    raise errors.Invalid(f"Invalid value for all_tenants: {text}")


def _life(
    req: Request, given: dict[str, list[str]], statuses: tuple[str, ...] | None
) -> dict[str, Any]:
    since, before = _time(given, "changes-since"), _time(given, "changes-before")
    if since and before and before < since:
        raise errors.Invalid(
            "The value of changes-since must be less than or equal to changes-before."
        )
    deleted: bool | None = None if since or before else False
    if "deleted" in given:
        deleted = _last(given, "deleted") in TRUE
    if statuses and "DELETED" in statuses and req.context.is_admin:
        deleted = True
    soft = _last(given, "soft_deleted") in TRUE or "SOFT_DELETED" in (statuses or ())
    return {
        "changed_since": since,
        "changed_before": before,
        "deleted": deleted,
        "soft_deleted": soft,
    }


def _tags(given: dict[str, list[str]]) -> dict[str, Any]:
    return {
        name.replace("-", "_"): tuple(given[name][-1].split(","))
        for name in TAG_FILTERS
        if name in given
    }


def _sort(req: Request) -> tuple[Sort, ...]:
    """The keys asked for, then creation and id; directions not given are those of the first."""
    keys = req.query.get("sort_key", [])
    directions = req.query.get("sort_dir", [])
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise errors.Invalid("Unknown sort direction, must be one of: asc, desc")
    if len(directions) > max(len(keys), 2):
        raise errors.Invalid("Sort direction size exceeds sort key size")
    usual = directions[0] if directions else "desc"
    pairs = [
        (key, directions[place] if place < len(directions) else usual)
        for place, key in enumerate(keys)
        if key not in IGNORED_SORT_KEYS or (key == "locked" and at_least(req, "2.73"))
    ]
    if not req.context.is_admin and any(key in ("host", "node") for key, _ in pairs):
        raise errors.Forbidden("Only administrators can sort servers by host or node")
    sort = [Sort(SORT_KEYS.get(key, key), direction == "desc") for key, direction in pairs]
    missing = [last.key for last in NEWEST_FIRST if last.key not in {one.key for one in sort}]
    return (*sort, *(Sort(key, usual == "desc") for key in missing))


def _time(given: dict[str, list[str]], name: str) -> Any:
    text = _last(given, name)
    return parse_time(text) if text else None


def _last(given: dict[str, list[str]], name: str) -> str | None:
    return given[name][-1] if name in given else None
