# SPDX-License-Identifier: Apache-2.0
"""The orders of sagas: what an action writes into the saga's row and the saga reads from it."""

from __future__ import annotations

import msgspec

from nova_appliance.domain.boot import NetworkRequest


class BootOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the new server's row does not say."""

    networks: tuple[NetworkRequest, ...] = ()
    security_groups: tuple[str, ...] = ()
    """Ids; empty leaves it to the network service."""
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    tried: tuple[str, ...] = ()
    """Ids of the hosts that could not build it."""
    said: tuple[str, ...] = ()
    """Why they could not."""


class VerbOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`verb` is the row of domain.states.MOVES that is under way."""

    verb: str


class RebootOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`verb` is reboot SOFT or reboot HARD."""

    verb: str
    hard: bool
