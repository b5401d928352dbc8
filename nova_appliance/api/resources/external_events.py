# SPDX-License-Identifier: Apache-2.0
"""POST of events that other services tell."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import external_events
from nova_appliance.actions.external_events import Event
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import external_events as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.schemas import external_events as schemas


@operation(policy=rules.CREATE, body=schemas.CREATE)
def create(req: Request, body: dict[str, Any]) -> Answer:
    """POST /os-server-external-events: 207 when one of them or more could not be used."""
    told = body["events"]
    events = [Event(one["name"], one["server_uuid"], one.get("tag")) for one in told]
    codes = external_events.receive(req.cloud, req.context, events)
    shown = [_view(one, code) for one, code in zip(told, codes, strict=True)]
    return Answer({"events": shown}, status=207 if any(code != 200 for code in codes) else 200)


def _view(event: dict[str, Any], code: int) -> dict[str, Any]:
    status = event.get("status", "completed") if code == 200 else "failed"
    return event | {"status": status, "code": code}
