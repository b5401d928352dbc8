# SPDX-License-Identifier: Apache-2.0
"""POST /servers/{server_id}/remote-consoles, the older actions, GET /os-console-auth-tokens."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import console_access
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import remote_consoles as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import remote_consoles as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import remote_consoles as views
from nova_appliance.common import errors
from nova_appliance.domain.console import KINDS
from nova_appliance.domain.server import Server

Body = dict[str, Any]
ERRORS = (404, 409, 501)


@operation(policy=rules.OPEN, load=find, body=schemas.CREATE, errors=ERRORS, since="2.6")
def create(req: Request, server: Server, body: Body) -> dict[str, Any]:
    """POST /servers/{server_id}/remote-consoles."""
    asked = body["remote_console"]
    if KINDS[asked["type"]].protocol != asked["protocol"]:
        raise errors.Invalid(f"Invalid console type {asked['type']}")
    url = console_access.open_(req.cloud, req.context, server, asked["type"])
    return {"remote_console": {**asked, "url": url}}


@operation(policy=rules.OPEN, load=find, body=schemas.VNC, errors=ERRORS, until="2.5")
def vnc(req: Request, server: Server, body: Body) -> dict[str, Any]:
    """os-getVNCConsole."""
    return _console(req, server, body["os-getVNCConsole"]["type"])


@operation(policy=rules.OPEN, load=find, body=schemas.SPICE, errors=ERRORS, until="2.5")
def spice(req: Request, server: Server, body: Body) -> dict[str, Any]:
    """os-getSPICEConsole."""
    return _console(req, server, body["os-getSPICEConsole"]["type"])


@operation(policy=rules.OPEN, load=find, body=schemas.SERIAL, errors=ERRORS, until="2.5")
def serial(req: Request, server: Server, body: Body) -> dict[str, Any]:
    """os-getSerialConsole."""
    return _console(req, server, body["os-getSerialConsole"]["type"])


@operation(errors=(400,), until="2.5")
def rdp(_req: Request, _server_id: str) -> Any:
    """os-getRDPConsole, refused by every release since 29.0.0."""
    raise errors.Invalid("There are no RDP consoles any more; use a VNC or SPICE console.")


def _console(req: Request, server: Server, kind: str) -> dict[str, Any]:
    url = console_access.open_(req.cloud, req.context, server, kind)
    return {"console": {"type": kind, "url": url}}


@operation(policy=rules.TOKEN, query=schemas.TOKEN_QUERY, errors=(400, 404))
def show_token(req: Request, console_token: str) -> dict[str, Any]:
    """GET /os-console-auth-tokens/{console_token}; below 2.31 it knew RDP consoles only."""
    if not at_least(req, "2.31"):
        raise errors.Invalid("Tokens of RDP consoles are gone; use microversion 2.31 or above.")
    _, token = console_access.token(req.cloud, console_token)
    return views.token(req.version, token)
