# SPDX-License-Identifier: Apache-2.0
"""Whether two hosts suit a live migration as it was wanted: who copies disks, and whether they fit
(`block_migration` and `disk_over_commit` of os-migrateLive).
"""

from __future__ import annotations

import msgspec

from nova_appliance.conductor.saga import Ctx, HostFailed, Out
from nova_appliance.domain import root_image
from nova_appliance.domain.host import Host, amounts_of
from nova_appliance.domain.passport import Passport, Welcome
from nova_appliance.domain.server import Server

GIB = 1 << 30

Room = dict[str, int]
"""What a host had when it was chosen, the server's claim taken; in GiB."""


def room_of(host: Host) -> Room:
    """The room of a host that was just chosen."""
    has = host.inventory
    return {"unclaimed": has.disk_gib - host.used.disk_gib, "free": has.disk_free_gib}


def check(ctx: Ctx, out: Out) -> None:
    """A step: see that disks are copied only if that was wanted, and fit then. Raises HostFailed.

    A conductor of the release before had no such step: a guest that it has sent is on its way.
    """
    if "go" in out or ctx.saga.parked == "go":
        return
    if reason := _misfit(ctx, out):
        only = ctx.order.host is not None
        raise HostFailed(reason, out["choose_target"]["host"], retryable=not only)


def _misfit(ctx: Ctx, out: Out) -> str:
    """Why this pair of hosts will not do as it was wanted; another target may."""
    order, passport = ctx.order, msgspec.convert(out["check_source"], Passport)
    shared = msgspec.convert(out["prepare_target"], Welcome).shared
    if order.block is True and shared:
        return "Block migration can not be used with shared storage: both hosts see the same disks."
    if order.block is False and not shared and passport.journey.disks:
        return "The hosts do not share storage: only block migration can move the server's disks."
    room = out["choose_target"].get("room")
    if not order.block or order.over_commit is None or room is None:
        return ""
    return _lacking(ctx, passport, out["choose_target"]["host"], room)


def _lacking(ctx: Ctx, passport: Passport, host: str, room: Room) -> str:
    """As with Nova: with over-commit, what the disks take now must not be claimed by others there;
    without, all that they may come to take must be free though every guest there filled its disks.
    """
    if ctx.order.over_commit:
        needed = passport.taken_bytes
        free_gib = room["unclaimed"] + _claimed_gib(ctx.living())
    else:
        needed = sum(disk.virtual_bytes for disk in passport.journey.disks)
        free_gib = room["free"]
    if needed <= max(0, free_gib) * GIB:
        return ""
    return (
        f"The server's disks are too large for host {host}: {needed} bytes are needed, and"
        f" {max(0, free_gib) * GIB} are free there."
    )


def _claimed_gib(server: Server) -> int:
    """What the server's own claim takes there."""
    flavor, image = root_image.weight(server), root_image.of(server)
    return amounts_of(flavor, with_root=image is not None).disk_gib
