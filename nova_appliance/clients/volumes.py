# SPDX-License-Identifier: Apache-2.0
"""Volumes in Cinder's v3 dialect: what servers attach and boot from, and what /os-volumes shows."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec
import requests
from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import Neighbour
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

VERSION = {"OpenStack-API-Version": "volume 3.60"}
"""Attachments complete since 3.44, are shared since 3.50; Zed and newer know this one."""
REIMAGE = {"OpenStack-API-Version": "volume 3.68"}
"""The first version that has os-reimage."""
PAGE = 1000


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume as the volume service has it now."""

    id: str
    name: str = ""
    status: str = ""
    size_gib: int = 0
    bootable: bool = False
    shared: bool = False
    zone: str = ""
    project_id: str = ""
    is_moving: bool = False
    """The volume service moves it to another back end."""
    image: dict[str, str] = {}
    """volume_image_metadata."""
    raw: dict[str, Any] = {}
    """The whole answer."""

    def server_ids(self) -> tuple[str, ...]:
        """Servers that have it."""
        return tuple(one["server_id"] for one in self.raw.get("attachments") or ())


class Volumes:
    """The volume service. Calls with a caller's context see what that caller may see."""

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._cinder = Neighbour(session, conf, "block-storage")

    # ---- volumes

    def get(self, volume_id: str, context: RequestContext | None = None) -> Volume:
        """The volume; raises NotFound when there is none for this caller."""
        missing = errors.NotFound(f"Volume {volume_id} could not be found.")
        if not ids.is_id(volume_id):
            raise missing
        try:
            found = read(self.ask("GET", f"/volumes/{volume_id}", context).json()["volume"])
        except errors.NotFound as error:
            raise missing from error
        if not _may_see(context, found.project_id):
            raise missing
        return found

    def create(self, wanted: Mapping[str, Any], context: RequestContext) -> Volume:
        """Make a volume for the caller; `wanted` is in Cinder's words. Raises OverQuota, Invalid."""
        body = {"volume": dict(wanted)}
        return read(self.ask("POST", "/volumes", context, json=body).json()["volume"])

    def marked(self, key: str, value: str) -> tuple[Volume, ...]:
        """Volumes of any project with this metadata, oldest first."""
        query = {
            "all_tenants": "1",
            "metadata": f'{{"{key}": "{value}"}}',
            "sort": "created_at:asc",
        }
        answer = self.ask("GET", "/volumes/detail", params=query).json()
        return tuple(read(raw) for raw in answer["volumes"] if _has(raw, key, value))

    def delete(self, volume_id: str) -> None:
        """Delete a volume; nothing there is fine."""
        with contextlib.suppress(errors.NotFound):
            self.ask("DELETE", f"/volumes/{volume_id}")

    # ---- attachments

    def reserve(
        self, volume_id: str, server_id: str, connector: Mapping[str, Any] | None = None
    ) -> str:
        """Keep a volume for a server: the new attachment's id. Raises Invalid when it is taken.

        With its `connector` a host is let in beside one that has the volume: Cinder takes it only so.
        """
        asked: dict[str, Any] = {"volume_uuid": volume_id, "instance_uuid": server_id}
        if connector is not None:
            asked["connector"] = dict(connector)
        made = self.ask("POST", "/attachments", json={"attachment": asked}).json()["attachment"]
        return str(made["id"])

    def reserved(self, volume_id: str, server_id: str) -> tuple[str, ...]:
        """Attachments of this volume to this server."""
        query = {"all_tenants": "1", "volume_id": volume_id, "instance_id": server_id}
        found = self.ask("GET", "/attachments", params=query).json()["attachments"]
        return tuple(one["id"] for one in found if one["instance"] == server_id)

    def connect(self, attachment_id: str, connector: Mapping[str, Any]) -> dict[str, Any]:
        """How a host reaches the volume; told the connector of the host, unless that was done."""
        path = f"/attachments/{attachment_id}"
        known = self.ask("GET", path).json()["attachment"]
        if not connection_of(known):
            body = {"attachment": {"connector": dict(connector)}}
            known = self.ask("PUT", path, json=body).json()["attachment"]
        return connection_of(known)

    def complete(self, attachment_id: str) -> None:
        """Say that the server has the volume; fine if it was said before."""
        path = f"/attachments/{attachment_id}"
        if self.ask("GET", path).json()["attachment"]["status"] != "attached":
            self.ask("POST", f"{path}/action", json={"os-complete": None})

    def release(self, attachment_id: str) -> None:
        """End an attachment; nothing there is fine."""
        with contextlib.suppress(errors.NotFound):
            self.ask("DELETE", f"/attachments/{attachment_id}")

    def moved(self, volume_id: str, new_volume_id: str, *, failed: bool = False) -> str:
        """Say that a server uses the new place of a volume, or `failed` to; the id that it has from
        now on.
        """
        action = {"os-migrate_volume_completion": {"new_volume": new_volume_id, "error": failed}}
        answer = self.ask("POST", f"/volumes/{volume_id}/action", json=action).json()
        return str(answer["save_volume_id"])

    # ---- snapshots

    def get_snapshot(
        self, snapshot_id: str, context: RequestContext | None = None
    ) -> dict[str, Any]:
        """A snapshot in Cinder's words; raises NotFound."""
        missing = errors.NotFound(f"Snapshot {snapshot_id} could not be found.")
        if not ids.is_id(snapshot_id):
            raise missing
        try:
            found = self.ask("GET", f"/snapshots/{snapshot_id}", context).json()["snapshot"]
        except errors.NotFound as error:
            raise missing from error
        if not _may_see(context, str(found.get(SNAPSHOT_PROJECT, ""))):
            raise missing
        return dict(found)

    def snapshot(self, wanted: Mapping[str, Any], context: RequestContext | None = None) -> Any:
        """Begin a snapshot; `wanted` is in Cinder's words."""
        body = {"snapshot": dict(wanted)}
        return self.ask("POST", "/snapshots", context, json=body).json()["snapshot"]

    def delete_snapshot(self, snapshot_id: str, context: RequestContext | None = None) -> None:
        """Delete a snapshot; raises NotFound."""
        self.ask("DELETE", f"/snapshots/{snapshot_id}", context)

    # ---- all

    def ask(
        self, method: str, path: str, context: RequestContext | None = None, **options: Any
    ) -> requests.Response:
        """Send a request; with a caller's token below the caller's own project."""
        headers = dict(options.pop("headers", VERSION))
        return self._cinder.ask(method, path, context, headers=headers, **options)


