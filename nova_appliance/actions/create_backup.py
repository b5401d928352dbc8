# SPDX-License-Identifier: Apache-2.0
"""Makes backups: images of servers of which only the newest of their kind are kept."""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.create_image import image_of
from nova_appliance.actions.orders import BackupOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.backup import Kind
from nova_appliance.domain.server import Server

VERB = "createBackup"


def create_backup(
    cloud: Cloud, context: RequestContext, server: Server, kind: Kind, metadata: Mapping[str, str]
) -> str:
    """Begin to make a backup; its image's id. Raises Conflict, Invalid."""
    states.check(server, VERB)
    if server.image is None:
        raise errors.Invalid("It is not supported to backup volume backed instance.")
    wanted = image_of(context, server, kind.name, metadata)
    marks = {"image_type": "backup", "backup_type": kind.backup_type}
    image_id = cloud.images.create({**wanted, **marks}).id
    order = BackupOrder(
        verb=VERB, image_id=image_id, backup_type=kind.backup_type, rotation=kind.rotation
    )
    try:
        begin(cloud, context, server, Wanted(verb=VERB, saga="create_backup", order=order))
    except errors.ApplianceError:
        cloud.images.discard(image_id)
        raise
    return image_id
