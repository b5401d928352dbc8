# SPDX-License-Identifier: Apache-2.0
"""GET /v2/images: filters, order and pages over the images that a caller may see."""

from __future__ import annotations

import csv
import json
import operator
import urllib.parse
from collections.abc import Callable
from typing import Any

from nova_appliance.common.errors import Invalid
from nova_appliance.embedded.images.members import STATUSES
from nova_appliance.embedded.images.service import view
from nova_appliance.embedded.store import Row

DEFAULT_PAGE, LONGEST_PAGE = 25, 1000
SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
)
PAGING = ("limit", "marker", "sort", "sort_key", "sort_dir", "member_status")
FLAGS = {"true": True, "1": True, "false": False, "0": False}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}
Test = Callable[[dict[str, Any]], bool]


def index(req: Any) -> dict[str, Any]:
    """One page of images, newest first unless asked otherwise."""
    query = req.GET.mixed()
    order = _order(query)
    limit = _limit(query)
    tests = [_test(name, value) for name, value in query.items() if name not in PAGING]
    rows = [view(row) for row in _visible(req)]
    if "os_hidden" not in query:
        rows = [row for row in rows if not row["os_hidden"]]
    rows = [row for row in rows if all(test(row) for test in tests)]
    for key, down in reversed(order):
        rows.sort(key=lambda row: _sortable(row[key]), reverse=down)
    start = _after_marker(rows, query.get("marker"))
    page = rows[start : start + limit]
    answer = {"images": page, "first": _path(req, None), "schema": "/v2/schemas/images"}
    if page and start + limit < len(rows):
        answer["next"] = _path(req, page[-1]["id"])
    return answer


def _visible(req: Any) -> list[Row]:
    """Community images are only listed when asked for, or for their owner."""
    if req.caller.is_admin:
        return list(req.service.store.all("SELECT * FROM images"))
    shared = "community" if req.GET.get("visibility") == "community" else "public"
    sql = """SELECT * FROM images WHERE visibility IN ('public', ?) OR owner = ?
        OR (visibility = 'shared' AND EXISTS (SELECT 1 FROM members
            WHERE image_id = images.id AND member = ? AND instr(?, members.status)))"""
    project, statuses = req.caller.project_id or "", " ".join(_member_statuses(req))
    return list(req.service.store.all(sql, shared, project, project, statuses))


def _member_statuses(req: Any) -> tuple[str, ...]:
    """Images of others are listed for their members when these have accepted them, or as asked."""
    asked = req.GET.get("member_status", "accepted")
    if asked == "all":
        return STATUSES
    if asked not in STATUSES:
        raise Invalid(f"'member_status' must be all or one of {', '.join(STATUSES)}.")
    return (asked,)


def _test(name: str, value: Any) -> Test:
    if name == "tag":
        wanted = set(value if isinstance(value, list) else [value])
        return lambda row: wanted <= set(row["tags"])
    text = value[-1] if isinstance(value, list) else value
    if name in {"protected", "os_hidden"}:
        return _flag_test(name, text)
    if name in {"size_min", "size_max"}:
        return _size_test(name, text)
    if name in {"created_at", "updated_at"}:
        return _time_test(name, text)
    if name == "visibility" and text == "all":
        return lambda _row: True
    wanted = _words(text[3:]) if text.startswith("in:") else {text}
    return lambda row: name in row and str(row[name]) in wanted


def _flag_test(name: str, text: str) -> Test:
    if text.lower() not in FLAGS:
        raise Invalid(f"'{name}' must be true or false.")
    wanted = FLAGS[text.lower()]
    return lambda row: row[name] is wanted


def _size_test(name: str, text: str) -> Test:
    if not text.isdecimal():
        raise Invalid(f"'{name}' must be a whole number.")
    compare = COMPARE["gte" if name == "size_min" else "lte"]
    return lambda row: row["size"] is not None and compare(row["size"], int(text))


def _time_test(name: str, text: str) -> Test:
    word, colon, moment = text.partition(":")
    compare = COMPARE.get(word) if colon else None
    if compare is None:
        compare, moment = operator.eq, text
    wanted = moment.removesuffix("Z").partition(".")[0] + "Z"
    return lambda row: compare(row[name], wanted)


def _words(text: str) -> set[str]:
    return set(next(csv.reader([text], skipinitialspace=True), []))


def _order(query: dict[str, Any]) -> list[tuple[str, bool]]:
    """(key, whether downwards) from either style of asking; the newest first by default."""
    if "sort" in query:
        if "sort_key" in query or "sort_dir" in query:
            raise Invalid("'sort' cannot be used together with 'sort_key' and 'sort_dir'.")
        words = [word.partition(":") for word in str(query["sort"]).split(",")]
        pairs = [(key.strip(), direction or "desc") for key, _colon, direction in words]
    else:
        keys = _list(query.get("sort_key", "created_at"))
        ways = _list(query.get("sort_dir", "desc"))
        pairs = list(
            zip(keys, ways if len(ways) == len(keys) else ways[:1] * len(keys), strict=True)
        )
    for key, way in pairs:
        if key not in SORT_KEYS:
            raise Invalid(f"Images are not sorted by '{key}', but by {', '.join(SORT_KEYS)}.")
        if way not in {"asc", "desc"}:
            raise Invalid("The direction of sorting must be asc or desc.")
    pairs += [(key, "desc") for key in ("created_at", "id") if key not in dict(pairs)]
    return [(key, way == "desc") for key, way in pairs]


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _limit(query: dict[str, Any]) -> int:
    text = str(query.get("limit", DEFAULT_PAGE))
    if not text.isdecimal():
        raise Invalid("'limit' must be a whole number, not less than 0.")
    return min(int(text[:9]), LONGEST_PAGE)


def _after_marker(rows: list[dict[str, Any]], marker: Any) -> int:
    if marker is None:
        return 0
    for number, row in enumerate(rows):
        if row["id"] == marker:
            return number + 1
    raise Invalid(f"The marker {json.dumps(marker)} is not among these images.")


def _path(req: Any, marker: str | None) -> str:
    query = [(name, value) for name, value in req.GET.items() if name != "marker"]
    if marker is not None:
        query.append(("marker", marker))
    return "/v2/images" + (f"?{urllib.parse.urlencode(query)}" if query else "")


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
