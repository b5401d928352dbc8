# SPDX-License-Identifier: Apache-2.0
"""A key pair of a user: the public half, by which servers let the user in."""

from __future__ import annotations

import datetime as dt

import msgspec


class Keypair(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is ssh or x509; `row` grows with creation and is the API's numeric id."""

    user_id: str
    name: str
    fingerprint: str
    public_key: str
    kind: str = "ssh"
    created_at: dt.datetime | None = None
    row: int = 0
