# SPDX-License-Identifier: Apache-2.0
"""The volume service takes a snapshot of a volume in use, or ends one: the guest changes its file.

The volume service has made the new file, and waits until it hears that the guest has it.
"""

from __future__ import annotations

from nova_appliance.actions.orders import SnapshotVolumeOrder
from nova_appliance.clients.volumes import tell_snapshot
from nova_appliance.conductor import attachments, guests
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.suspension import not_interrupted as unchanged
from nova_appliance.domain.saga import Answer
from nova_appliance.rpc.orders import ServerOrder

MERGE_S = 24 * 3600.0
"""A host may take so long to make two large files one."""
NEARLY = "90%"
"""What the volume service waits for: the rest is its own."""


def snapshot(ctx: Ctx, _out: Out) -> Parked:
    """Let the host have the guest write to the new file."""
    return _send(ctx, "snapshot", "snapshot_volume")


def merge(ctx: Ctx, _out: Out) -> Parked:
    """Let the host make files one."""
    return _send(ctx, "merge", "merge_volume")


def changed(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """Every later start of the guest uses the file that it has now."""
    return Done(result={}, write=attachments.connected(ctx, answer.result.get("connections", {})))


def tell_taken(ctx: Ctx, _out: Out) -> None:
    """The old file changes no more: the volume service may go on."""
    tell_snapshot(ctx.cloud.volumes, ctx.order.snapshot_id, "creating", NEARLY)


def tell_merged(ctx: Ctx, _out: Out) -> None:
    """The files are one: the volume service may go on."""
    tell_snapshot(ctx.cloud.volumes, ctx.order.snapshot_id, "deleting", NEARLY)


def tell_not_taken(ctx: Ctx, _out: Out) -> None:
    """There is no snapshot."""
    tell_snapshot(ctx.cloud.volumes, ctx.order.snapshot_id, "error")


def tell_not_merged(ctx: Ctx, _out: Out) -> None:
    """The snapshot is still there."""
    tell_snapshot(ctx.cloud.volumes, ctx.order.snapshot_id, "error_deleting")


def _send(ctx: Ctx, step: str, name: str) -> Parked:
    server, order, conf = ctx.living(), ctx.order, ctx.cloud.conf
    one = next((one for one in server.attachments if one.id == order.id), None)
    if one is None or server.host is None:
        raise Cancelled("The server does not have the volume any more.")
    patience = conf.conductor.build_timeout if order.merge is None else MERGE_S
    check_patience(ctx, step, server.host, patience)
    told = ServerOrder(
        ticket=ctx.ticket(step),
        server_id=server.id,
        volume=guests.volume_of(one),
        file=order.file,
        merge=order.merge,
    )
    return Parked(name=name, host=server.host, order=told)


SNAPSHOT_VOLUME = Saga(
    name="snapshot_volume",
    order=SnapshotVolumeOrder,
    steps=(
        Step(name="snapshot", do=snapshot, then=changed, undo=tell_not_taken),
        Step(name="tell", do=tell_taken),
    ),
    failed=unchanged,
)

MERGE_VOLUME = Saga(
    name="merge_volume",
    order=SnapshotVolumeOrder,
    steps=(
        Step(name="merge", do=merge, then=changed, undo=tell_not_merged),
        Step(name="tell", do=tell_merged),
    ),
    failed=unchanged,
)
