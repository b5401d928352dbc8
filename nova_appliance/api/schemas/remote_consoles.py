# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of consoles."""

from __future__ import annotations

from nova_appliance.api.schemas.types import query, shape, wrapped
from nova_appliance.api.versioned import Change, Schema, Versioned, closed, inside

_PROTOCOLS = ["vnc", "spice", "rdp", "serial"]
_TYPES = ["novnc", "xvpvnc", "rdp-html5", "spice-html5", "serial"]


def _one_of(words: list[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def _also(name: str, word: str) -> Change:
    return lambda shape: shape["properties"][name]["enum"].append(word)


def _action(key: str, *types: str) -> Schema:
    return wrapped(key, shape({"type": _one_of(list(types))}, "type"))


CREATE = Versioned(
    wrapped(
        "remote_console",
        shape({"protocol": _one_of(_PROTOCOLS), "type": _one_of(_TYPES)}, "protocol", "type"),
    ),
    v2_8=inside("remote_console", _also("protocol", "mks"), _also("type", "webmks")),
    v2_99=inside("remote_console", _also("type", "spice-direct")),
)
VNC = _action("os-getVNCConsole", "novnc", "xvpvnc")
SPICE = _action("os-getSPICEConsole", "spice-html5")
SERIAL = _action("os-getSerialConsole", "serial")

TOKEN_QUERY = Versioned(query(), v2_99=closed)
