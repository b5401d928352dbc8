# SPDX-License-Identifier: Apache-2.0
"""The shape of a row of domain.states.MOVES: what may happen to a server's state."""

from __future__ import annotations

import dataclasses

ANY: frozenset[str] | None = None
NO_TASK: frozenset[str | None] = frozenset((None,))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Move:
    """One row: who may ask (states, tasks, launched), what shows meanwhile, what comes of it."""

    word: str
    """What the refusal calls it."""
    states: frozenset[str] | None = ANY
    tasks: frozenset[str | None] | None = None
    """Tasks from which it may start; None is any."""
    launched: bool = True
    hosted: bool = False
    """Refused while the server has no host."""
    locked: bool = True
    """Refused while the server is locked, but for admins."""
    during: str | None = None
    later: tuple[str, ...] = ()
    """Tasks that may follow `during` on the way."""
    then: str | None = None
    """The state at its end; None keeps the state."""
    ends: tuple[str, ...] = ()
    """Other states in which it may end well; whoever ends it says which."""
    otherwise: str | None = None
    """The state when it fails; None keeps the state."""
    action: str | None = None
    """Name under which os-instance-actions records it."""

    @property
    def under_way(self) -> frozenset[str | None]:
        """Tasks that say that this move is going on."""
        return frozenset((self.during, *self.later)) if self.during else frozenset()


def states_named(text: str) -> frozenset[str]:
    """`active stopped` as a set."""
    return frozenset(text.split())
