# SPDX-License-Identifier: Apache-2.0
"""Bodies of POST /servers/{server_id}/action."""

from __future__ import annotations

from nova_appliance.api.schemas.types import ANY, METADATA, NAME, shape, wrapped
from nova_appliance.api.versioned import Versioned, add

_REASON = {"type": "string", "minLength": 1, "maxLength": 255}
_LINES = {
    "type": ["integer", "string", "null"],
    "pattern": "^-?[0-9]+$",
    "minimum": -1,
    "maximum": 0x7FFFFFFF,
}

START = wrapped("os-start", ANY)
STOP = wrapped("os-stop", ANY)
PAUSE = wrapped("pause", ANY)
UNPAUSE = wrapped("unpause", ANY)
SUSPEND = wrapped("suspend", ANY)
RESUME = wrapped("resume", ANY)
TRIGGER_CRASH_DUMP = wrapped("trigger_crash_dump", {"type": "null"})
INJECT_NETWORK_INFO = wrapped("injectNetworkInfo", ANY)
FORCE_DELETE = wrapped("forceDelete", ANY)
RESTORE = wrapped("restore", ANY)
CREATE_IMAGE = wrapped("createImage", shape({"name": NAME, "metadata": METADATA}, "name"))
UNLOCK = wrapped("unlock", ANY)
LOCK = Versioned(
    wrapped("lock", ANY),
    v2_73=add(lock={**shape({"locked_reason": _REASON}), "type": ["object", "null"]}),
)
REBOOT = wrapped(
    "reboot",
    shape({"type": {"enum": ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]}}, "type"),
)
CONSOLE_OUTPUT = wrapped("os-getConsoleOutput", shape({"length": _LINES}))
RESET_STATE = wrapped(
    "os-resetState", shape({"state": {"type": "string", "enum": ["active", "error"]}}, "state")
)
