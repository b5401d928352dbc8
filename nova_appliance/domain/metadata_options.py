# SPDX-License-Identifier: Apache-2.0
"""How the metadata service treats one server, as its metadata say: EC2's users set it, all see it."""

from __future__ import annotations

from nova_appliance.domain.server import Server

TOKENS, ENDPOINT = "ec2:http-tokens", "ec2:http-endpoint"
REQUIRED, DISABLED = "required", "disabled"


def needs_token(server: Server) -> bool:
    """Whether it is told nothing without a session token."""
    return server.metadata.get(TOKENS) == REQUIRED


def is_closed(server: Server) -> bool:
    """Whether it is told nothing at all."""
    return server.metadata.get(ENDPOINT) == DISABLED
