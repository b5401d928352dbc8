# SPDX-License-Identifier: Apache-2.0
"""Attachments of which only one of the two knows: the volume service, or the server's row."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.volumes import all_attachments
from nova_appliance.common import errors
from nova_appliance.conductor import audit
from nova_appliance.conductor.at_rest import at_rest
from nova_appliance.conductor.sickness import Sick
from nova_appliance.db import servers
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Server


def look(cloud: Cloud) -> Iterator[Sick]:
    """Attachments that the volume service has for nobody, and such that it has no more."""
    try:
        told = all_attachments(cloud.volumes)
    except errors.Absent:
        if any(one.is_volume for server in at_rest(cloud) for one in server.attachments):
            raise
        return  # a cloud without volumes
    known = {one.id for one in told}
    named: set[str] = set()
    resting: set[str] = set()
    for server in at_rest(cloud):
        resting.add(server.id)
        for mine in server.attachments:
            named.add(mine.attachment_id or "")
            if mine.is_volume and mine.attachment_id and mine.attachment_id not in known:
                yield Sick(
                    kind="attachment",
                    server_id=server.id,
                    where=mine.volume_id or "",
                    why="The volume service does not know that the server has this volume.",
                    mend=functools.partial(_attach_again, cloud, server, mine),
                )
    gone = audit.gone(cloud, {one.server_id for one in told})
    for one in told:
        if one.id not in named and one.server_id in resting | gone:
            yield Sick(
                kind="kept volume",
                server_id=one.server_id,
                where=one.volume_id,
                why="The volume is kept for a server that does not have it.",
                mend=functools.partial(cloud.volumes.release, one.id),
            )


def _attach_again(cloud: Cloud, server: Server, mine: Attachment) -> None:
    """A volume that is gone leaves the row; another is kept for the server anew.

    The host asks for its way to it when the guest starts next. Raises Invalid when another server
    has it.
    """
    volume_id = mine.volume_id or ""
    try:
        cloud.volumes.get(volume_id)
    except errors.NotFound:
        after = attachments.without(server.attachments, mine.id)
    else:
        kept = cloud.volumes.reserve(volume_id, server.id)
        new = msgspec.structs.replace(mine, attachment_id=kept, connection={})
        after = attachments.with_(server.attachments, new)
    database = cloud.cells.database(server.cell_id)
    database.transact(lambda conn: servers.change(conn, server.id, attachments=after))
