# SPDX-License-Identifier: Apache-2.0
"""Rows of domain.states.MOVES in which a server changes its host or flavor."""

from __future__ import annotations

from nova_appliance.domain.move import NO_TASK, Move, states_named

_RESIZE = ("resize_migrating", "resize_migrated", "resize_finish")
_MOVING: frozenset[str | None] = frozenset(("migrating",))


def _resize(word: str) -> Move:
    return Move(
        word=word,
        states=states_named("active stopped"),
        tasks=NO_TASK,
        hosted=True,
        during="resize_prep",
        later=_RESIZE,
        then="resized",
        action=word,
    )


MOVES: dict[str, Move] = {
    "resize": _resize("resize"),
    "migrate": _resize("migrate"),
    "confirmResize": Move(
        word="confirmResize",
        states=states_named("resized"),
        tasks=NO_TASK,
        then="active",
        ends=("stopped",),
        action="confirmResize",
    ),
    "revertResize": Move(
        word="revertResize",
        states=states_named("resized"),
        tasks=NO_TASK,
        during="resize_reverting",
        later=("powering-off",),
        then="active",
        ends=("stopped",),
        otherwise="error",
        action="revertResize",
    ),
    "evacuate": Move(
        word="evacuate",
        states=states_named("active stopped error"),
        locked=False,
        during="rebuilding",
        later=("rebuild_block_device_mapping", "rebuild_spawning"),
        then="stopped",
        ends=("active",),
        otherwise="error",
        action="evacuate",
    ),
    "os-migrateLive": Move(
        word="os-migrateLive",
        states=states_named("active paused"),
        tasks=NO_TASK,
        during="migrating",
        action="live-migration",
    ),
    "force complete": Move(
        word="force_complete",
        states=states_named("active"),
        tasks=_MOVING,
        action="live_migration_force_complete",
    ),
    "abort": Move(
        word="live_migration_abort",
        tasks=_MOVING,
        action="live_migration_cancel",
    ),
}
