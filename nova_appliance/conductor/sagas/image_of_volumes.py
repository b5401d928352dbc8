# SPDX-License-Identifier: Apache-2.0
"""An image of a server whose root disk is a volume: snapshots of all its volumes, then a mapping to them.

The snapshots are the caller's own, and carry the image's id, so that they are found again; undone,
there is neither image nor snapshot.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from nova_appliance.actions.orders import ImageOfVolumesOrder
from nova_appliance.clients.volumes import marked_snapshots
from nova_appliance.common import errors
from nova_appliance.conductor import new_volumes, quiesce
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Saga, Step, Wait
from nova_appliance.conductor.sagas.create_image import discard_image
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import image_mapping
from nova_appliance.domain.attachment import Attachment

MARK = "nova_appliance:image"
PAUSE_S = 0.5
"""Between looks whether a snapshot can be deleted."""


def copy_volumes(ctx: Ctx, _out: Out) -> Done:
    """Take the snapshots while the guest holds still; those of a try that died are of another moment."""
    drop_copies(ctx, _out)
    server = ctx.living()
    rows = []
    with quiesce.held_still(ctx.cloud, ctx.context, server):
        for one in server.attachments:
            row = image_mapping.row(one)
            if one.is_volume:
                made = _snapshot(ctx, one)
                row |= {"snapshot_id": made["id"], "volume_size": made["size"]}
            rows.append(row)

    def write(conn: Connection) -> None:
        if not servers.advance(conn, ctx.server_id, ctx.order.verb, "image_uploading"):
            raise Cancelled("The server is wanted for something else.")

    return Done(result=image_mapping.properties_of(rows, server.root_device), write=write)


def drop_copies(ctx: Ctx, _out: Out) -> None:
    """Delete the snapshots; the volume service deletes none while it makes it."""
    for made in marked_snapshots(ctx.cloud.volumes, MARK, ctx.order.image_id):
        if made["status"] == "creating":
            raise Wait(PAUSE_S)
        with contextlib.suppress(errors.NotFound):
            ctx.cloud.volumes.delete_snapshot(made["id"])


def make_image(ctx: Ctx, out: Out) -> Done:
    """Make the image, which has no bytes."""
    images, order = ctx.cloud.images, ctx.order
    wanted = {**order.wanted, **out["copy_volumes"], "id": order.image_id}
    try:
        image = images.get(order.image_id)
    except errors.NotFound:
        image = images.create(wanted)
    if image.status != "active":
        images.upload(image.id, "raw", iter((b"",)))
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, order.verb))


def _snapshot(ctx: Ctx, one: Attachment) -> Mapping[str, Any]:
    name, mark = ctx.order.wanted["name"], {MARK: ctx.order.image_id}
    wanted = {
        "volume_id": one.volume_id,
        "force": True,
        "name": f"snapshot for {name}",
        "metadata": mark,
    }
    try:
        return dict(ctx.cloud.volumes.snapshot(wanted, new_volumes.caller(ctx)))
    except errors.Unsupported as error:
        raise errors.Conflict(error.message) from error


IMAGE_OF_VOLUMES = Saga(
    name="image_of_volumes",
    order=ImageOfVolumesOrder,
    steps=(
        Step(
            name="copy_volumes",
            do=copy_volumes,
            undo=drop_copies,
            event="compute_snapshot_instance",
        ),
        Step(name="make_image", do=make_image, undo=discard_image),
    ),
    failed=failed,
)
