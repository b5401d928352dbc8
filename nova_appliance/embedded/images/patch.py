# SPDX-License-Identifier: Apache-2.0
"""The JSON patch of the Images API: add, replace and remove of whole attributes, and of single tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.common.errors import Conflict, Forbidden, Invalid
from nova_appliance.embedded.images import fields
from nova_appliance.embedded.tokens import Caller

VERBS = ("add", "replace", "remove")


def apply(seen: Mapping[str, Any], operations: Any, caller: Caller) -> dict[str, Any]:
    """The image after a patch; raises Invalid, Forbidden or Conflict and changes nothing itself."""
    if not isinstance(operations, list):
        raise Invalid("The body must be a list of operations.")
    image = dict(seen) | {"tags": list(seen["tags"])}
    for operation in operations:
        verb, path, value = _read(operation)
        if len(path) == 2 and path[0] == "tags":
            image["tags"] = _patched_tags(image["tags"], verb, path[1], value)
        elif len(path) == 1:
            _patch_attribute(image, verb, path[0], value, caller)
        else:
            raise Invalid(f"Invalid JSON pointer for this resource: '/{'/'.join(path)}'.")
    return image


def _read(operation: Any) -> tuple[str, list[str], Any]:
    if not isinstance(operation, dict) or operation.get("op") not in VERBS:
        raise Invalid(f"Each operation must be an object whose 'op' is one of {', '.join(VERBS)}.")
    path = operation.get("path")
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise Invalid("The 'path' of each operation must be text such as '/name'.")
    verb = str(operation["op"])
    if verb != "remove" and "value" not in operation:
        raise Invalid(f"The operation {verb} needs a 'value'.")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    return verb, parts, operation.get("value")


def _patch_attribute(
    image: dict[str, Any], verb: str, name: str, value: Any, caller: Caller
) -> None:
    field = fields.FIELDS.get(name)
    if field is not None and (field.read_only or verb == "remove"):
        what = "is read-only" if field.read_only else "may not be removed"
        raise Forbidden(f"Attribute '{name}' {what}.")
    if verb != "add" and name not in image:
        raise Conflict(f"Property {name} does not exist.")
    if verb == "remove":
        del image[name]
        return
    value = fields.check(name, value, caller)
    if field is not None and field.queued and image["status"] != "queued" and value != image[name]:
        raise Forbidden(f"Attribute {name} can be only replaced for a queued image.")
    image[name] = value


def _patched_tags(tags: list[str], verb: str, place: str, value: Any) -> list[str]:
    if verb != "remove":
        fields.check_tag(value)
    last = len(tags) if verb == "add" else len(tags) - 1
    number = last if place == "-" and verb == "add" else _number(place)
    if number > last:
        raise Conflict(f"There is no tag at place {place}.")
    kept = list(tags)
    if verb == "add":
        kept.insert(number, value)
    elif verb == "replace":
        kept[number] = value
    else:
        del kept[number]
    return list(dict.fromkeys(kept))


def _number(place: str) -> int:
    if not place.isdecimal():
        raise Invalid("The place of a tag must be a number.")
    return int(place[:9])
