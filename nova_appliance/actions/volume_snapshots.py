# SPDX-License-Identifier: Apache-2.0
"""The volume service asks for its part of a snapshot of a volume that a server has."""

from __future__ import annotations

from pathlib import PurePath

from nova_appliance.actions import find_server, volumes
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import SnapshotVolumeOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.guest import Merge
from nova_appliance.domain.server import Server

TAKE, MERGE = "snapshot volume", "merge volume"


def take(
    cloud: Cloud, context: RequestContext, volume_id: str, snapshot_id: str, file: str
) -> None:
    """Begin to let the server write to `file`, beside the volume's. Raises Invalid.

    The order is the volume service's, whose tasks are in no row here: a server that does something
    else just now is told as wrong input, which the API has for every reason.
    """
    _check_name(file)
    server, one = _holder(cloud, volume_id)
    order = SnapshotVolumeOrder(verb=TAKE, id=one.id, snapshot_id=snapshot_id, file=file)
    _begin(
        cloud,
        context,
        server,
        Wanted(
            verb=TAKE, saga="snapshot_volume", order=order, also=volumes.undisturbed(server, one)
        ),
    )


def merge(
    cloud: Cloud, context: RequestContext, volume_id: str, snapshot_id: str, wanted: Merge
) -> None:
    """Begin to make files of the volume one. Raises Invalid."""
    for name in (wanted.top, wanted.into):
        if name is not None:
            _check_name(name)
    server, one = _holder(cloud, volume_id)
    order = SnapshotVolumeOrder(verb=MERGE, id=one.id, snapshot_id=snapshot_id, merge=wanted)
    _begin(
        cloud,
        context,
        server,
        Wanted(verb=MERGE, saga="merge_volume", order=order, also=volumes.undisturbed(server, one)),
    )


def _check_name(file: str) -> None:
    if not file or PurePath(file).name != file:
        raise errors.Invalid(f"{file!r} is no name of a file beside the volume's.")


def _holder(cloud: Cloud, volume_id: str) -> tuple[Server, Attachment]:
    """The only server that has the volume, as the volume service says too."""
    try:
        volume = cloud.volumes.get(volume_id)
        holders = volume.server_ids()
        if volume.shared or len(holders) > 1:
            raise errors.Invalid(f"Volume {volume_id} may be had by several servers.")
        if not holders:
            raise errors.Invalid(f"No server has volume {volume_id}.")
        server = find_server.by_id(cloud, holders[0])
        one = volumes.find(server, volume_id)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    if not one.connection:
        raise errors.Invalid(f"Volume {volume_id} is just being attached to server {server.id}.")
    return server, one


def _begin(cloud: Cloud, context: RequestContext, server: Server, wanted: Wanted) -> None:
    try:
        begin(cloud, context, server, wanted)
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error
