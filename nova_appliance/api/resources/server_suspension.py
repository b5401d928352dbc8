# SPDX-License-Identifier: Apache-2.0
"""Actions pause, unpause, suspend, resume and trigger_crash_dump."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import suspension
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_actions as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_actions as schemas
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(policy=rules.PAUSE, load=find, body=schemas.PAUSE, status=202, errors=(404, 409, 501))
def pause(req: Request, server: Server, _body: Body) -> None:
    """Pause."""
    suspension.pause(req.cloud, req.context, server)


@operation(
    policy=rules.UNPAUSE, load=find, body=schemas.UNPAUSE, status=202, errors=(404, 409, 501)
)
def unpause(req: Request, server: Server, _body: Body) -> None:
    """Let a paused server go on."""
    suspension.unpause(req.cloud, req.context, server)


@operation(policy=rules.SUSPEND, load=find, body=schemas.SUSPEND, status=202, errors=(404, 409))
def suspend(req: Request, server: Server, _body: Body) -> None:
    """Suspend."""
    suspension.suspend(req.cloud, req.context, server)


@operation(policy=rules.RESUME, load=find, body=schemas.RESUME, status=202, errors=(404, 409))
def resume(req: Request, server: Server, _body: Body) -> None:
    """Let a suspended server go on."""
    suspension.resume(req.cloud, req.context, server)


@operation(
    policy=rules.TRIGGER_CRASH_DUMP,
    load=find,
    body=schemas.TRIGGER_CRASH_DUMP,
    status=202,
    errors=(404, 409),
    since="2.17",
)
def trigger_crash_dump(req: Request, server: Server, _body: Body) -> None:
    """Interrupt the guest, so that it dumps its memory."""
    suspension.trigger_crash_dump(req.cloud, req.context, server)
