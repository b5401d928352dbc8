# SPDX-License-Identifier: Apache-2.0
"""A saga under way, as its row and its steps' rows hold it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

FORWARD, BACKWARD, DONE, UNDONE = "forward", "backward", "done", "undone"
OPEN = (FORWARD, BACKWARD)


class SagaError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a saga turned back."""

    message: str
    step: str
    family: str = ""
    """Class of the error; empty for a cancelled saga."""
    retryable: bool = False
    """Whether another host may do better."""
    host: str | None = None
    details: str = ""
    """For admins."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a host reported of an order."""

    host: str
    result: dict[str, Any] = {}
    error: str | None = None
    retryable: bool = False
    details: str = ""


class SagaRow(msgspec.Struct, frozen=True, kw_only=True):
    """One saga. `cell_id` says in which cell's database it stands."""

    id: str
    cell_id: str
    name: str
    server_id: str
    context: dict[str, Any]
    """common.context.RequestContext.as_wire()."""
    order: dict[str, Any]
    state: str = FORWARD
    attempt: int = 1
    failures: int = 0
    cancelled: bool = False
    error: SagaError | None = None
    owner: str | None = None
    epoch: int = 0
    lease_until: dt.datetime | None = None
    parked: str | None = None
    """The step that waits for a host."""
    parked_epoch: int = 0
    """Epoch on the ticket of its order."""
    report: Answer | None = None
    wake_at: dt.datetime
    created_at: dt.datetime
    results: dict[str, Any] = {}
    """Step > result, in the order in which the steps ended."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A saga that waits for somebody to run it."""

    cell_id: str
    saga_id: str
    wake_at: dt.datetime
    lease_until: dt.datetime | None = None
