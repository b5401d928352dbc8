# SPDX-License-Identifier: Apache-2.0
"""Lists of volumes, snapshots and attachments: filters, order, pages and links."""

from __future__ import annotations

import ast
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.volumes import types, views
from nova_appliance.embedded.volumes.service import is_target

LONGEST_PAGE = 1000
SORT_KEYS = (
    "created_at", "updated_at", "id", "name", "status", "size", "host", "display_name",
    "availability_zone", "bootable", "project_id",
)  # fmt: skip
TRUE = ("true", "1", "t", "yes", "on", "y")
Test = Callable[[Row], bool]
Draw = Callable[[Any, list[Row]], list[dict[str, Any]]]


def volumes(req: Any) -> dict[str, Any]:
    """GET /volumes."""
    return _list(req, "volumes", lambda r, rows: [views.summary(r, "volumes", one) for one in rows])


def volumes_detail(req: Any) -> dict[str, Any]:
    """GET /volumes/detail."""
    return _list(req, "volumes", views.volumes)


def snapshots(req: Any) -> dict[str, Any]:
    """GET /snapshots, which Cinder shows whole too."""
    return _list(req, "snapshots", lambda r, rows: [views.snapshot(r, one) for one in rows])


def attachments(req: Any) -> dict[str, Any]:
    """GET /attachments."""
    return _list(req, "attachments", lambda _, rows: [views.attachment_summary(r) for r in rows])


def summary(req: Any) -> dict[str, Any]:
    """GET /volumes/summary."""
    rows = _visible(req, "volumes")
    sizes = sum(row["size"] for row in rows)
    return {"volume-summary": {"total_count": len(rows), "total_size": sizes}}


def _list(req: Any, table: str, draw: Draw) -> dict[str, Any]:
    rows, more, count = page(req, table)
    answer: dict[str, Any] = {table: draw(req, rows)}
    if more:
        link = {"rel": "next", "href": _next(req, rows[-1]["id"])}
        answer[f"{table.removesuffix('s')}s_links"] = [link]
    if req.version >= (3, 45) and req.GET.get("with_count", "").lower() in TRUE:
        answer["count"] = count
    return answer


def page(req: Any, table: str) -> tuple[list[Row], bool, int]:
    """The rows that the query asks for, whether there are more, and how many in all."""
    query = dict(req.GET)
    limit, offset = _number(query, "limit", LONGEST_PAGE), _number(query, "offset", 0)
    order = _order(query)
    rows = [row for row in _visible(req, table) if all(t(row) for t in _tests(query, table))]
    for key, down in reversed(order):
        column = {"display_name": "name", "host": "id"}.get(key, key)
        rows.sort(key=_reader(column), reverse=down)
    count = len(rows)
    rows = rows[_after(rows, query.get("marker")) + offset :]
    return rows[:limit], bool(limit) and len(rows) > limit, count


def _visible(req: Any, table: str) -> list[Row]:
    """Administrators see all projects when they ask for it."""
    every = req.caller.is_admin and req.GET.get("all_tenants", "").lower() in TRUE
    if every:
        rows = req.service.store.all(f"SELECT * FROM {table}")  # noqa: S608 - names are ours
        wanted = req.GET.get("project_id")
        return [row for row in rows if wanted in (None, "", row["project_id"])]
    sql = f"SELECT * FROM {table} WHERE project_id = ?"  # noqa: S608 - names are ours
    rows = list(req.service.store.all(sql, req.caller.project_id or ""))
    if table != "volumes" or req.caller.is_admin:
        return rows
    return [row for row in rows if not is_target(row)]


def _tests(query: dict[str, str], table: str) -> list[Test]:
    return [
        _FILTERS[name](value)
        for name, value in query.items()
        if name in _FILTERS and value and (table != "attachments" or name in _OF_ATTACHMENTS)
    ]


def _equal(column: str) -> Callable[[str], Test]:
    return lambda value: lambda row: str(row.get(column)) == value


def _like(column: str) -> Callable[[str], Test]:
    return lambda value: lambda row: value in str(row.get(column) or "")


def _bootable(value: str) -> Test:
    wanted = value.lower() in TRUE
    return lambda row: bool(row.get("bootable")) is wanted


def _type(value: str) -> Test:
    def test(row: Row) -> bool:
        return value in types.named(row.get("volume_type")).values()

    return test


def _metadata(value: str) -> Test:
    """`{"a": "b"}` as JSON or, as old clients write it, as Python."""
    try:
        wanted = json.loads(value)
    except ValueError:
        try:
            wanted = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
            raise errors.Invalid("The filter metadata must be an object.") from error
    if not isinstance(wanted, dict):
        raise errors.Invalid("The filter metadata must be an object.")
    return lambda row: wanted.items() <= json.loads(row.get("metadata") or "{}").items()


_OF_ATTACHMENTS = ("id", "status", "volume_id", "instance_id", "attach_status")
_FILTERS: dict[str, Callable[[str], Test]] = {
    "id": _equal("id"),
    "name": _equal("name"),
    "display_name": _equal("name"),
    "name~": _like("name"),
    "status": _equal("status"),
    "attach_status": _equal("status"),
    "size": _equal("size"),
    "bootable": _bootable,
    "volume_type": _type,
    "volume_type_id": _type,
    "metadata": _metadata,
    "volume_id": _equal("volume_id"),
    "instance_id": _equal("server_id"),
    "snapshot_id": _equal("snapshot_id"),
    "source_volid": _equal("source_volid"),
    "availability_zone": _equal("availability_zone"),
    "user_id": _equal("user_id"),
}


def _order(query: dict[str, str]) -> list[tuple[str, bool]]:
    if "sort" in query:
        words = [word.partition(":") for word in query["sort"].split(",")]
        pairs = [(key.strip(), way or "desc") for key, _colon, way in words]
    else:
        pairs = [(query.get("sort_key", "created_at"), query.get("sort_dir", "desc"))]
    for key, way in pairs:
        if key not in SORT_KEYS:
            raise errors.Invalid(f"Invalid input received: Invalid sort key {key}.")
        if way not in {"asc", "desc"}:
            raise errors.Invalid(f"Invalid input received: Unknown sort direction {way}.")
    return [(key, way == "desc") for key, way in [*pairs, ("id", "desc")]]


def _number(query: dict[str, str], name: str, default: int) -> int:
    word = query.get(name, str(default))
    if not word.isdecimal() or len(word) > 9:
        raise errors.Invalid(f"{name} must be a whole number, not less than 0.")
    return min(int(word), LONGEST_PAGE) if name == "limit" else int(word)


def _after(rows: list[Row], marker: str | None) -> int:
    if marker is None:
        return 0
    for number, row in enumerate(rows):
        if row["id"] == marker:
            return number + 1
    raise errors.Invalid(f"marker [{marker}] not found")


def _next(req: Any, marker: str) -> str:
    query = [(name, value) for name, value in req.GET.items() if name != "marker"]
    words = urllib.parse.urlencode([*query, ("marker", marker)])
    return f"{req.host_url}{urllib.parse.quote(req.path)}?{words}"


def _reader(column: str) -> Callable[[Row], tuple[bool, Any]]:
    """A sort key: nulls first."""
    return lambda row: ((value := row.get(column)) is not None, 0 if value is None else value)
