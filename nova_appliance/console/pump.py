# SPDX-License-Identifier: Apache-2.0
"""Carries bytes between a client and a guest until one of them, or the clock, ends it."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import select

from nova_appliance.common import clock
from nova_appliance.console.ends import End

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL


class Ended(enum.Enum):
    """Why a session is over."""

    CLIENT = "the client closed it"
    GUEST = "the guest's console closed"
    IDLE = "nothing happened for long"
    EXPIRED = "its time is over"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a session may last; None is for ever."""

    idle_s: float | None = None
    whole_s: float | None = None


def pump(client: End, guest: End, limits: Limits, clocks: clock.Clock = clock.SYSTEM) -> Ended:
    """Carry bytes both ways. Keeps at most one chunk each way: who does not read is not read for."""
    started = last = clocks.monotonic()
    poll = select.poll()
    while True:
        now = clocks.monotonic()
        ended, wait_s = _look_at_clock(limits, started, last, now)
        if ended:
            return ended
        to_client, to_guest = _unsent(client), _unsent(guest)
        if to_client is None or to_guest is None:
            return Ended.CLIENT if to_client is None else Ended.GUEST
        _watch(poll, client, reads=not to_guest, writes=to_client)
        _watch(poll, guest, reads=not to_client, writes=to_guest)
        seen = dict(poll.poll(None if wait_s is None else 1000 * wait_s + 1))
        last = clocks.monotonic() if seen else last
        if not to_guest and seen.get(client.fileno(), 0) & READABLE and not _move(client, guest):
            return Ended.CLIENT
        if not to_client and seen.get(guest.fileno(), 0) & READABLE and not _move(guest, client):
            return Ended.GUEST


def _unsent(end: End) -> bool | None:
    """Whether something is left to send; None when it cannot be sent any more."""
    try:
        return not end.flush()
    except OSError:
        return None


def _watch(poll: select.poll, end: End, *, reads: bool, writes: bool) -> None:
    """An end that may neither be read nor written is left out: its hang-up would never let poll wait."""
    wanted = (select.POLLIN if reads else 0) | (select.POLLOUT if writes else 0)
    if wanted:
        poll.register(end.fileno(), wanted)
    else:
        with contextlib.suppress(KeyError):
            poll.unregister(end.fileno())


def _move(source: End, sink: End) -> bool:
    """Take what has come and hand it on; False when the source has ended."""
    data = source.receive()
    if data:
        sink.send(data)
    if data is None or source.has_ended():
        _unsent(sink)
        return False
    return True


def _look_at_clock(
    limits: Limits, started: float, last: float, now: float
) -> tuple[Ended | None, float | None]:
    """What the clock says is over, else how long nothing will be."""
    left: list[float] = []
    for allowed, since, ended in (
        (limits.idle_s, last, Ended.IDLE),
        (limits.whole_s, started, Ended.EXPIRED),
    ):
        if allowed is None:
            continue
        if now - since >= allowed:
            return ended, None
        left.append(allowed - (now - since))
    return None, min(left, default=None)
