# SPDX-License-Identifier: Apache-2.0
"""DisableApiTermination: a server that EC2's users have protected from being terminated."""

from __future__ import annotations

from nova_appliance.domain.metadata_options import ENDPOINT, TOKENS
from nova_appliance.domain.server import Server

KEY = "ec2:disable-api-termination"
"""Metadata, so that users of the Compute API see it too."""
NO_TAGS = frozenset((KEY, TOKENS, ENDPOINT))
"""Metadata of servers that are attributes of instances in EC2, not tags."""


def is_protected(server: Server) -> bool:
    """Whether TerminateInstances is to be refused."""
    return server.metadata.get(KEY) == "true"
