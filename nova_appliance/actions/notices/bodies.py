# SPDX-License-Identifier: Apache-2.0
"""What versioned notices say of servers (wire source: the notification samples of Nova 34)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.actions.notices import nouns
from nova_appliance.actions.notices.about import About
from nova_appliance.actions.notices.wire import moment, wrap
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import SagaError
from nova_appliance.domain.server import Address, Server

VERSIONS = {
    "InstanceActionPayload": "1.9",
    "InstanceActionRebuildPayload": "1.10",
    "InstanceActionRescuePayload": "1.4",
    "InstanceActionResizePrepPayload": "1.4",
    "InstanceActionSharePayload": "1.0",
    "InstanceActionSnapshotPayload": "1.10",
    "InstanceActionVolumePayload": "1.7",
    "InstanceActionVolumeSwapPayload": "1.9",
    "InstanceCreatePayload": "1.13",
    "InstanceExistsPayload": "2.1",
    "InstanceUpdatePayload": "2.1",
}
NAMES = {
    "create": "InstanceCreatePayload",
    "exists": "InstanceExistsPayload",
    "rebuild": "InstanceActionRebuildPayload",
    "rebuild_scheduled": "InstanceActionRebuildPayload",
    "rescue": "InstanceActionRescuePayload",
    "resize_prep": "InstanceActionResizePrepPayload",
    "share_attach": "InstanceActionSharePayload",
    "share_detach": "InstanceActionSharePayload",
    "snapshot": "InstanceActionSnapshotPayload",
    "update": "InstanceUpdatePayload",
    "volume_attach": "InstanceActionVolumePayload",
    "volume_detach": "InstanceActionVolumePayload",
    "volume_swap": "InstanceActionVolumeSwapPayload",
}
"""Action > name of its object; the others have InstanceActionPayload."""
POWERS = {
    PowerState.NOSTATE: "pending",
    PowerState.RUNNING: "running",
    PowerState.PAUSED: "paused",
    PowerState.SHUTDOWN: "shutdown",
    PowerState.CRASHED: "crashed",
    PowerState.SUSPENDED: "suspended",
}


def of_server(context: RequestContext, about: About, *, with_volumes: bool) -> dict[str, Any]:
    """The whole object that tells of an action on a server."""
    name = NAMES.get(about.action, "InstanceActionPayload")
    facts = _server(context, about.server, with_volumes=with_volumes) | dict(about.more)
    if about.action not in {"update", "exists"}:
        facts["fault"] = fault(about.fault) if about.fault else None
    return wrap(name, VERSIONS[name], facts)


def states(before: Server | None, after: Server, *, with_tasks: bool) -> dict[str, Any]:
    """What changed, for instance.update; without tasks both are the one that is now."""
    old_task = (before.task if before else None) if with_tasks else after.task
    facts = {
        "old_state": before.state if before else None,
        "state": after.state,
        "old_task_state": old_task,
        "new_task_state": after.task,
    }
    return wrap("InstanceStateUpdatePayload", "1.0", facts)


def period(since: dt.datetime, until: dt.datetime) -> dict[str, Any]:
    """The time over which usage is counted."""
    facts = {"audit_period_beginning": moment(since), "audit_period_ending": moment(until)}
    return wrap("AuditPeriodPayload", "1.0", facts)


def _server(context: RequestContext, server: Server, *, with_volumes: bool) -> dict[str, Any]:
    properties = server.image.properties if server.image else {}
    is_asked = bool(context.project_id and context.user_id)
    volumes = [_volume(one) for one in server.attachments if one.is_volume]
    return {
        "uuid": server.id,
        "user_id": server.user_id,
        "tenant_id": server.project_id,
        "reservation_id": server.reservation_id,
        "display_name": server.name,
        "display_description": server.description,
        "host_name": server.hostname,
        "host": server.host,
        "node": server.node,
        "os_type": properties.get("os_type"),
        "architecture": properties.get("hw_architecture", properties.get("architecture")),
        "availability_zone": server.zone,
        "flavor": nouns.flavor(server.flavor),
        "image_uuid": server.image.id if server.image else "",
        "key_name": server.key_name,
        "kernel_id": properties.get("kernel_id", ""),
        "ramdisk_id": properties.get("ramdisk_id", ""),
        "state": server.state,
        "power_state": POWERS.get(PowerState(server.power), "pending"),
        "task_state": server.task,
        "progress": server.progress,
        "ip_addresses": [_address(one) for one in server.addresses if one.kind == "fixed"],
        "block_devices": volumes if with_volumes else None,
        "metadata": dict(server.metadata),
        "locked": server.locked_by is not None,
        "locked_reason": server.locked_reason,
        "auto_disk_config": server.disk_config,
        "shares": None,
        "request_id": context.request_id if is_asked else None,
        "action_initiator_user": context.user_id,
        "action_initiator_project": context.project_id,
        **_moments(server),
    }


def _moments(server: Server) -> dict[str, str | None]:
    names = ("created_at", "launched_at", "terminated_at", "deleted_at", "updated_at")
    return {name: moment(getattr(server, name)) for name in names}


def _address(one: Address) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "label": one.network,
        "mac": one.mac,
        "meta": {},
        "port_uuid": one.port_id or None,
        "version": one.version,
        "address": one.address,
        "device_name": f"tap{one.port_id[:11]}" if one.port_id else None,
    }
    return wrap("IpPayload", "1.0", facts)


def _volume(one: Attachment) -> dict[str, Any]:
    facts = {
        "device_name": one.device,
        "boot_index": one.boot_index,
        "delete_on_termination": one.delete_on_termination,
        "volume_id": one.volume_id,
        "tag": one.tag,
    }
    return wrap("BlockDevicePayload", "1.0", facts)


def fault(one: SagaError) -> dict[str, Any]:
    """Why something could not be done."""
    facts = {
        "module_name": __package__,
        "function_name": one.step,
        "exception": one.family or "Cancelled",
        "exception_message": one.message,
        "traceback": one.details,
    }
    return wrap("ExceptionPayload", "1.1", facts)
