# SPDX-License-Identifier: Apache-2.0
"""Rows of domain.states.MOVES in which a server stays on its host or goes to the shelf."""

from __future__ import annotations

from nova_appliance.domain.move import NO_TASK, Move, states_named

_AT_REST = states_named("active paused suspended stopped")
_PLUGGED = states_named("active paused stopped")

MOVES: dict[str, Move] = {
    "attach interface": Move(
        word="attach_interface",
        states=_PLUGGED,
        tasks=NO_TASK,
        action="attach_interface",
    ),
    "detach interface": Move(
        word="detach_interface",
        states=_PLUGGED,
        tasks=NO_TASK,
        action="detach_interface",
    ),
    "port deleted": Move(
        word="detach_interface",
        launched=False,
        tasks=NO_TASK,
        locked=False,
        action="detach_interface",
    ),
    "injectNetworkInfo": Move(word="inject_network_info", launched=False),
    "rebuild": Move(
        word="rebuild",
        states=states_named("active stopped error"),
        tasks=NO_TASK,
        hosted=True,
        during="rebuilding",
        later=("rebuild_block_device_mapping", "rebuild_spawning", "powering-off"),
        then="active",
        ends=("stopped",),
        otherwise="error",
        action="rebuild",
    ),
    "rescue": Move(
        word="rescue",
        states=states_named("active stopped error"),
        tasks=NO_TASK,
        hosted=True,
        during="rescuing",
        then="rescued",
        otherwise="error",
        action="rescue",
    ),
    "unrescue": Move(
        word="unrescue",
        states=states_named("rescued"),
        tasks=NO_TASK,
        hosted=True,
        during="unrescuing",
        then="active",
        otherwise="error",
        action="unrescue",
    ),
    "shelve": Move(
        word="shelve",
        states=_AT_REST,
        tasks=NO_TASK,
        during="shelving",
        later=(
            "shelving_image_pending_upload",
            "shelving_image_uploading",
            "shelving_offloading",
        ),
        then="shelved",
        action="shelve",
    ),
    "shelveOffload": Move(
        word="shelve_offload",
        states=states_named("shelved"),
        tasks=NO_TASK,
        during="shelving_offloading",
        then="shelved_offloaded",
        action="shelveOffload",
    ),
    "unshelve": Move(
        word="unshelve",
        states=states_named("shelved shelved_offloaded"),
        tasks=NO_TASK,
        during="unshelving",
        later=("spawning", "powering-on"),
        then="active",
        action="unshelve",
    ),
    "createBackup": Move(
        word="createBackup",
        states=_AT_REST,
        tasks=NO_TASK,
        locked=False,
        during="image_backup",
        later=("image_pending_upload", "image_uploading"),
        action="createBackup",
    ),
    "changePassword": Move(
        word="changePassword",
        states=states_named("active"),
        tasks=NO_TASK,
        during="updating_password",
        action="changePassword",
    ),
}
