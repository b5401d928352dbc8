# SPDX-License-Identifier: Apache-2.0
"""The encrypted password that a guest posted to the metadata service, for its owner to read."""

from __future__ import annotations

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.db import servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server

KEY = "password"
LONGEST = 1020


def read(server: Server) -> str:
    """The password; empty when the guest told none."""
    return server.system_metadata.get(KEY, "")


def write(cloud: Cloud, server: Server, password: str) -> None:
    """Keep what the guest told, once. Raises Conflict when there is one, Invalid."""
    if len(password) > LONGEST:
        raise errors.Invalid("Request is too large.")
    _set(cloud, server, password, once=True)


def clear(cloud: Cloud, server: Server) -> None:
    """Forget it; the guest keeps it."""
    _set(cloud, server, "", once=False)


def _set(cloud: Cloud, server: Server, password: str, *, once: bool) -> None:
    def work(conn: Connection) -> None:
        here = servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id) if here else None
        if now is None:
            raise find_server.missing(server.id)
        if once and read(now):
            raise errors.Conflict(f"Instance {server.id} has a password already.")
        kept = {key: value for key, value in now.system_metadata.items() if key != KEY}
        servers.change(
            conn, server.id, system_metadata=kept | ({KEY: password} if password else {})
        )

    cloud.cells.database(server.cell_id).transact(work)
