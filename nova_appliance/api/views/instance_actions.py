# SPDX-License-Identifier: Apache-2.0
"""Actions of a server as the API shows them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from nova_appliance.api.versioned import Version
from nova_appliance.api.views.servers import host_id
from nova_appliance.domain.action import Action, ActionEvent


@dataclasses.dataclass(frozen=True)
class EventSight:
    """What of an event the caller may see."""

    version: Version
    project_id: str
    host: bool
    """Traceback and host."""
    details: bool


def brief(version: Version, action: Action) -> dict[str, Any]:
    """An action without its events."""
    view = {
        "action": action.action,
        "instance_uuid": action.server_id,
        "request_id": action.request_id,
        "user_id": action.user_id,
        "project_id": action.project_id,
        "start_time": _time(action.started_at),
        "message": action.message,
    }
    if version >= (2, 58):
        view["updated_at"] = _time(action.updated_at)
    return view


def event(one: ActionEvent, seen: EventSight) -> dict[str, Any]:
    """A part of an action."""
    view = {
        "event": one.event,
        "start_time": _time(one.started_at),
        "finish_time": _time(one.finished_at),
        "result": one.result,
    }
    if seen.host:
        view["traceback"] = one.traceback
    if seen.version >= (2, 62):
        view["hostId"] = host_id(seen.project_id, one.host)
        if seen.host:
            view["host"] = one.host
    if seen.version >= (2, 84) and seen.details:
        view["details"] = one.details
    return view


def _time(when: dt.datetime | None) -> str | None:
    return when.isoformat(timespec="microseconds") if when else None
