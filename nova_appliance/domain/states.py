# SPDX-License-Identifier: Apache-2.0
"""All that may happen to a server's state, as one table; nobody assigns a state past it.

`db.servers` carries the moves out by compare-and-set; the API's statuses come from STATUSES.
"""

from __future__ import annotations

from nova_appliance.common.errors import Conflict
from nova_appliance.domain import moves_at_home, moves_between_hosts, moves_of_volumes
from nova_appliance.domain.move import NO_TASK, Move, states_named
from nova_appliance.domain.server import Server

_REBOOT_TASKS: frozenset[str | None] = frozenset(
    (
        None,
        "rebooting",
        "reboot_pending",
        "reboot_started",
        "rebooting_hard",
        "resuming",
        "pausing",
        "unpausing",
        "suspending",
    )
)
_AT_REST = states_named("active paused suspended stopped")

MOVES: dict[str, Move] = {
    "create": Move(
        word="create",
        states=frozenset(),
        launched=False,
        during="scheduling",
        later=("networking", "block_device_mapping", "spawning"),
        then="active",
        otherwise="error",
        action="create",
    ),
    "delete": Move(
        word="delete",
        launched=False,
        during="deleting",
        then="deleted",
        otherwise="error",
        action="delete",
    ),
    "delete (soft)": Move(
        word="soft_delete",
        during="soft-deleting",
        then="soft-delete",
        action="delete",
    ),
    "restore": Move(
        word="restore",
        states=states_named("soft-delete"),
        tasks=NO_TASK,
        during="restoring",
        then="active",
        ends=("resized",),
        action="restore",
    ),
    "os-start": Move(
        word="start",
        states=states_named("stopped"),
        tasks=NO_TASK,
        hosted=True,
        during="powering-on",
        then="active",
        action="start",
    ),
    "os-stop": Move(
        word="stop",
        states=states_named("active error"),
        tasks=NO_TASK,
        hosted=True,
        during="powering-off",
        then="stopped",
        action="stop",
    ),
    "reboot SOFT": Move(
        word="reboot",
        states=states_named("active"),
        tasks=NO_TASK,
        during="rebooting",
        later=("reboot_pending", "reboot_started"),
        then="active",
        action="reboot",
    ),
    "reboot HARD": Move(
        word="reboot",
        states=states_named("active stopped paused suspended error"),
        tasks=_REBOOT_TASKS,
        during="rebooting_hard",
        later=("reboot_pending_hard", "reboot_started_hard"),
        then="active",
        otherwise="error",
        action="reboot",
    ),
    "pause": Move(
        word="pause",
        states=states_named("active"),
        tasks=NO_TASK,
        hosted=True,
        during="pausing",
        then="paused",
        action="pause",
    ),
    "unpause": Move(
        word="unpause",
        states=states_named("paused"),
        tasks=NO_TASK,
        hosted=True,
        during="unpausing",
        then="active",
        action="unpause",
    ),
    "suspend": Move(
        word="suspend",
        states=states_named("active"),
        tasks=NO_TASK,
        hosted=True,
        during="suspending",
        then="suspended",
        action="suspend",
    ),
    "resume": Move(
        word="resume",
        states=states_named("suspended"),
        tasks=NO_TASK,
        hosted=True,
        during="resuming",
        then="active",
        action="resume",
    ),
    "createImage": Move(
        word="createImage",
        states=_AT_REST,
        tasks=NO_TASK,
        locked=False,
        during="image_snapshot_pending",
        later=("image_snapshot", "image_pending_upload", "image_uploading"),
        action="createImage",
    ),
    "trigger_crash_dump": Move(
        word="trigger_crash_dump",
        states=states_named("active paused rescued resized error"),
        tasks=NO_TASK,
        hosted=True,
        action="trigger_crash_dump",
    ),
    "lock": Move(word="lock", launched=False, locked=False, action="lock"),
    "unlock": Move(word="unlock", launched=False, locked=False, action="unlock"),
    "os-resetState": Move(word="os-resetState", launched=False, locked=False, action="resetState"),
    "update": Move(word="update", launched=False, locked=False),
    "metadata": Move(word="update metadata", states=_AT_REST),
    "delete metadata": Move(word="delete metadata", states=_AT_REST),
    "diagnostics": Move(word="get_diagnostics", launched=False, hosted=True, locked=False),
    "fixed ip": Move(word="change addresses of", launched=False),
    "tags": Move(word="tag", states=_AT_REST, launched=False, locked=False),
    "os-getConsoleOutput": Move(
        word="get_console_output", launched=False, hosted=True, locked=False
    ),
    "remote console": Move(word="get_console", launched=False, hosted=True, locked=False),
    "seen off": Move(
        word="note the power of",
        states=states_named("active paused"),
        tasks=NO_TASK,
        locked=False,
        then="stopped",
        action="stop",
    ),
    "seen on": Move(
        word="stop again",
        states=states_named("stopped"),
        tasks=NO_TASK,
        hosted=True,
        locked=False,
        during="powering-off",
        then="stopped",
        action="stop",
    ),
    **moves_at_home.MOVES,
    **moves_between_hosts.MOVES,
    **moves_of_volumes.MOVES,
}
"""Verb (operation names of the API, and what the cloud itself notices) > its move."""


