# SPDX-License-Identifier: Apache-2.0
"""What the value of an attribute may be: each check returns the value as kept, or raises Invalid."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from nova_appliance.common import errors, ids

Check = Callable[[Any], Any]
_MAC = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")
_HOST_NAME = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?)*$")
_BOOLEANS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}


def text(limit: int = 255) -> Check:
    """A string of at most `limit` characters."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise errors.Invalid(f"'{value}' is not a valid string.")
        if len(value) > limit:
            raise errors.Invalid(f"'{value[:32]}...' exceeds maximum length of {limit}.")
        if "\x00" in value:
            raise errors.Invalid("a null character is not allowed.")
        return value

    return check


def boolean(value: Any) -> bool:
    """True or false, also as a string."""
    asked = value.lower() if isinstance(value, str) else value
    if isinstance(asked, bool | int | str) and asked in _BOOLEANS:
        return _BOOLEANS[asked]
    raise errors.Invalid(f"'{value}' cannot be converted to boolean.")


def one_of(*choices: Any) -> Check:
    """One of these values."""

    def check(value: Any) -> Any:
        if value not in choices:
            raise errors.Invalid(f"'{value}' is not in {list(choices)}.")
        return value

    return check


def integer(least: int, most: int) -> Check:
    """A whole number in this range, also as a string."""

    def check(value: Any) -> int:
        try:
            number = int(value) if not isinstance(value, bool | float) else None
        except (TypeError, ValueError):
            number = None
        if number is None:
            raise errors.Invalid(f"'{value}' is not an integer.")
        if not least <= number <= most:
            raise errors.Invalid(f"'{value}' is not between {least} and {most}.")
        return number

    return check


def uuid(value: Any) -> str:
    """A UUID in its usual spelling."""
    if not (isinstance(value, str) and len(value) == 36 and ids.is_id(value)):
        raise errors.Invalid(f"'{value}' is not a valid UUID.")
    return value.lower()


def ip(value: Any) -> str:
    """An IPv4 or IPv6 address."""
    try:
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
    except ValueError as error:
        raise errors.Invalid(f"'{value}' is not a valid IP address.") from error


def cidr(value: Any) -> str:
    """A subnet like 10.0.0.0/24; bits beyond the prefix are dropped."""
    try:
        return str(ipaddress.ip_network(value if isinstance(value, str) else "", strict=False))
    except ValueError as error:
        raise errors.Invalid(f"'{value}' is not a valid IP subnet.") from error


def mac(value: Any) -> str:
    """A unicast MAC address."""
    told = value.lower().replace("-", ":") if isinstance(value, str) else ""
    if not _MAC.match(told) or int(told[:2], 16) & 1 or told == "00:00:00:00:00:00":
        raise errors.Invalid(f"'{value}' is not a valid MAC address.")
    return told


def host_name(value: Any) -> str:
    """A DNS name, or nothing."""
    told = text()(value)
    if not _HOST_NAME.match(told):
        raise errors.Invalid(f"'{value}' is not a valid DNS name.")
    return str(told)


def nullable(check: Check) -> Check:
    """The same check, and null."""
    return lambda value: None if value is None else check(value)


def list_of(check: Check, most: int = 200) -> Check:
    """A list of these without doubles; null is an empty list."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list | None):
            raise errors.Invalid(f"'{value}' is not a list.")
        if len(value or []) > most:
            raise errors.Invalid(f"there are more than {most} entries.")
        kept: list[Any] = []
        for entry in map(check, value or []):
            if entry in kept:
                raise errors.Invalid(f"duplicate entry '{entry}'.")
            kept.append(entry)
        return kept

    return check_all


def record(keys: dict[str, Check], needed: tuple[str, ...] = ()) -> Check:
    """An object with these keys only."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise errors.Invalid(f"'{value}' is not a dictionary.")
        if unknown := sorted(set(value) - set(keys)):
            raise errors.Invalid(f"unexpected keys supplied: {', '.join(unknown)}.")
        if missing := [key for key in needed if value.get(key) is None]:
            raise errors.Invalid(f"expected keys not found: {', '.join(missing)}.")
        return {key: keys[key](inner) for key, inner in value.items() if inner is not None}

    return check


def anything(value: Any) -> dict[str, Any]:
    """An object that belongs to the caller; null is an empty one."""
    if not isinstance(value, dict | None):
        raise errors.Invalid(f"'{value}' is not a dictionary.")
    return value or {}
