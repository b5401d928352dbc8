# SPDX-License-Identifier: Apache-2.0
"""Orders and replies on the wire: plain JSON values; errors travel as data, never as pickles."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.common import errors

FAMILIES: dict[str, type[errors.ApplianceError]] = {
    family.__name__: family
    for family in (
        errors.Invalid,
        errors.Forbidden,
        errors.OverQuota,
        errors.NotFound,
        errors.Conflict,
        errors.Unsupported,
        errors.Unavailable,
        errors.Refused,
    )
}
"""Families that the other side of a call, or whoever waits for a saga, is told by name."""


class RemoteFailed(errors.ApplianceError):
    """The other side met an error that it did not expect; its log says more."""


def pack(value: msgspec.Struct) -> dict[str, Any]:
    """A Struct as JSON values."""
    packed: dict[str, Any] = msgspec.to_builtins(value)
    return packed


def unpack(values: Any, kind: Any) -> Any:
    """JSON values as `kind`. Raises Invalid when they do not fit."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise errors.Invalid(f"A message does not fit its row: {error}") from error


def pack_error(error: Exception) -> dict[str, str]:
    """An error as data: the nearest family and the sentence."""
    for kind in type(error).__mro__:
        if kind.__name__ in FAMILIES:
            return {"family": kind.__name__, "message": str(error)}
    return {"family": "", "message": "The service met an unexpected error."}


def raise_error(packed: dict[str, str]) -> None:
    """Raise what `pack_error` packed."""
    family = FAMILIES.get(packed.get("family", ""), RemoteFailed)
    raise family(packed.get("message", ""))
