# SPDX-License-Identifier: Apache-2.0
"""A daemon that reports itself, as GET /os-services shows it."""

from __future__ import annotations

import datetime as dt

import msgspec


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """`row` is the API's id up to 2.52, `id` from 2.53 on. Times are naive UTC."""

    row: int
    id: str
    host: str
    binary: str
    topic: str
    version: int
    reports: int = 0
    disabled: bool = False
    disabled_reason: str | None = None
    forced_down: bool = False
    started_at: dt.datetime
    last_seen_at: dt.datetime | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None
    steady_since: dt.datetime | None = None
    """Its first report after its last start or long silence; None: longer than is known."""
