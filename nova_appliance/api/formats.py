# SPDX-License-Identifier: Apache-2.0
"""Formats that JSON schemas of the Compute API name: uuid, name, base64, date-time, ..."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import unicodedata
import urllib.parse
from collections.abc import Callable

import jsonschema

from nova_appliance.common import clock, errors, ids

CHECKER = jsonschema.FormatChecker(formats=())
"""Holds exactly the formats below."""

Check = Callable[[str], object]
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)


def is_printable(character: str) -> bool:
    """Letters, marks, digits, signs and the horizontal space."""
    kind = unicodedata.category(character)
    return kind == "Zs" or kind[0] not in "CZ"


def _name(text: str) -> bool:
    if text != text.strip() or not text or not all(map(is_printable, text)):
        raise errors.Invalid(
            "An invalid 'name' value was provided. The name must be: printable characters. "
            "Can not start or end with whitespace."
        )
    return True


def _spaced_name(text: str) -> bool:
    if not text.strip() or not all(map(is_printable, text)):
        raise errors.Invalid(
            "An invalid 'name' value was provided. The name must be: printable characters with "
            "at least one non space character."
        )
    return True


def _keypair_name(text: str) -> bool:
    return bool(re.fullmatch(r"[_\-@. a-zA-Z0-9]+", text)) and text == text.strip()


def _zone_name(text: str) -> bool:
    if ":" in text:
        raise errors.Invalid(
            "An invalid 'name' value was provided. The name must be: printable characters "
            "except :. Can not start or end with whitespace."
        )
    return _name(text)


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _uri(text: str) -> bool:
    return bool(urllib.parse.urlsplit(text).scheme)


FORMATS: dict[str, Check] = {
    "base64": lambda text: _base64("".join(text.split())) is not None,
    "cidr": lambda text: "/" in text and ipaddress.ip_network(text, strict=False),
    "date-time": clock.parse_time,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "mac": _MAC.fullmatch,
    "name": _name,
    "name_with_leading_trailing_spaces": _spaced_name,
    "keypair_name": _keypair_name,
    "az_name": _zone_name,
    "az_spaced_name": lambda text: ":" not in text and _spaced_name(text),
    "printable": lambda text: all(map(is_printable, text)),
    "regex": re.compile,
    "uri": _uri,
    "uuid": ids.is_id,
}


def _checker(check: Check) -> Callable[[object], bool]:
    """JSON schema checks formats of texts only; other types pass."""
    return lambda value: not isinstance(value, str) or bool(check(value))


for _format, _check in FORMATS.items():
    CHECKER.checks(_format, (ValueError, re.error, binascii.Error, errors.Invalid))(
        _checker(_check)
    )