def check(server: Server, verb: str) -> Move:
    """The move, if it may start now; else raises Conflict with Nova's sentence.

    Knows nothing of who asks: locks are `check_lock`'s.
    """
    move = MOVES[verb]
    if move.states is not None and server.state not in move.states:
        raise Conflict(_wrong(move, server, "vm_state", server.state))
    if move.tasks is not None and server.task not in move.tasks:
        raise Conflict(_wrong(move, server, "task_state", server.task))
    if move.launched and server.launched_at is None:
        raise Conflict(f"Instance {server.id} is in an invalid state for '{move.word}'")
    if move.hosted and server.host is None:
        raise Conflict(f"Instance {server.id} is not ready")
    return move


def allows(server: Server, verb: str) -> bool:
    """Whether the move may start now."""
    try:
        check(server, verb)
    except Conflict:
        return False
    return True


def check_lock(server: Server, verb: str, *, is_admin: bool) -> None:
    """Raise Conflict if the server is locked against this verb for this caller."""
    if MOVES[verb].locked and server.locked_by and not is_admin:
        raise Conflict(f"Instance {server.id} is locked")


def _wrong(move: Move, server: Server, attribute: str, value: str | None) -> str:
    return f"Cannot '{move.word}' instance {server.id} while it is in {attribute} {value}"


_REBOOT = {
    "rebooting": "REBOOT",
    "reboot_pending": "REBOOT",
    "reboot_started": "REBOOT",
    "rebooting_hard": "HARD_REBOOT",
    "reboot_pending_hard": "HARD_REBOOT",
    "reboot_started_hard": "HARD_REBOOT",
}
_RESIZE = dict.fromkeys(
    ("resize_prep", "resize_migrating", "resize_migrated", "resize_finish"), "RESIZE"
)
_REBUILD = dict.fromkeys(
    ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning"), "REBUILD"
)
_MIGRATE = {"migrating": "MIGRATING"}

STATUSES: dict[str, tuple[str, dict[str, str]]] = {
    "active": (
        "ACTIVE",
        _REBOOT | _RESIZE | _REBUILD | _MIGRATE | {"updating_password": "PASSWORD"},
    ),
    "building": ("BUILD", {}),
    "stopped": ("SHUTOFF", _RESIZE | _REBUILD),
    "resized": ("VERIFY_RESIZE", {"resize_reverting": "REVERT_RESIZE"}),
    "paused": ("PAUSED", _MIGRATE),
    "suspended": ("SUSPENDED", {}),
    "rescued": ("RESCUE", {}),
    "error": ("ERROR", _REBUILD),
    "deleted": ("DELETED", {}),
    "soft-delete": ("SOFT_DELETED", {}),
    "shelved": ("SHELVED", {}),
    "shelved_offloaded": ("SHELVED_OFFLOADED", {}),
}
"""State > status at the API, and the statuses of certain tasks."""


def status(state: str, task: str | None) -> str:
    """The API's status of a server in this state and task."""
    usual, by_task = STATUSES.get(state, ("UNKNOWN", {}))
    return by_task.get(task or "", usual)


def states_of(api_status: str) -> frozenset[tuple[str, str | None]]:
    """The (state, task) pairs that the API shows as this status; task None means any other."""
    pairs: set[tuple[str, str | None]] = set()
    for state, (usual, by_task) in STATUSES.items():
        if usual == api_status:
            pairs.add((state, None))
        pairs.update((state, task) for task, shown in by_task.items() if shown == api_status)
    return frozenset(pairs)
