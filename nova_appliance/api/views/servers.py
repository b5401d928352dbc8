# SPDX-License-Identifier: Apache-2.0
"""Servers as the API shows them: one table of fields, by microversion and by who may see them.

Pure: all that a view needs beside the server stands in `Seen`, made once per request.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import operator
from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.api.versioned import Version, parse
from nova_appliance.domain import states
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Address, Fault, Server

PROGRESS = frozenset(("ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"))
FAULTY = frozenset(("ERROR", "DELETED"))
CHANGED = frozenset(("update", "rebuild"))
"""Answers to those who have changed a server."""
NEVER: Version = (9, 9)
ALWAYS, ATTRIBUTES, HOST_STATUS = "", "attributes", "host_status"
"""Who sees a field: everybody, or who may see attributes or the host's status."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """The eyes of a request: version, address of the service, what policy allows."""

    version: Version
    base: str
    bookmarks: str
    name_template: str = "instance-%08x"
    gates: frozenset[str] = frozenset((ALWAYS,))
    extra_specs: bool = False
    is_admin: bool = False
    unknown_only: bool = False
    """Of host statuses, only UNKNOWN is shown."""
    host_statuses: Mapping[str, str] = dataclasses.field(default_factory=dict)


Compute = Callable[[Server, Seen], Any]
Read = str | Compute
"""The name of the attribute that is shown as it is, or what is made of the server."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A field: how it is read, since when show, detail and update have it, and its gate."""

    name: str
    read: Read
    since: Version = (2, 1)
    gate: str = ALWAYS
    update: Version = (2, 75)
    """Since when PUT answers with it too."""
    rebuild: Version | None = None
    """Since when rebuild answers with it, where that differs from PUT."""
    detail: bool = True
    """Whether lists have it."""
    until: Version = (9, 9)


def field(name: str, read: Read, since: str = "2.1", **more: Any) -> Row:
    """A row; a field newer than 2.1 comes with PUT at once unless said otherwise."""
    first = parse(since)
    more.setdefault("update", first if first > (2, 3) else (2, 75))
    return Row(name, read, first, **more)


def core(name: str, read: Read) -> Row:
    """A row that every answer has had from the start."""
    return Row(name, read, update=(2, 1))


def attribute(name: str, read: Read, since: str = "2.1") -> Row:
    """A row of OS-EXT-SRV-ATTR."""
    return Row(f"OS-EXT-SRV-ATTR:{name}", read, parse(since), ATTRIBUTES)


def _links(server: Server, seen: Seen) -> list[dict[str, str]]:
    tail = f"/servers/{server.id}"
    return [
        {"rel": "self", "href": seen.base + tail},
        {"rel": "bookmark", "href": seen.bookmarks + tail},
    ]


def _image(server: Server, seen: Seen) -> Any:
    image = server.image
    if image is None:
        return ""
    href = f"{seen.bookmarks}/images/{image.id}"
    view: dict[str, Any] = {"id": image.id, "links": [{"rel": "bookmark", "href": href}]}
    if seen.version >= (2, 98):
        view["properties"] = image.properties
    return view


def _flavor(server: Server, seen: Seen) -> dict[str, Any]:
    flavor = server.flavor
    if seen.version >= (2, 47):
        return _embedded(flavor, seen)
    href = f"{seen.bookmarks}/flavors/{flavor.id}"
    return {"id": flavor.id, "links": [{"rel": "bookmark", "href": href}]}


def _embedded(flavor: Flavor, seen: Seen) -> dict[str, Any]:
    view: dict[str, Any] = {
        "vcpus": flavor.vcpus,
        "ram": flavor.memory_mib,
        "disk": flavor.root_gib,
        "ephemeral": flavor.ephemeral_gib,
        "swap": flavor.swap_mib,
        "original_name": flavor.name,
    }
    if seen.extra_specs:
        view["extra_specs"] = flavor.extra_specs
    return view


def addresses(server: Server, *, extended: bool) -> dict[str, list[dict[str, Any]]]:
    """Network name > addresses; nothing while the server is being built."""
    found: dict[str, list[dict[str, Any]]] = {}
    if server.state != "building":
        for address in server.addresses:
            found.setdefault(address.network, []).append(_address(address, extended))
    return found


def _address(address: Address, extended: bool) -> dict[str, Any]:  # noqa: FBT001 - hot path
    if not extended:
        return {"version": address.version, "addr": address.address}
    return {
        "version": address.version,
        "addr": address.address,
        "OS-EXT-IPS:type": address.kind,
        "OS-EXT-IPS-MAC:mac_addr": address.mac,
    }


def _volumes(server: Server, seen: Seen) -> list[dict[str, Any]]:
    if not server.attachments:
        return []
    with_end = seen.version >= (2, 3)
    return [
        {"id": one.volume_id}
        | ({"delete_on_termination": one.delete_on_termination} if with_end else {})
        for one in server.attachments
        if one.is_volume
    ]


@functools.lru_cache(maxsize=4096)
def host_id(project_id: str, host: str | None) -> str:
    """A host's name that only its own project can compare."""
    return hashlib.sha224(f"{project_id}{host}".encode()).hexdigest() if host else ""


def _host_status(server: Server, seen: Seen) -> str:
    return seen.host_statuses.get(server.host, "UNKNOWN") if server.host else ""


def _short(when: Any) -> str:
    return f"{when.isoformat(timespec='seconds')}Z"


def _long(when: Any) -> str | None:
    return when.isoformat(timespec="microseconds") if when else None


def _property(server: Server, name: str) -> str:
    return server.image.properties.get(name, "") if server.image else ""


