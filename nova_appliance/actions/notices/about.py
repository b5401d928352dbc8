# SPDX-License-Identifier: Apache-2.0
"""What is to be told of a server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nova_appliance.domain.saga import SagaError
from nova_appliance.domain.server import Server

COMPUTE, API = "compute", "api"
"""Whose notice it is: that of the host's nova-compute, or nova-api's."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class About:
    """`more` are facts that the action has beside those of any server."""

    server: Server
    action: str
    """Such as power_off."""
    phase: str | None = None
    source: str = COMPUTE
    host: str | None = None
    """On which it happens, if that is not the server's own."""
    fault: SagaError | None = None
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Facts of the versioned notice."""
    also: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Facts of the other."""
