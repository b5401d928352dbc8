# SPDX-License-Identifier: Apache-2.0
"""Hypervisor versions as numbers and as conditions such as `>=6.0,<8`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

_CONDITION = re.compile(r"\s*(>=|<=|==|!=|>|<|=)?\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?\s*")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
}


def fits(version: int, conditions: str) -> bool:
    """Whether a version (1000000 * major + 1000 * minor + release) meets all the conditions."""
    return all(_fits(version, condition) for condition in conditions.split(","))


def _fits(version: int, condition: str) -> bool:
    found = _CONDITION.fullmatch(condition)
    if not found:
        return False
    sign, *numbers = found.groups()
    major, minor, release = (int(number or 0) for number in numbers)
    return _COMPARE[sign or "="](version, 1_000_000 * major + 1000 * minor + release)
