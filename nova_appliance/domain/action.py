# SPDX-License-Identifier: Apache-2.0
"""What was asked of a server and what came of it: os-instance-actions."""

from __future__ import annotations

import datetime as dt

import msgspec


class ActionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an action."""

    event: str
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    result: str | None = None
    """Success, Error, or None while it goes on."""
    host: str | None = None
    details: str | None = None
    traceback: str | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One request; `row` is its number in the cell's database."""

    row: int
    server_id: str
    action: str
    request_id: str
    user_id: str | None
    project_id: str | None
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    message: str | None = None
    """`Error` when it failed."""
    events: tuple[ActionEvent, ...] = ()
    """Empty in lists."""
