# SPDX-License-Identifier: Apache-2.0
"""That the servers of a host were told of for a period, or are just now."""

from __future__ import annotations

import datetime as dt

import msgspec

RUNNING, DONE = "RUNNING", "DONE"


class UsageAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One host, one period."""

    host: str
    begins_at: dt.datetime
    ends_at: dt.datetime
    state: str = RUNNING
    servers: int = 0
    errors: int = 0
    message: str = ""
    changed_at: dt.datetime
    """When somebody last went on with it."""
