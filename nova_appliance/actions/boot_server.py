# SPDX-License-Identifier: Apache-2.0
"""The row of a new server, from a request that was checked."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import boot_checks, image_fit
from nova_appliance.actions.boot_checks import Checked
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db.cells import CELL0
from nova_appliance.domain import devices, root_image
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.boot import BootRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.hostname import hostname_of
from nova_appliance.domain.server import Server

KEPT = (
    "access_ip_v4",
    "access_ip_v6",
    "description",
    "hints",
    "metadata",
    "security_groups",
    "tags",
    "trusted_certs",
    "user_data",
)
"""Fields that a server takes from its request as they are."""


def new(
    cloud: Cloud,
    context: RequestContext,
    checked: Checked,
    reservation_id: str,
    which: tuple[str, int, int],
) -> Server:
    """One server; `which` is (id, index, count) of the servers of one request."""
    (server_id, index, count), request, key = which, checked.request, checked.key
    drive = boot_checks.wants_config_drive(cloud.conf, request, checked.seen)
    now = cloud.clock.now()
    name, hostname = _names(request, server_id, f"-{index + 1}" if count > 1 else "")
    return Server(
        row=0,
        id=server_id,
        cell_id=CELL0,
        project_id=str(context.project_id),
        user_id=str(context.user_id),
        name=name,
        hostname=hostname,
        state="building",
        task="scheduling",
        created_at=now,
        updated_at=now,
        flavor=_frozen(checked.flavor),
        image=checked.image,
        zone=checked.place.zone,
        pinned_zone=checked.place.zone,
        key_name=key.name if key else None,
        key_data=key.public_key if key else None,
        config_drive=drive,
        group_id=checked.group.id if checked.group else None,
        reservation_id=reservation_id,
        launch_index=index,
        disk_config=request.disk_config or "MANUAL",
        attachments=_attachments(checked),
        root_device=_root_device(checked),
        system_metadata=_memory(checked),
        **{name: getattr(request, name) for name in KEPT},
    )


def _memory(checked: Checked) -> dict[str, str]:
    """What the row remembers: the image of a root volume, the NUMA cells."""
    volume = root_image.remembered(checked.root) if checked.root else {}
    return volume | image_fit.cells(checked.image or checked.root, checked.flavor)


def _names(request: BootRequest, server_id: str, suffix: str) -> tuple[str, str]:
    name = request.name + suffix
    return name, request.hostname + suffix if request.hostname else hostname_of(name, server_id)


def _attachments(checked: Checked) -> tuple[Attachment, ...]:
    return tuple(msgspec.structs.replace(one, id=ids.new_id()) for one in checked.attachments)


def _root_device(checked: Checked) -> str:
    named = [one.device for one in checked.attachments if one.is_root]
    bus = checked.seen.properties.get("hw_disk_bus", "virtio")
    return named[0] if named else devices.next_name(bus, ())


def _frozen(flavor: Flavor) -> Flavor:
    """The flavor as the server keeps it, whatever becomes of the flavor."""
    return msgspec.structs.replace(flavor, row=0)