ROWS = (
    core("id", "id"),
    core("name", "name"),
    core("status", lambda s, _: states.status(s.state, s.task)),
    core("tenant_id", "project_id"),
    core("user_id", "user_id"),
    core("metadata", "metadata"),
    core("hostId", lambda s, _: host_id(s.project_id, s.host)),
    core("image", _image),
    core("flavor", _flavor),
    core("created", lambda s, _: _short(s.created_at)),
    core("updated", lambda s, _: _short(s.updated_at or s.created_at)),
    Row("addresses", lambda s, _: addresses(s, extended=True)),
    core("accessIPv4", lambda s, _: s.access_ip_v4 or ""),
    core("accessIPv6", lambda s, _: s.access_ip_v6 or ""),
    core("links", _links),
    core("OS-DCF:diskConfig", "disk_config"),
    field("OS-EXT-AZ:availability_zone", lambda s, _: s.zone or ""),
    field("config_drive", lambda s, _: "True" if s.config_drive else ""),
    field("key_name", "key_name", rebuild=(2, 54)),
    field("OS-SRV-USG:launched_at", lambda s, _: _long(s.launched_at)),
    field("OS-SRV-USG:terminated_at", lambda s, _: _long(s.terminated_at)),
    attribute("host", "host"),
    attribute("instance_name", lambda s, seen: seen.name_template % s.row),
    attribute("hypervisor_hostname", "node"),
    attribute("reservation_id", "reservation_id", "2.3"),
    attribute("launch_index", "launch_index", "2.3"),
    attribute("kernel_id", lambda s, _: _property(s, "kernel_id"), "2.3"),
    attribute("ramdisk_id", lambda s, _: _property(s, "ramdisk_id"), "2.3"),
    attribute("root_device_name", "root_device", "2.3"),
    Row("OS-EXT-SRV-ATTR:user_data", "user_data", (2, 3), ATTRIBUTES, rebuild=NEVER),
    Row("OS-EXT-SRV-ATTR:hostname", "hostname", (2, 3), ATTRIBUTES, until=(2, 89)),
    Row("OS-EXT-SRV-ATTR:hostname", "hostname", (2, 90)),
    field("OS-EXT-STS:task_state", "task"),
    field("OS-EXT-STS:vm_state", "state"),
    field("OS-EXT-STS:power_state", "power"),
    field("os-extended-volumes:volumes_attached", _volumes),
    field("locked", lambda s, _: s.locked_by is not None, "2.9"),
    field("host_status", _host_status, "2.16", gate=HOST_STATUS, update=(2, 75)),
    field("description", "description", "2.19"),
    field("tags", "tags", "2.26"),
    field("trusted_image_certificates", "trusted_certs", "2.63"),
    field("server_groups", lambda s, _: [s.group_id] if s.group_id else [], "2.71", detail=False),
    field("locked_reason", "locked_reason", "2.73"),
    field("pinned_availability_zone", "pinned_zone", "2.96"),
    field("scheduler_hints", "hints", "2.100"),
)
"""All fields but progress, fault and security_groups, which come and go with the server."""


@dataclasses.dataclass(frozen=True)
class Fields:
    """The fields of one kind of answer: those shown as they are, read at one go, and the rest."""

    names: tuple[str, ...]
    values: Callable[[Server], tuple[Any, ...]]
    computed: tuple[tuple[str, Compute], ...]


@functools.cache
def _fields(kind: str, version: Version, gates: frozenset[str]) -> Fields:
    """The fields of one kind of answer (show, detail, update, rebuild) at one version."""
    plain: dict[str, str] = {}
    computed: dict[str, Compute] = {}
    for row in ROWS:
        changed = row.rebuild if kind == "rebuild" and row.rebuild else row.update
        since = max(row.since, changed) if kind in CHANGED else row.since
        listed = row.detail or kind != "detail"
        if not (since <= version <= row.until and row.gate in gates and listed):
            continue
        if isinstance(row.read, str):
            plain[row.name] = row.read
        else:
            computed[row.name] = row.read
    values = operator.attrgetter(*plain.values())
    return Fields(tuple(plain), values, tuple(computed.items()))


def whole(server: Server, seen: Seen, kind: str = "show") -> dict[str, Any]:
    """All details; `kind` is show, detail, update or rebuild."""
    fields = _fields(kind, seen.version, seen.gates)
    view: dict[str, Any] = dict(zip(fields.names, fields.values(server), strict=True))
    for name, read in fields.computed:
        view[name] = read(server, seen)
    status = view["status"]
    if status in PROGRESS:
        view["progress"] = server.progress
    if status in FAULTY and server.fault:
        view["fault"] = _fault(server.fault, seen)
    if kind == "rebuild" and seen.version >= (2, 57):
        view["user_data"] = server.user_data
    if kind in CHANGED and seen.version < (2, 75):
        view["addresses"] = addresses(server, extended=False)
        return view
    if server.security_groups:
        view["security_groups"] = [{"name": name} for name in server.security_groups]
    if seen.unknown_only and view.get("host_status") != "UNKNOWN":
        view.pop("host_status", None)
    return view


def brief(server: Server, seen: Seen) -> dict[str, Any]:
    """An entry of GET /servers."""
    return {"id": server.id, "name": server.name, "links": _links(server, seen)}


def created(server: Server, seen: Seen) -> dict[str, Any]:
    """The answer to POST /servers, without the password."""
    groups = server.security_groups or ("default",)
    return {
        "id": server.id,
        "links": _links(server, seen),
        "OS-DCF:diskConfig": server.disk_config,
        "security_groups": [{"name": name} for name in groups],
    }


def _fault(fault: Fault, seen: Seen) -> dict[str, Any]:
    view: dict[str, Any] = {
        "code": fault.code,
        "created": _short(fault.created_at),
        "message": fault.message,
    }
    if fault.details and (seen.is_admin or fault.code != 500):
        view["details"] = fault.details
    return view
