# SPDX-License-Identifier: Apache-2.0
"""The volume types: disks as raw files, the same for several servers at once, and as qcow2 files."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors

DEFAULT, SHARED, SPARSE = "files", "multiattach", "qcow2"
RAW, QCOW2 = "raw", "qcow2"


def _type(type_id: str, name: str, about: str, specs: dict[str, str]) -> dict[str, Any]:
    return {
        "id": type_id,
        "name": name,
        "description": about,
        "is_public": True,
        "os-volume-type-access:is_public": True,
        "extra_specs": specs,
        "qos_specs_id": None,
    }


TYPES = (
    _type("5bd4d1a0-3f0e-4a52-8f35-4cf8d3a0a1f1", DEFAULT, "Raw files of this machine", {}),
    _type(
        "5bd4d1a0-3f0e-4a52-8f35-4cf8d3a0a1f2",
        SHARED,
        "Raw files of this machine, for several servers at once",
        {"multiattach": "<is> True"},
    ),
    _type(
        "5bd4d1a0-3f0e-4a52-8f35-4cf8d3a0a1f3",
        SPARSE,
        "qcow2 files of this machine: as large as what was written",
        {},
    ),
)
_FORMATS = {SPARSE: QCOW2}


def named(word: str | None) -> dict[str, Any]:
    """The type of this name or id, the default one for none; raises NotFound."""
    if word in (None, "", "__DEFAULT__", "default"):
        return TYPES[0]
    for one in TYPES:
        if word in (one["id"], one["name"]):
            return one
    raise errors.NotFound(f"Volume type {word} could not be found.")


def format_of(word: str) -> str:
    """The format of the files of a type's volumes."""
    return _FORMATS.get(named(word)["name"], RAW)


def index(_req: Any) -> dict[str, Any]:
    """GET /types."""
    return {"volume_types": list(TYPES)}


def show(_req: Any, type_id: str) -> dict[str, Any]:
    """GET /types/{id}, or `default`."""
    return {"volume_type": named(type_id)}


def specs(_req: Any, type_id: str) -> dict[str, Any]:
    """GET /types/{id}/extra_specs."""
    return {"extra_specs": named(type_id)["extra_specs"]}
