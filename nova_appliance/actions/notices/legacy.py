# SPDX-License-Identifier: Apache-2.0
"""What unversioned notices say of servers, and how they are called (wire source: Nova 34)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.actions.notices.about import About
from nova_appliance.domain.notice import END
from nova_appliance.domain.server import Address, Server

NAMES = {
    "resize_prep": "resize.prep",
    "resize_finish": "finish_resize",
    "resize_confirm": "resize.confirm",
    "resize_revert": "resize.revert",
    "rebuild_scheduled": "rebuild.scheduled",
    "live_migration_pre": "live_migration.pre",
    "live_migration_post": "live_migration._post",
    "live_migration_post_dest": "live_migration.post.dest",
    "live_migration_rollback": "live_migration._rollback",
    "live_migration_abort": "live.migration.abort",
    "live_migration_force_complete": "live.migration.force.complete",
}
"""Action > its older name, where that is another."""
WITHOUT_PHASE = {"volume_attach": "volume.attach", "volume_detach": "volume.detach"}
"""Told once, at the end."""
NEVER = frozenset((
    "interface_attach", "interface_detach", "volume_swap", "lock", "unlock", "share_attach",
    "share_detach",
))  # fmt: skip
"""Actions that are younger than this form."""


def event(about: About) -> str | None:
    """Such as compute.instance.power_off.start; None for what this form does not tell."""
    if about.action in NEVER:
        return None
    if about.action in WITHOUT_PHASE:
        last = WITHOUT_PHASE[about.action] if about.phase == END else None
        return f"compute.instance.{last}" if last else None
    words = ["compute.instance", NAMES.get(about.action, about.action), about.phase]
    return ".".join(word for word in words if word)


def of_server(about: About, image_url: str) -> dict[str, Any]:
    """All that this form says."""
    server = about.server
    facts = _who(server) | _size(server) | _state(server)
    facts |= {"image_ref_url": image_url, "image_meta": _image(server)}
    facts |= {"metadata": dict(server.metadata)}
    facts["fixed_ips"] = [_address(one) for one in server.addresses if one.kind == "fixed"]
    if about.fault:
        message = about.fault.message[:255]
        facts |= {"exception": message, "message": message, "code": 500}
    return facts | dict(about.also)


def _who(server: Server) -> dict[str, Any]:
    return {
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "instance_id": server.id,
        "display_name": server.name,
        "reservation_id": server.reservation_id,
        "hostname": server.hostname,
        "host": server.host,
        "node": server.node,
        "availability_zone": server.zone,
        "cell_name": "",
        "access_ip_v4": server.access_ip_v4,
        "access_ip_v6": server.access_ip_v6,
    }


def _size(server: Server) -> dict[str, Any]:
    flavor = server.flavor
    return {
        "instance_type": flavor.name,
        "instance_type_id": flavor.row,
        "instance_flavor_id": flavor.id,
        "memory_mb": flavor.memory_mib,
        "disk_gb": flavor.root_gib + flavor.ephemeral_gib,
        "vcpus": flavor.vcpus,
        "root_gb": flavor.root_gib,
        "ephemeral_gb": flavor.ephemeral_gib,
    }


def _state(server: Server) -> dict[str, Any]:
    properties = server.image.properties if server.image else {}
    return {
        "created_at": str(server.created_at),
        "terminated_at": _moment(server.terminated_at),
        "deleted_at": _moment(server.deleted_at),
        "launched_at": _moment(server.launched_at),
        "os_type": properties.get("os_type"),
        "architecture": properties.get("hw_architecture", properties.get("architecture")),
        "kernel_id": properties.get("kernel_id", ""),
        "ramdisk_id": properties.get("ramdisk_id", ""),
        "state": server.state,
        "state_description": server.task or "",
        "progress": server.progress or "",
    }


def _moment(at: dt.datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") if at else ""


def _image(server: Server) -> dict[str, str]:
    image = server.image
    if image is None:
        return {}
    known = {"base_image_ref": image.id, "disk_format": image.disk_format}
    sizes = {"min_disk": str(image.min_disk_gib), "min_ram": str(image.min_ram_mib)}
    return {**image.properties, **sizes, **known}


def _address(one: Address) -> dict[str, Any]:
    return {
        "address": one.address,
        "type": one.kind,
        "version": one.version,
        "label": one.network,
        "vif_mac": one.mac,
        "floating_ips": [],
        "meta": {},
    }
