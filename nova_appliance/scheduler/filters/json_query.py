# SPDX-License-Identifier: Apache-2.0
"""JsonFilter: hint `query` is an expression in JSON over facts of the host."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.facts import facts_of
from nova_appliance.scheduler.hints import words
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts for which the query is false, or cannot be computed."""
    for text in words(scene.hints, "query"):
        try:
            true = _value(msgspec.json.decode(text), facts_of(scene, host))
        except (msgspec.DecodeError, TypeError, KeyError, RecursionError):
            return "the query cannot be computed"
        if not true:
            return "the query is false"
    return None


def _value(query: Any, facts: Mapping[str, Any]) -> Any:
    if isinstance(query, str) and query.startswith("$"):
        found: Any = facts
        for name in query[1:].split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found
    if not isinstance(query, list) or not query:
        return query
    return OPERATIONS[query[0]]([_value(part, facts) for part in query[1:]])


def _chain(compare: Callable[[Any, Any], bool]) -> Callable[[list[Any]], bool]:
    """The first operand holds against each other one; a fact that is missing makes it false."""

    def check(values: list[Any]) -> bool:
        first, *others = values
        return bool(others) and None not in values and all(compare(first, o) for o in others)

    return check


OPERATIONS: dict[str, Callable[[list[Any]], Any]] = {
    "=": _chain(operator.eq),
    "<": _chain(operator.lt),
    ">": _chain(operator.gt),
    "<=": _chain(operator.le),
    ">=": _chain(operator.ge),
    "in": lambda values: values[0] in values[1:],
    "not": lambda values: not any(values),
    "or": any,
    "and": all,
}
