# SPDX-License-Identifier: Apache-2.0
"""Makes a call with a ClientToken happen once: its row is there before anything is made."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Unavailable
from nova_appliance.db import ec2_client_tokens
from nova_appliance.db.ec2_client_tokens import Claim
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault

T = TypeVar("T")
LONGEST = 64
KEPT = dt.timedelta(days=1)
UNDER_WAY = dt.timedelta(seconds=60)
"""After this time a call whose result is not there has died: another one takes it over."""
WAIT_S = 5.0


def once(
    caller: Caller,
    call: tuple[str, dict[str, Any]],
    answer: str,
    find: Callable[[str], T | None],
    make: Callable[[str], T],
) -> T:
    """What `make(answer)` made, now or when the same call came before (then by `find`).

    `call` is the action and its parameters; `answer` is what a new call is to make. Raises Fault.
    """
    action, params = call
    token = params.get("ClientToken")
    if not token:
        return make(answer)
    if len(token) > LONGEST or not token.isascii():
        raise Fault("InvalidParameterValue", "ClientToken may have at most 64 ASCII characters.")
    mine = _claim(caller, action, token, params, answer)
    stands = _place(caller, mine)
    if stands.fingerprint != mine.fingerprint:
        raise Fault(
            "IdempotentParameterMismatch",
            "This ClientToken was used before with other parameters.",
        )
    if stands != mine and not _is_dead(caller, stands):
        return _wait(find, stands)
    found = find(stands.answer) if stands != mine else None
    return found if found is not None else _make(caller, stands, make)


def _claim(caller: Caller, action: str, token: str, params: dict[str, Any], answer: str) -> Claim:
    said = msgspec.json.encode(params, order="sorted")
    return Claim(
        project_id=caller.project_id,
        action=action,
        token=token,
        fingerprint=hashlib.sha256(said).hexdigest(),
        answer=answer,
        created_at=caller.cloud.clock.now(),
    )


def _place(caller: Caller, mine: Claim) -> Claim:
    def work(conn: Any) -> Claim:
        ec2_client_tokens.forget_before(conn, mine.created_at - KEPT)
        return ec2_client_tokens.add(conn, mine)

    return caller.cloud.cells.api.transact(work)


def _is_dead(caller: Caller, stands: Claim) -> bool:
    """Whether its call has had its time; then it is ours if nobody else is faster."""
    now = caller.cloud.clock.now()
    if stands.created_at > now - UNDER_WAY:
        return False
    return caller.cloud.cells.api.transact(
        lambda conn: ec2_client_tokens.take_over(conn, stands, now)
    )


def _wait(find: Callable[[str], T | None], stands: Claim) -> T:
    """What the other call has made, as soon as it can be seen."""
    found: list[T] = []

    def look() -> bool:
        one = find(stands.answer)
        found.extend(() if one is None else (one,))
        return bool(found)

    if not wait_for(look, WAIT_S, every_s=0.1):
        raise Unavailable("A call with this ClientToken is under way; try again.")
    return found[0]


def _make(caller: Caller, stands: Claim, make: Callable[[str], T]) -> T:
    """Make it; a call that was refused leaves the token free."""
    try:
        return make(stands.answer)
    except Exception:
        caller.cloud.cells.api.transact(lambda conn: ec2_client_tokens.remove(conn, stands))
        raise
