# SPDX-License-Identifier: Apache-2.0
"""The attributes of an image: their types, who may set them and when; the wire schema is made of this."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.common import ids
from nova_appliance.common.errors import Forbidden, Invalid
from nova_appliance.embedded.tokens import Caller
from nova_appliance.embedded.web import TooLarge

DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
VISIBILITIES = ("community", "public", "private", "shared")
MOST_TAGS = 128
MOST_PROPERTIES = 128
LONGEST_VALUE = 16384
BIGGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Field:
    """One attribute: its JSON type, limits, and whether clients may set it (`queued`: only then)."""

    kind: str
    about: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    longest: int = 255
    read_only: bool = False
    queued: bool = False


def _told(kind: str, about: str, *, nullable: bool = False) -> Field:
    return Field(kind, about, nullable=nullable, read_only=True)


FIELDS: dict[str, Field] = {
    "id": Field("string", "An identifier for the image", read_only=True),
    "name": Field("string", "Descriptive name for the image", nullable=True),
    "status": _told("string", "Status of the image"),
    "visibility": Field("string", "Who can see the image", choices=VISIBILITIES),
    "protected": Field("boolean", "If true, the image cannot be deleted"),
    "os_hidden": Field("boolean", "If true, the image is not in the default list"),
    "owner": Field("string", "The project that owns the image", nullable=True),
    "disk_format": Field(
        "string", "Format of the disk", nullable=True, choices=DISK_FORMATS, queued=True
    ),
    "container_format": Field(
        "string", "Format of the container", nullable=True, choices=CONTAINER_FORMATS, queued=True
    ),
    "min_disk": Field("integer", "Disk space in GB needed to boot the image"),
    "min_ram": Field("integer", "Memory in MB needed to boot the image"),
    "tags": Field("array", "Words that describe the image"),
    "size": _told("integer", "Size of the image file in bytes", nullable=True),
    "virtual_size": _told("integer", "Size of the disk in bytes", nullable=True),
    "checksum": _told("string", "MD5 of the image file", nullable=True),
    "os_hash_algo": _told("string", "Algorithm of os_hash_value", nullable=True),
    "os_hash_value": _told("string", "Hash of the image file", nullable=True),
    "created_at": _told("string", "When the image was made"),
    "updated_at": _told("string", "When the image was changed"),
    "self": _told("string", "Path of the image"),
    "file": _told("string", "Path of the image file"),
    "schema": _told("string", "Path of this schema"),
    "direct_url": _told("string", "Not told by this service"),
    "locations": _told("array", "Not told by this service"),
    "stores": _told("string", "Not told by this service"),
}


def check(name: str, value: Any, caller: Caller) -> Any:
    """The value of an attribute if this caller may give it, else Invalid or Forbidden."""
    field = FIELDS.get(name)
    if field is None:
        return _check_property(name, value)
    if field.read_only:
        raise Forbidden(f"Attribute '{name}' is read-only.")
    if value is None and field.nullable:
        return None
    TYPE_CHECKS[field.kind](name, value)
    if field.choices and value not in field.choices:
        raise Invalid(f"'{name}' must be one of {', '.join(field.choices)}.")
    if (name, value) == ("visibility", "public") and not caller.is_admin:
        raise Forbidden("You are not authorized to complete publicize_image action.")
    if name == "owner" and value != caller.project_id and not caller.is_admin:
        raise Forbidden("Only administrators may give an image to another project.")
    return list(dict.fromkeys(value)) if name == "tags" else value


def check_id(value: Any) -> str:
    """An id that a client chose for a new image."""
    if not ids.is_id(value):
        raise Invalid("'id' must be a UUID.")
    bare = str(value).lower().replace("-", "")
    return "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))


def check_tag(tag: Any) -> str:
    """One tag."""
    if not isinstance(tag, str) or not 0 < len(tag) <= 255:
        raise Invalid("A tag must be text of 1 to 255 characters.")
    return tag


def require_room(tags: list[str], properties: dict[str, str]) -> None:
    """Bound how much an image may carry."""
    if len(tags) > MOST_TAGS or len(properties) > MOST_PROPERTIES:
        raise TooLarge(
            f"An image may have {MOST_TAGS} tags and {MOST_PROPERTIES} properties at most."
        )


def schema() -> dict[str, Any]:
    """The JSON schema of an image, as /v2/schemas/image tells it."""
    return {
        "name": "image",
        "properties": {name: _field_schema(field) for name, field in FIELDS.items()},
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


def _field_schema(field: Field) -> dict[str, Any]:
    seen: dict[str, Any] = {"description": field.about}
    seen["type"] = ["null", field.kind] if field.nullable else field.kind
    if field.choices:
        seen["enum"] = [None, *field.choices] if field.nullable else list(field.choices)
    if field.read_only:
        seen["readOnly"] = True
    if field.kind == "string" and not field.choices:
        seen["maxLength"] = field.longest
    if field.kind == "array":
        seen["items"] = {"type": "string", "maxLength": 255}
    return seen


def _check_property(name: str, value: Any) -> str:
    if name.startswith("os_glance"):
        raise Forbidden(f"Attribute '{name}' is reserved.")
    if not 0 < len(name) <= 255:
        raise Invalid("The name of a property must have 1 to 255 characters.")
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise Invalid(f"Property '{name}' must be text of at most {LONGEST_VALUE} characters.")
    return value


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > FIELDS[name].longest:
        raise Invalid(f"'{name}' must be text of at most {FIELDS[name].longest} characters.")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= BIGGEST:
        raise Invalid(f"'{name}' must be a whole number from 0 to {BIGGEST}.")


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise Invalid(f"'{name}' must be true or false.")


def _check_tags(name: str, value: Any) -> None:
    if not isinstance(value, list):
        raise Invalid(f"'{name}' must be a list.")
    for tag in value:
        check_tag(tag)


TYPE_CHECKS = {
    "string": _check_text,
    "integer": _check_count,
    "boolean": _check_flag,
    "array": _check_tags,
}
