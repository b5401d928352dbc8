# SPDX-License-Identifier: Apache-2.0
"""The OpenStack tree of a guest's data: /openstack/VERSION/FILE, each version with what it had. Pure.

Source: ec2-console-cert-hypervisor.md section 2 (files, fields and their first versions).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nova_appliance.domain import share as shares
from nova_appliance.domain.guest_data import Facts
from nova_appliance.domain.network_data import network_data

VERSIONS = (
    "2012-08-10",  # meta_data.json, user_data
    "2013-04-04",  # random_seed, password
    "2013-10-17",  # vendor_data.json
    "2015-10-15",  # network_data.json, project_id
    "2016-06-30",  # devices
    "2016-10-06",  # vendor_data2.json
    "2017-02-22",  # vlan of devices
    "2018-08-27",  # vf_trusted of devices
    "2020-10-14",  # dedicated_cpus
    "2025-04-04",  # shares among the devices
)
SHARES_SINCE = VERSIONS[-1]
LATEST = "latest"
CONTENT = "content"


@dataclasses.dataclass(frozen=True)
class File:
    """One file: the version that brought it, and its content; None leaves it out."""

    since: str
    make: Callable[[Facts, str], bytes | None]
    is_json: bool = True


def files(facts: Facts, version: str) -> dict[str, bytes]:
    """Name > content, of a version or of `latest`."""
    number = VERSIONS[-1] if version == LATEST else version
    made = {name: file.make(facts, number) for name, file in FILES.items() if number >= file.since}
    return {name: content for name, content in made.items() if content is not None}


def shown(today: str) -> tuple[str, ...]:
    """The versions that are listed on a day (ISO): later ones are answered, not told of."""
    return tuple(version for version in VERSIONS if version <= today)


def content(facts: Facts) -> dict[str, bytes]:
    """Files of the user, by their names under content/."""
    return {f"{at:04}": text.encode() for at, (_, text) in enumerate(facts.given)}


def meta_data(facts: Facts, version: str) -> dict[str, Any]:
    """meta_data.json as that version has it."""
    told = {name: make(facts) for name, (since, make) in META_DATA.items() if version >= since}
    if version >= SHARES_SINCE:
        told["devices"] = told["devices"] + _shares(facts)
    return {name: value for name, value in told.items() if value is not None}


def _files(facts: Facts) -> list[dict[str, str]]:
    return [
        {"content_path": f"/{CONTENT}/{at:04}", "path": path}
        for at, (path, _) in enumerate(facts.given)
    ]


def _public_keys(facts: Facts) -> dict[str, str]:
    server = facts.server
    return {server.key_name: server.key_data} if server.key_name and server.key_data else {}


def _keys(facts: Facts) -> list[dict[str, str]]:
    return [
        {"name": name, "type": _key_kind(data), "data": data}
        for name, data in _public_keys(facts).items()
    ]


def _key_kind(data: str) -> str:
    return "x509" if data.lstrip().startswith("-----BEGIN CERTIFICATE") else "ssh"


def _devices(facts: Facts) -> list[dict[str, Any]]:
    """Interfaces that the user gave a tag; where they sit on the bus is the driver's secret."""
    macs = {vif.port_id: vif.mac for vif in facts.vifs}
    return [
        {"type": "nic", "bus": "none", "address": "none", "mac": macs[port_id], "tags": [tag]}
        for port_id, tag in facts.tags.items()
        if port_id in macs
    ]


def _shares(facts: Facts) -> list[dict[str, Any]]:
    """Shares that the guest has; `tag` is what it mounts."""
    known = shares.usable(shares.of(facts.server.system_metadata))
    return [{"type": "share", "share_id": one.share_id, "tag": one.tag} for one in known]


META_DATA: Mapping[str, tuple[str, Callable[[Facts], Any]]] = {
    # field > (the version that brought it, its value; None leaves it out)
    "uuid": (VERSIONS[0], lambda facts: facts.server.id),
    "name": (VERSIONS[0], lambda facts: facts.server.name),
    "hostname": (VERSIONS[0], lambda facts: facts.hostname),
    "availability_zone": (VERSIONS[0], lambda facts: facts.server.zone),
    "launch_index": (VERSIONS[0], lambda facts: facts.server.launch_index),
    "meta": (VERSIONS[0], lambda facts: facts.server.metadata or None),
    "files": (VERSIONS[0], lambda facts: _files(facts) or None),
    "public_keys": (VERSIONS[0], lambda facts: _public_keys(facts) or None),
    "keys": (VERSIONS[0], lambda facts: _keys(facts) or None),
    "random_seed": ("2013-04-04", lambda facts: facts.seed or None),
    "admin_pass": (VERSIONS[0], lambda facts: facts.password or None),
    "project_id": ("2015-10-15", lambda facts: facts.server.project_id),
    "devices": ("2016-06-30", _devices),
    "dedicated_cpus": ("2020-10-14", lambda _facts: []),
}


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


FILES: Mapping[str, File] = {
    "meta_data.json": File("2012-08-10", lambda facts, at: _json(meta_data(facts, at))),
    "user_data": File("2012-08-10", lambda facts, _at: facts.user_data, is_json=False),
    "vendor_data.json": File("2013-10-17", lambda facts, _at: _json(facts.vendor)),
    "network_data.json": File("2015-10-15", lambda facts, _at: _json(network_data(facts))),
    "vendor_data2.json": File("2016-10-06", lambda facts, _at: _json(facts.vendor2)),
}
"""Besides these the service has `password` (2013-04-04), which no drive can have."""
PASSWORD, PASSWORD_SINCE = "password", "2013-04-04"
