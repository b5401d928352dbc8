# SPDX-License-Identifier: Apache-2.0
"""nova-consoleauth: gives out tokens, checks them for the proxies, ends them. Keeps nothing itself.

Several may run: what they know stands in the cells' databases.
"""

from __future__ import annotations

import datetime as dt
import logging

import msgspec

from nova_appliance.actions import console_access
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.daemon import Daemon
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import console_tokens, servers
from nova_appliance.domain.console import KINDS, ConsoleAddress, ConsoleToken
from nova_appliance.rpc.orders import (
    Authorize,
    Authorized,
    CheckToken,
    ConsoleAsked,
    Granted,
    NotGranted,
    Revoked,
    RevokeTokens,
)
from nova_appliance.rpc.server import Handler

LOG = logging.getLogger(__name__)
BINARY = "nova-consoleauth"

ENDED = "This link has ended or was never valid. Ask for a new console of the server."
OTHER_KIND = "This link is for another kind of console. Ask for a new one."
NOT_THERE = "The server does not run at the place this link was made for. Ask for a new one."


class Service:
    """The daemon: gives tokens, and sweeps those that have ended."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        handlers: dict[str, Handler] = {
            "authorize": self.authorize,
            "check": self.check,
            "revoke": self.revoke,
        }
        self._daemon = Daemon(cloud, BINARY, handlers, self.sweep)

    def start(self) -> None:
        """Begin to listen and to report; returns at once."""
        self._daemon.start()

    def stop(self) -> None:
        """Answer what was asked already, then end."""
        self._daemon.stop()

    def authorize(self, _context: RequestContext, order: Authorize) -> Authorized:
        """See rpc/calls/consoleauth.py."""
        secret = ids.new_id()
        lasts = dt.timedelta(seconds=self._cloud.conf.consoleauth.token_ttl)
        token = msgspec.structs.replace(order.token, expires_at=self._cloud.clock.now() + lasts)
        database = self._cloud.cells.database(order.cell_id)
        database.transact(lambda conn: console_tokens.add(conn, secret, token))
        LOG.info("server %s: a token for its %s console", token.server_id, token.kind)
        return Authorized(token=secret, expires_at=token.expires_at)

    def check(self, context: RequestContext, order: CheckToken) -> Granted | NotGranted:
        """See rpc/calls/consoleauth.py; asks the host whether the guest is still where it was."""
        try:
            cell_id, token = console_access.token(self._cloud, order.token)
        except errors.NotFound:
            return NotGranted(reason=ENDED)
        if token.kind != order.kind:
            return NotGranted(reason=OTHER_KIND)
        with self._cloud.cells.database(cell_id).read() as conn:
            server = servers.get(conn, cell_id, token.server_id)
        if server is None or server.host != token.compute_host:
            return NotGranted(reason=ENDED)
        if not self._is_there(context, cell_id, token):
            return NotGranted(reason=NOT_THERE)
        return Granted(token=token, server_name=server.name)

    def revoke(self, _context: RequestContext, order: RevokeTokens) -> Revoked:
        """See rpc/calls/consoleauth.py."""
        ended = 0
        for cell in self._cloud.cells.all_():
            database = self._cloud.cells.database(cell.id)
            ended += database.transact(lambda conn: console_tokens.revoke(conn, order.server_id))
        LOG.info("server %s: %d console tokens ended", order.server_id, ended)
        return Revoked(tokens=ended)

    def _is_there(self, context: RequestContext, cell_id: str, token: ConsoleToken) -> bool:
        asked = ConsoleAsked(server_id=token.server_id, device=KINDS[token.kind].device)
        client = self._cloud.rpc.at(self._cloud.cells.get(cell_id).transport_url)
        try:
            address: ConsoleAddress = client.call(
                "compute", "console_address", asked, context, token.compute_host
            )
        except (errors.NotFound, errors.Conflict, errors.Invalid) as error:
            LOG.info("server %s: no console: %s", token.server_id, error.message)
            return False
        return address == token.address

    def sweep(self) -> None:
        """Remove the tokens that have ended."""
        now = self._cloud.clock.now()
        for cell in self._cloud.cells.all_():
            database = self._cloud.cells.database(cell.id)
            database.transact(lambda conn: console_tokens.sweep(conn, now))
