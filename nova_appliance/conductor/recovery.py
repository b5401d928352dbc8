# SPDX-License-Identifier: Apache-2.0
"""Plans which sagas a conductor takes: a pure function; runner.py carries it out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from nova_appliance.domain.saga import Due


def plan(
    due: Iterable[Due], held: Collection[tuple[str, str]], now: dt.datetime
) -> tuple[tuple[str, str], ...]:
    """(cell id, saga id) of the sagas to take now, those waiting longest first.

    Left out are those that we run ourselves, those under somebody's living lease, and those whose
    time has not come.
    """
    free = (
        saga
        for saga in due
        if (saga.cell_id, saga.saga_id) not in held
        and saga.wake_at <= now
        and (saga.lease_until is None or saga.lease_until < now)
    )
    return tuple((saga.cell_id, saga.saga_id) for saga in sorted(free, key=lambda s: s.wake_at))


def back_off(failures: int) -> float:
    """Seconds until the next try after that many failures: 0.5, 1, 2 ... 60."""
    return min(60.0, 0.5 * 2.0 ** min(failures - 1, 10))


def waited(failures: int) -> float:
    """Seconds that were waited in all after that many failures, the tries themselves left out."""
    return sum(back_off(number) for number in range(1, failures + 1))
