# SPDX-License-Identifier: Apache-2.0
"""Consoles of servers: a URL with a token for one kind of client, and what a token is for."""

from __future__ import annotations

import urllib.parse

from oslo_config import cfg

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import console_tokens
from nova_appliance.domain import states
from nova_appliance.domain.console import KINDS, ConsoleAddress, ConsoleToken
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import Authorize, Authorized, ConsoleAsked

MOVING = ("deleting", "migrating")

OFFERS: dict[str, tuple[str, str]] = {
    "novnc": ("vnc", "novncproxy_base_url"),
    "xvpvnc": ("vnc", "xvpvncproxy_base_url"),
    "spice-html5": ("spice", "html5proxy_base_url"),
    "spice-direct": ("spice", "spice_direct_proxy_base_url"),
    "serial": ("serial_console", "base_url"),
}
"""Kind > option group that enables it, and the option with its URL."""


def open_(cloud: Cloud, context: RequestContext, server: Server, kind: str) -> str:
    """A URL that opens the server's console for some minutes.

    Raises Invalid (not offered here), Conflict (nothing runs), NotFound, Unsupported, Unavailable.
    """
    base = base_url(cloud.conf, kind)
    states.check(server, "remote console")
    if server.task in MOVING:
        raise errors.Conflict(
            f"Cannot open a console of instance {server.id} while it is in task_state {server.task}"
        )
    host = server.host or ""
    asked = ConsoleAsked(server_id=server.id, device=KINDS[kind].device)
    client = cloud.rpc.at(cloud.cells.get(server.cell_id).transport_url)
    address: ConsoleAddress = client.call("compute", "console_address", asked, context, host)
    token = ConsoleToken(
        server_id=server.id,
        kind=kind,
        host=address.host,
        port=address.port,
        tls_port=address.tls_port,
        access_path=address.access_path,
        access_url=base,
        compute_host=host,
        expires_at=cloud.clock.now(),
    )
    order = Authorize(cell_id=server.cell_id, token=token)
    given: Authorized = cloud.rpc.call("consoleauth", "authorize", order, context)
    return with_token(base, kind, given.token)


def base_url(conf: cfg.ConfigOpts, kind: str) -> str:
    """Where clients of that kind go. Raises Invalid when this cloud does not offer it."""
    group, option = OFFERS.get(kind, ("", ""))
    if not group or not conf[group].enabled or not conf[group][option]:
        raise errors.Invalid(f"Unavailable console type {kind}.")
    return str(conf[group][option])


def with_token(base: str, kind: str, secret: str) -> str:
    """The URL to give out; noVNC reads nothing but `path` and opens its socket there."""
    query = {"token": secret}
    if kind == "novnc":
        query = {"path": "?" + urllib.parse.urlencode(query)}
    joint = "&" if urllib.parse.urlsplit(base).query else "?"
    return base + joint + urllib.parse.urlencode(query)


def token(cloud: Cloud, secret: str) -> tuple[str, ConsoleToken]:
    """The cell where a token is known, and what it is for. Raises NotFound, Unavailable."""
    now = cloud.clock.now()
    down: errors.Unavailable | None = None
    for cell in cloud.cells.all_():
        try:
            with cloud.cells.database(cell.id).read() as conn:
                found = console_tokens.get(conn, secret, now)
        except errors.Unavailable as error:
            down = error
            continue
        if found is not None:
            return cell.id, found
    if down is not None:
        raise down
    raise errors.NotFound("Token not found")