def has_type(volumes: Volumes, name: str, context: RequestContext) -> bool:
    """Whether the caller may use a volume type of this name or id."""
    found = volumes.ask("GET", "/types", context).json()["volume_types"]
    return any(name in (one["id"], one["name"]) for one in found)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: a volume is kept for a server, or connected to it."""

    id: str
    volume_id: str
    server_id: str


def all_attachments(volumes: Volumes) -> tuple[Kept, ...]:
    """Those of all projects, page by page."""
    found: dict[str, Kept] = {}
    marker: dict[str, str] = {}
    while True:
        query = {"all_tenants": "1", "limit": str(PAGE), **marker}
        page = volumes.ask("GET", "/attachments", params=query).json()["attachments"]
        new = [one for one in page if one["id"] not in found]
        for one in new:
            found[one["id"]] = Kept(
                id=one["id"], volume_id=one["volume_id"], server_id=one["instance"] or ""
            )
        if not new or len(page) < PAGE:
            return tuple(found.values())
        marker = {"marker": page[-1]["id"]}


def reimage(volumes: Volumes, volume_id: str, image_id: str) -> None:
    """Begin to write an image over a volume that a server reserves; its status tells the end.

    Raises Invalid, Conflict, and Refused when the volume service cannot do this.
    """
    action = {"os-reimage": {"image_id": image_id, "reimage_reserved": True}}
    volumes.ask("POST", f"/volumes/{volume_id}/action", json=action, headers=REIMAGE)


def marked_snapshots(volumes: Volumes, key: str, value: str) -> tuple[dict[str, Any], ...]:
    """Snapshots of any project with this metadata, in Cinder's words."""
    query = {"all_tenants": "1", "metadata": f'{{"{key}": "{value}"}}'}
    answer = volumes.ask("GET", "/snapshots/detail", params=query).json()
    return tuple(raw for raw in answer["snapshots"] if _has(raw, key, value))


def tell_snapshot(
    volumes: Volumes, snapshot_id: str, status: str, progress: str | None = None
) -> None:
    """Say how far a snapshot of a volume in use is; one that is gone needs nothing."""
    told = {"status": status, **({"progress": progress} if progress else {})}
    with contextlib.suppress(errors.NotFound):
        path = f"/snapshots/{snapshot_id}/action"
        volumes.ask("POST", path, json={"os-update_snapshot_status": told})


SNAPSHOT_PROJECT = "os-extended-snapshot-attributes:project_id"


def read(raw: dict[str, Any]) -> Volume:
    """The volume in an answer of the volume service."""
    return Volume(
        id=raw["id"],
        name=raw.get("name") or "",
        status=raw.get("status") or "",
        size_gib=raw.get("size") or 0,
        bootable=str(raw.get("bootable")).lower() == "true",
        shared=bool(raw.get("multiattach")),
        zone=raw.get("availability_zone") or "",
        project_id=raw.get("os-vol-tenant-attr:tenant_id") or "",
        is_moving=raw.get("migration_status") not in (None, "success", "error"),
        image={k: str(v) for k, v in (raw.get("volume_image_metadata") or {}).items()},
        raw=raw,
    )


def connection_of(attachment: Mapping[str, Any]) -> dict[str, Any]:
    """driver_volume_type and data, which attachments tell flat; {} when it is not connected.

    Cinder tells the format of files on NFS also of those that are not.
    """
    told = dict(attachment.get("connection_info") or {})
    if not told.get("driver_volume_type"):
        return {}
    if "data" in told:
        return told
    told.pop("attachment_id", None)
    return {"driver_volume_type": told.pop("driver_volume_type", ""), "data": told}


def _has(raw: Mapping[str, Any], key: str, value: str) -> bool:
    return bool((raw.get("metadata") or {}).get(key) == value)


def _may_see(context: RequestContext | None, project_id: str) -> bool:
    """The volume service has decided already when it was asked with the caller's own token."""
    if context is None or context.auth_token or context.is_admin:
        return True
    return bool(project_id == context.project_id)
