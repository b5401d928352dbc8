# SPDX-License-Identifier: Apache-2.0
"""Lists as Neutron gives them: filters by any attribute, tags, sorting, pages, chosen fields."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.networks import faults
from nova_appliance.embedded.store import marks

View = dict[str, Any]
Query = Mapping[str, list[str]]
CONTROLS = frozenset(["limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"])
TAGS: dict[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda asked, own: asked <= own,
    "tags-any": lambda asked, own: bool(asked & own),
    "not-tags": lambda asked, own: not asked <= own,
    "not-tags-any": lambda asked, own: not asked & own,
}


def choose(views: list[View], query: Query, known: frozenset[str]) -> list[View]:
    """The views that match every filter of the query; values of one key are alternatives."""
    asked = {key: values for key, values in query.items() if key not in CONTROLS}
    unknown = sorted(set(asked) - known - set(TAGS) - {"tenant_id"})
    if unknown:
        raise faults.InvalidInput(
            f"Invalid input for operation: '{unknown}' is invalid attribute for filtering."
        )
    for key, values in asked.items():
        if key in TAGS:
            wanted = {tag for value in values for tag in value.split(",")}
            views = [view for view in views if TAGS[key](wanted, set(view.get("tags", ())))]
        else:
            views = [view for view in views if _matches(view.get(key), values)]
    return views


def _matches(value: Any, asked: list[str]) -> bool:
    if isinstance(value, bool):
        return str(value).lower() in {_as_boolean(text) for text in asked}
    if value is None:
        return any(text in {"", "null", "None"} for text in asked)
    if isinstance(value, list):
        return _matches_list(value, asked)
    if isinstance(value, str):
        return value in asked or value.lower() in {text.lower() for text in asked if ":" in text}
    return str(value) in asked


def _as_boolean(text: str) -> str:
    return {"1": "true", "0": "false"}.get(text, text.lower())


def _matches_list(value: list[Any], asked: list[str]) -> bool:
    if value and isinstance(value[0], dict):
        return _matches_records(value, asked)
    return any(str(entry) in asked for entry in value)


def _matches_records(value: list[dict[str, Any]], asked: list[str]) -> bool:
    """`fixed_ips=subnet_id=X&fixed_ips=ip_address=Y`: each key that is asked for must match."""
    by_key: dict[str, set[str]] = {}
    for text in asked:
        key, _, wanted = text.partition("=")
        by_key.setdefault(key, set()).add(wanted)
    return any(
        all(_record_fits(entry, key, wanted) for key, wanted in by_key.items()) for entry in value
    )


def _record_fits(entry: dict[str, Any], key: str, wanted: set[str]) -> bool:
    if key.endswith("_substr"):
        return any(text in str(entry.get(key.removesuffix("_substr"))) for text in wanted)
    return str(entry.get(key)) in wanted


def narrow(query: Query, columns: Mapping[str, str]) -> tuple[str, list[str]]:
    """SQL that already leaves out most of what the filters would; the filters still decide."""
    conditions, values = ["1"], []
    for key, column in columns.items():
        asked = query.get(key, [])
        if asked and all(asked):
            conditions.append(f"{column} IN ({marks(asked)})")
            values += asked
    return " AND ".join(conditions), values


def sort(views: list[View], query: Query) -> list[View]:
    """The views in the order that is asked for; without one as they were made."""
    keys, ways = query.get("sort_key", []), query.get("sort_dir", [])
    if ways and len(ways) != len(keys):
        raise errors.Invalid("The number of sort_keys and sort_dirs must be same")
    for key, way in reversed(list(zip(keys, ways or ["asc"] * len(keys), strict=True))):
        if way not in {"asc", "desc"}:
            raise errors.Invalid(f"{way} is invalid value for sort_dir, use 'asc' or 'desc'")
        if any(key not in view for view in views):
            raise errors.Invalid(f"{key} is invalid attribute for sort_keys")
        views = sorted(views, key=lambda view: _rank(view[key]), reverse=way == "desc")
    return views


def _rank(value: Any) -> tuple[bool, str, Any]:
    comparable = value if isinstance(value, int | str) else str(value)
    return (value is not None, type(comparable).__name__, comparable)


def page(views: list[View], query: Query, url: str) -> tuple[list[View], list[dict[str, str]]]:
    """One page of the views, and the links to its neighbours."""
    limit = _limit(query)
    backwards = query.get("page_reverse", [""])[-1].lower() == "true"
    views = views[::-1] if backwards else views
    start = _after_marker(views, query)
    part = views[start : start + limit] if limit else views[start:]
    links = []
    if limit and start + limit < len(views):
        links.append(_link("previous" if backwards else "next", part[-1]["id"], query, url))
    return (part[::-1] if backwards else part), links


def _limit(query: Query) -> int:
    told = query.get("limit", ["0"])[-1]
    if not told.isascii() or not told.isdigit():
        raise errors.Invalid(f"Limit must be an integer 0 or greater and not '{told}'")
    return int(told[:9])


def _after_marker(views: list[View], query: Query) -> int:
    marker = query.get("marker", [""])[-1]
    if not marker:
        return 0
    for place, view in enumerate(views):
        if view["id"] == marker:
            return place + 1
    raise errors.Invalid(f"The marker '{marker}' is not in the list.")


def _link(relation: str, marker: str, query: Query, url: str) -> dict[str, str]:
    kept = [(key, value) for key, values in query.items() if key != "marker" for value in values]
    told = urllib.parse.urlencode([*kept, ("marker", marker)])
    return {"rel": relation, "href": f"{url}?{told}"}


def only(view: View, query: Query, hidden: frozenset[str]) -> View:
    """The view without what the caller must not see, cut to the `fields` that were asked for."""
    fields = {name for text in query.get("fields", []) for name in text.split(",")}
    return {
        key: value
        for key, value in view.items()
        if key not in hidden and (not fields or key in fields)
    }
