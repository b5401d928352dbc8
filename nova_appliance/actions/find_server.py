# SPDX-License-Identifier: Apache-2.0
"""Finds a server: by its mapping, then in its cell."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_mappings, servers
from nova_appliance.domain.server import Server

TRIES = 3
"""A server may move to another cell between the two looks."""


def find(cloud: Cloud, context: RequestContext, server_id: str) -> Server:
    """The server, if it is the caller's or the caller is admin. Raises NotFound."""
    server = by_id(cloud, server_id)
    if not context.is_admin and server.project_id != context.project_id:
        raise missing(server_id)
    return server


def by_id(cloud: Cloud, server_id: str) -> Server:
    """The server, whosever it is. Raises NotFound."""
    for _ in range(TRIES if ids.is_id(server_id) else 0):
        with cloud.cells.api.read() as conn:
            mapping = server_mappings.get(conn, server_id)
        if mapping is None:
            break
        with cloud.cells.database(mapping.cell_id).read() as conn:
            server = servers.get(conn, mapping.cell_id, server_id)
        if server is not None:
            return server
    raise missing(server_id)


def missing(server_id: str) -> errors.NotFound:
    """What is said of a server that is not there for the caller."""
    return errors.NotFound(f"Instance {server_id} could not be found.")
