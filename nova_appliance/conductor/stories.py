# SPDX-License-Identifier: Apache-2.0
"""What listeners outside are told of sagas: step > actions and phases (wire source: the
notifications of Nova 34; herald.py tells them).
"""

from __future__ import annotations

import dataclasses

from nova_appliance.domain.notice import END, ERROR, START

BEGINS, ENDS = "begins", "ends"


@dataclasses.dataclass(frozen=True)
class Line:
    """When the step begins, or when it ends, this is told."""

    step: str
    when: str
    action: str
    phase: str | None
    at_target: bool = False
    """It happens on the host that the server moves to."""
    hosted: bool = False
    """It is told only of servers that are on a host."""


def _whole(step: str, action: str) -> tuple[Line, ...]:
    return _span(step, step, action)


def _span(first: str, last: str, action: str, *, at_target: bool = False) -> tuple[Line, ...]:
    return (
        Line(first, BEGINS, action, START, at_target),
        Line(last, ENDS, action, END, at_target),
    )


STORIES: dict[str, tuple[Line, ...]] = {
    "boot": _span("build", "open_for_business", "create"),
    "delete": (
        Line("destroy", BEGINS, "delete", START),
        Line("destroy", BEGINS, "shutdown", START, hosted=True),
        Line("destroy", ENDS, "shutdown", END, hosted=True),
        Line("erase", ENDS, "delete", END),
    ),
    "soft_delete": _whole("power_off", "soft_delete"),
    "restore": _whole("power_on", "restore"),
    "start": _whole("power_on", "power_on"),
    "stop": _whole("power_off", "power_off"),
    "reboot": _whole("restart", "reboot"),
    "pause": _whole("pause", "pause"),
    "unpause": _whole("unpause", "unpause"),
    "suspend": _whole("suspend", "suspend"),
    "resume": _whole("resume", "resume"),
    "trigger_crash_dump": _whole("interrupt", "trigger_crash_dump"),
    "rebuild": (
        Line("check_host", ENDS, "rebuild_scheduled", None),
        *_span("fetch_image", "remake", "rebuild"),
    ),
    "rebuild_volume": (
        Line("check_host", ENDS, "rebuild_scheduled", None),
        *_span("stop_guest", "remake", "rebuild"),
    ),
    "rescue": _span("remember", "boot_rescue", "rescue"),
    "unrescue": _whole("boot_own", "unrescue"),
    "change_password": (),
    "create_image": _span("snapshot", "upload_snapshot", "snapshot"),
    "image_of_volumes": _span("copy_volumes", "make_image", "snapshot"),
    "create_backup": _span("snapshot", "upload_snapshot", "snapshot"),
    "attach_interface": _span("join_port", "plug", "interface_attach"),
    "detach_interface": _span("unplug", "give_port_back", "interface_detach"),
    "attach_volume": _span("plug", "plug", "volume_attach"),
    "detach_volume": _span("unplug", "give_back", "volume_detach"),
    "extend_volume": (),
    "hear_later": (),
    "attach_share": _span("allow", "wait_allowed", "share_attach"),
    "detach_share": _span("release", "forget", "share_detach"),
    "snapshot_volume": (),
    "merge_volume": (),
    "swap_volume": _span("copy", "finish", "volume_swap"),
    "resize": (
        Line("choose_target", ENDS, "resize_prep", START, at_target=True),
        Line("choose_target", ENDS, "resize_prep", END, at_target=True),
        Line("stop_guest", BEGINS, "resize", START),
        Line("set_aside", ENDS, "resize", END),
        *_span("arrive", "finish", "resize_finish", at_target=True),
    ),
    "confirm_resize": _span("forget_origin", "settle", "resize_confirm"),
    "revert_resize": _span("withdraw", "settle", "resize_revert"),
    "shelve": _span("find_image", "put_away", "shelve"),
    "shelve_offload": _span("destroy", "offloaded", "shelve_offload"),
    "unshelve": _span("build", "open_again", "unshelve"),
    "take_down": _whole("power_on", "power_on"),
    "live_migrate": (
        *_span("prepare_target", "prepare_target", "live_migration_pre", at_target=True),
        Line("go", ENDS, "live_migration_post", START),
        *_span("switch", "switch", "live_migration_post_dest", at_target=True),
        Line("clean_source", ENDS, "live_migration_post", END),
    ),
    "evacuate": (
        Line("choose_target", ENDS, "rebuild_scheduled", None),
        *_span("rebuild_there", "finish", "rebuild", at_target=True),
    ),
}
"""Saga > what is told of it, in order."""

BROKEN: dict[str, tuple[str, str]] = {
    "boot": ("create", ERROR),
    "reboot": ("reboot", ERROR),
    "rebuild": ("rebuild", ERROR),
    "rebuild_volume": ("rebuild", ERROR),
    "evacuate": ("rebuild", ERROR),
    "resize": ("resize", ERROR),
    "attach_interface": ("interface_attach", ERROR),
    "attach_volume": ("volume_attach", ERROR),
    "swap_volume": ("volume_swap", ERROR),
    "attach_share": ("share_attach", ERROR),
    "detach_share": ("share_detach", ERROR),
    "live_migrate": ("live_migration_rollback", START),
}
"""Saga > what is told when it turns back."""
UNDONE: dict[str, tuple[str, str]] = {"live_migrate": ("live_migration_rollback", END)}
"""Saga > what is told when it is undone."""

SCHEDULING = frozenset(("choose_host", "choose_target", "check_host"))
"""Steps in which no host may be found."""
TASKS: dict[str, str] = {
    "boot": "build_instances",
    "resize": "migrate_server",
    "live_migrate": "migrate_server",
    "rebuild": "rebuild_server",
    "rebuild_volume": "rebuild_server",
    "evacuate": "rebuild_server",
}
"""Saga > what compute_task.*.error calls it, told when no host was found for it."""
