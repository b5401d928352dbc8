# SPDX-License-Identifier: Apache-2.0
"""Rows of domain.states.MOVES for volumes and shares; they change neither state nor task."""

from __future__ import annotations

from nova_appliance.domain.move import NO_TASK, Move, states_named

_HOSTED = states_named("active paused stopped resized soft-delete")
_OFF_HOST = states_named("shelved shelved_offloaded")
_WHILE_COPIED = NO_TASK | {"image_snapshot_pending", "image_uploading"}
"""An image of a server's volumes is made of snapshots, for which the volume service asks this."""


def _move(word: str, states: frozenset[str]) -> Move:
    return Move(word=word, states=states, tasks=NO_TASK, action=word)


MOVES: dict[str, Move] = {
    "attach volume": _move("attach_volume", _HOSTED | _OFF_HOST),
    "detach volume": _move("detach_volume", _HOSTED | _OFF_HOST),
    "extend volume": Move(
        word="extend_volume",
        launched=False,
        tasks=NO_TASK,
        locked=False,
        action="extend_volume",
    ),
    "attach share": Move(
        word="attach_share",
        states=states_named("stopped"),
        launched=False,
        locked=False,
        action="attach_share",
    ),
    "detach share": Move(
        word="detach_share",
        states=states_named("stopped error"),
        launched=False,
        locked=False,
        action="detach_share",
    ),
    "snapshot volume": Move(word="snapshot_volume", tasks=_WHILE_COPIED, locked=False, hosted=True),
    "merge volume": Move(word="merge_volume", tasks=_WHILE_COPIED, locked=False, hosted=True),
    "swap volume": _move("swap_volume", states_named("active paused resized")),
}
