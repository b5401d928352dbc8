# SPDX-License-Identifier: Apache-2.0
"""Scheduler hints: a value may be one text or a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def words(hints: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of a hint; none when it is not given."""
    value = hints.get(name)
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)
