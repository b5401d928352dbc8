# SPDX-License-Identifier: Apache-2.0
"""Whether the disks of a guest that moves while it runs fit the target: `disk_over_commit` of
os-migrateLive, which clients say below 2.25.
"""

from __future__ import annotations

from nova_appliance.conductor.saga import Ctx
from nova_appliance.domain import root_image
from nova_appliance.domain.host import Host, amounts_of
from nova_appliance.domain.passport import Passport
from nova_appliance.domain.server import Server

GIB = 1 << 30

Room = dict[str, int]
"""What a host had when it was chosen, the server's claim taken: a step's result, in GiB."""


def of(host: Host) -> Room:
    """The room of a host that was just chosen."""
    has = host.inventory
    return {"unclaimed": has.disk_gib - host.used.disk_gib, "free": has.disk_free_gib}


def lacking(ctx: Ctx, passport: Passport, host: str, room: Room) -> str:
    """Say why the disks do not fit as the order wants them to; nothing when they do.

    As with Nova: with over-commit, what they take now must not be claimed by others there; without,
    all that they may come to take must be free though every guest there filled its disks.
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
