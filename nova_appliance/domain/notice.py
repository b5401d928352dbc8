# SPDX-License-Identifier: Apache-2.0
"""A notice: what listeners outside are told of a change (the wire calls it a notification)."""

from __future__ import annotations

from typing import Any

import msgspec

START, END, ERROR = "start", "end", "error"
"""Phases."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `publisher` is nova-compute:host1 of versioned ones, compute.host1 of others."""

    event: str
    """Such as instance.create.end."""
    publisher: str
    body: dict[str, Any]
    is_versioned: bool
    is_error: bool = False
