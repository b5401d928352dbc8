# SPDX-License-Identifier: Apache-2.0
"""The root disk of a server becomes a backup; older backups of its kind beyond the rotation go."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import BackupOrder
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas import create_image as copies
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.domain import backup
from nova_appliance.domain.saga import Answer


def snapshot(ctx: Ctx, _out: Out) -> Parked:
    """Let the host copy the root disk."""
    return copies.send(ctx, "snapshot", None)


def upload(ctx: Ctx, _out: Out) -> Parked:
    """Let the host upload the copy."""
    return copies.send(ctx, "upload_snapshot", "image_uploading")


def uploaded(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The image is whole."""
    return {}


def rotate(ctx: Ctx, _out: Out) -> Done:
    """Delete what is too many; the server's state is as before."""
    marks = {
        "instance_uuid": ctx.server_id,
        "image_type": "backup",
        "backup_type": ctx.order.backup_type,
        "status": "active",
        "sort": "created_at:desc",
    }
    found = ctx.cloud.images.of_nova(marks)
    made = [(image.created_at, image.id) for image in found]
    for image_id in backup.too_many(made, ctx.order.rotation):
        ctx.cloud.images.discard(image_id)
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb))


CREATE_BACKUP = Saga(
    name="create_backup",
    order=BackupOrder,
    steps=(
        Step(name="find_image", do=copies.find_image, undo=copies.discard_image),
        Step(
            name="snapshot",
            do=snapshot,
            then=copies.copied,
            undo=copies.drop_copy,
            event="compute_backup_instance",
        ),
        Step(name="upload_snapshot", do=upload, then=uploaded),
        Step(name="rotate", do=rotate),
    ),
    failed=failed,
)
