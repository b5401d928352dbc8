# SPDX-License-Identifier: Apache-2.0
"""Kinds of consoles, where a guest's console is, and what a token gives access to."""

from __future__ import annotations

import dataclasses
import datetime as dt

import msgspec


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """One row: a kind of client and what it talks to."""

    protocol: str
    """Of POST remote-consoles."""
    device: str
    """What the guest must have: vnc, spice, serial, or one that no driver has."""


KINDS: dict[str, Kind] = {
    "novnc": Kind(protocol="vnc", device="vnc"),
    "xvpvnc": Kind(protocol="vnc", device="vnc"),
    "spice-html5": Kind(protocol="spice", device="spice"),
    "spice-direct": Kind(protocol="spice", device="spice"),
    "serial": Kind(protocol="serial", device="serial"),
    "webmks": Kind(protocol="mks", device="mks"),
    "rdp-html5": Kind(protocol="rdp", device="rdp"),
}
"""`type` of the API > what it is."""


class ConsoleAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy reaches a guest's console."""

    host: str
    port: int
    """0 where only TLS is spoken."""
    tls_port: int | None = None
    access_path: str | None = None
    """Path of a CONNECT request that a hypervisor wants before the console's own bytes."""


class ConsoleToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token, itself never stored, gives access to until it ends."""

    server_id: str
    kind: str
    host: str
    port: int
    access_url: str
    """The URL that was given out, without the token."""
    compute_host: str
    """Whose nova-compute knows the guest."""
    expires_at: dt.datetime
    tls_port: int | None = None
    access_path: str | None = None

    @property
    def address(self) -> ConsoleAddress:
        """Where the console was when the token was given out."""
        return ConsoleAddress(
            host=self.host, port=self.port, tls_port=self.tls_port, access_path=self.access_path
        )
