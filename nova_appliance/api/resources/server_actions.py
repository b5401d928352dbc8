# SPDX-License-Identifier: Apache-2.0
"""POST /servers/{server_id}/action: each action is an operation of its own."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import console_output, power, reset_state
from nova_appliance.actions import lock as locks
from nova_appliance.actions import reboot as reboots
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.policy import Denied, may, owner_of
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_actions as schemas
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(policy=rules.START, load=find, body=schemas.START, status=202, errors=(404, 409))
def start(req: Request, server: Server, _body: Body) -> None:
    """os-start."""
    power.start(req.cloud, req.context, server)


@operation(policy=rules.STOP, load=find, body=schemas.STOP, status=202, errors=(404, 409))
def stop(req: Request, server: Server, _body: Body) -> None:
    """os-stop."""
    power.stop(req.cloud, req.context, server)


@operation(policy=rules.REBOOT, load=find, body=schemas.REBOOT, status=202, errors=(404, 409))
def reboot(req: Request, server: Server, body: Body) -> None:
    """Reboot, SOFT or HARD."""
    hard = body["reboot"]["type"].upper() == "HARD"
    reboots.reboot(req.cloud, req.context, server, hard=hard)


@operation(policy=rules.LOCK, load=find, body=schemas.LOCK, status=202, errors=(404,))
def lock(req: Request, server: Server, body: Body) -> None:
    """Lock, from 2.73 on with a reason."""
    asked = body["lock"]
    reason = asked.get("locked_reason") if isinstance(asked, dict) else None
    locks.lock(req.cloud, req.context, server, reason)


@operation(
    policy=rules.UNLOCK,
    also=(rules.UNLOCK_OVERRIDE,),
    load=find,
    body=schemas.UNLOCK,
    status=202,
    errors=(404,),
)
def unlock(req: Request, server: Server, _body: Body) -> None:
    """Unlock; what an administrator locked is for administrators to unlock."""
    by_admin = server.locked_by == "admin"
    if by_admin and not may(req, rules.UNLOCK_OVERRIDE, owner_of(server)):
        raise Denied(rules.UNLOCK_OVERRIDE)
    locks.unlock(req.cloud, req.context, server)


@operation(
    policy=rules.CONSOLE_OUTPUT,
    load=find,
    body=schemas.CONSOLE_OUTPUT,
    errors=(404, 409, 501),
)
def read_console(req: Request, server: Server, body: Body) -> dict[str, Any]:
    """os-getConsoleOutput: the last lines, all of them without a length or with -1."""
    asked = body["os-getConsoleOutput"].get("length")
    lines = None if asked is None or int(asked) == -1 else int(asked)
    return {"output": console_output.read(req.cloud, req.context, server, lines)}


@operation(policy=rules.RESET_STATE, load=find, body=schemas.RESET_STATE, status=202, errors=(404,))
def set_state(req: Request, server: Server, body: Body) -> None:
    """os-resetState."""
    reset_state.reset_state(req.cloud, req.context, server, body["os-resetState"]["state"])
