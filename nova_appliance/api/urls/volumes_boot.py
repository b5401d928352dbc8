# SPDX-License-Identifier: Apache-2.0
"""URLs of os-volumes_boot (to 2.102): the oldest name of servers."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from nova_appliance.api.operation import ByBodyKey, Operation, Routes
from nova_appliance.api.versioned import Schema, Versioned, parse

LAST = "2.102"
PATHS = ("servers", "servers/detail", "servers/{server_id}", "servers/{server_id}/action")
ACTIONS = (
    "confirmResize",
    "createImage",
    "os-start",
    "os-stop",
    "reboot",
    "rebuild",
    "resize",
    "revertResize",
    "trigger_crash_dump",
)
"""Those that were there under this name."""
LATER_ERRORS = {("servers/{server_id}", "PUT"): {409}}
"""What is answered at newer versions only."""


def aliases(routes: Mapping[str, Mapping[str, Operation | ByBodyKey]]) -> Routes:
    """The same operations under the other name."""
    return {
        path.replace("servers", "os-volumes_boot", 1): {
            method: _until(what, LATER_ERRORS.get((path, method), set()))
            for method, what in routes[path].items()
        }
        for path in PATHS
    }


def _until(what: Operation | ByBodyKey, later: set[int]) -> Operation | ByBodyKey:
    if isinstance(what, ByBodyKey):
        return ByBodyKey({name: _old(what.table[name]) for name in ACTIONS if name in what.table})
    return _old(what, later)


def _old(operation: Operation, later: Collection[int] = ()) -> Operation:
    return dataclasses.replace(
        operation,
        until=LAST,
        body=_cut(operation.body),
        query=_cut(operation.query),
        errors=tuple(code for code in operation.errors if code not in later),
    )


def _cut(schema: Versioned | Schema | None) -> Versioned | Schema | None:
    return schema.until(parse(LAST)) if isinstance(schema, Versioned) else schema
