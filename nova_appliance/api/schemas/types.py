# SPDX-License-Identifier: Apache-2.0
"""Types that many schemas use; each says what Nova accepts there."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.versioned import Schema

TRUE = (True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t")
FALSE = (False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f")

ANY: Schema = {}
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
TEXT_255: Schema = {"type": "string", "minLength": 0, "maxLength": 255}
DESCRIPTION: Schema = {
    "type": ["string", "null"],
    "minLength": 0,
    "maxLength": 255,
    "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$",
}
_IN_BODIES = [word for word in (*TRUE, *FALSE) if word not in {"y", "t", "n", "f"}]
BOOLEAN: Schema = {"type": ["boolean", "string"], "enum": _IN_BODIES}
UUID: Schema = {"type": "string", "format": "uuid"}
UUID_OR_NULL: Schema = {"type": ["string", "null"], "format": "uuid"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "format": "name"}
SPACED_NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "format": "name_with_leading_trailing_spaces",
}
HOSTNAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^[a-zA-Z0-9-._]*$",
}
NOT_NEGATIVE: Schema = {
    "type": ["integer", "string"],
    "pattern": "^[0-9]*$",
    "minimum": 0,
    "minLength": 1,
    "maxLength": 255,
}
POSITIVE: Schema = {**NOT_NEGATIVE, "minimum": 1}
IPV4: Schema = {"type": "string", "format": "ipv4"}
IPV6: Schema = {"type": "string", "format": "ipv6"}
METADATA: Schema = {
    "type": "object",
    "patternProperties": {"^[a-zA-Z0-9-_:. ]{1,255}$": {"type": "string", "maxLength": 255}},
    "additionalProperties": False,
}
KEYPAIR_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}


def shape(properties: Schema, *required: str, extra: bool = False) -> Schema:
    """An object with these properties; unknown ones are refused unless `extra`."""
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": extra}
    if required:
        made["required"] = list(required)
    return made


def wrapped(key: str, inner: Schema) -> Schema:
    """`{key: inner}` and nothing else."""
    return shape({key: inner}, key)


def list_of(items: Schema, **limits: Any) -> Schema:
    """A list; limits are minItems, maxItems, uniqueItems."""
    return {"type": "array", "items": items, **limits}


def query(*, extra: bool = True, **values: Schema) -> Schema:
    """A query: every key may come many times."""
    return shape({key: list_of(value) for key, value in values.items()}, extra=extra)


def single(value: Schema) -> Schema:
    """For query keys that may come only once."""
    return list_of(value, maxItems=1)


def is_true(value: object) -> bool:
    """Whether a BOOLEAN of a body or query means yes."""
    return value in TRUE
