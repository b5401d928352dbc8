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


def lacking(ctx: Ctx, passport: Passport, target: Host) -> str:
    """Say why the disks do not fit as the order wants them to; nothing when they do.

    As with Nova: with over-commit, what they take now must not be claimed by others there; without,
    all that they may come to take must be free though every guest there filled its disks.
    """
    if ctx.order.over_commit:
        needed = passport.taken_bytes
        others_gib = target.used.disk_gib - _claimed_gib(ctx.living())
        free = (target.inventory.disk_gib - others_gib) * GIB
    else:
        needed = sum(disk.virtual_bytes for disk in passport.journey.disks)
        free = target.inventory.disk_free_gib * GIB
    if needed <= free:
        return ""
    return (
        f"The server's disks are too large for host {target.host}: {needed} bytes are needed, and"
        f" {max(0, free)} are free there."
    )


def _claimed_gib(server: Server) -> int:
    """What the server's own claim takes there."""
    flavor, image = root_image.weight(server), root_image.of(server)
    return amounts_of(flavor, with_root=image is not None).disk_gib
