# SPDX-License-Identifier: Apache-2.0
"""Ports that were made for a server, and go with it; those it was given stay."""

from __future__ import annotations

import msgspec

from nova_appliance.domain.server import Server

KEY = "ports_made"
"""Key of system_metadata: their ids, JSON."""


def of(server: Server) -> frozenset[str]:
    """Ids of the ports that were made for the server."""
    text = server.system_metadata.get(KEY)
    return msgspec.json.decode(text, type=frozenset[str]) if text else frozenset()
