# SPDX-License-Identifier: Apache-2.0
"""Checks of single values in request bodies: each returns the value or raises Invalid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nova_appliance.common.errors import Invalid

Check = Callable[[str, Any], Any]
INTERFACES = ("public", "internal", "admin")


def text(longest: int, *, shortest: int = 0, nullable: bool = False) -> Check:
    """A check for text of bounded length; with `nullable` null is kept as null."""

    def check(name: str, value: Any) -> Any:
        if value is None and nullable:
            return None
        if not isinstance(value, str) or not shortest <= len(value.strip()) <= longest:
            raise Invalid(f"'{name}' must be text of {shortest} to {longest} characters.")
        return value

    return check


def flag(name: str, value: Any) -> bool:
    """True or false, nothing that only looks like it."""
    if not isinstance(value, bool):
        raise Invalid(f"'{name}' must be true or false.")
    return value


def url(name: str, value: Any) -> str:
    """An HTTP URL."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise Invalid(f"'{name}' must be an http or https URL.")
    if len(value) > 2000:
        raise Invalid(f"'{name}' must have at most 2000 characters.")
    return value


def interface(name: str, value: Any) -> str:
    """The kind of an endpoint."""
    if value not in INTERFACES:
        raise Invalid(f"'{name}' must be one of {', '.join(INTERFACES)}.")
    return str(value)


def description(name: str, value: Any) -> str:
    """Text that may be long; null is the same as none."""
    return "" if value is None else str(text(4096)(name, value))


NAME = text(255, shortest=1)
PROJECT_NAME = text(64, shortest=1)
ID = text(64, shortest=1)
ID_OR_NULL = text(64, shortest=1, nullable=True)
PASSWORD = text(128, shortest=1, nullable=True)
