# SPDX-License-Identifier: Apache-2.0
"""The files of a config drive, in the layout that cloud-init reads. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from nova_appliance.domain.guest import Vif
from nova_appliance.domain.server import Server

FOLDER = "openstack/latest"


def files(
    server: Server, vifs: Sequence[Vif], domain: str, given: Sequence[tuple[str, str]] = ()
) -> dict[str, str]:
    """Path > text; what the user gave has a path on the server, and stands under content/."""
    places = [f"content/{number:04}" for number in range(len(given))]
    told = [
        {"content_path": f"/{place}", "path": path}
        for place, (path, _) in zip(places, given, strict=True)
    ]
    meta = meta_data(server, domain) | ({"files": told} if told else {})
    found = {
        f"{FOLDER}/meta_data.json": _json(meta),
        f"{FOLDER}/network_data.json": _json(network_data(server, vifs)),
        f"{FOLDER}/vendor_data.json": "{}",
        f"{FOLDER}/vendor_data2.json": "{}",
    }
    for place, (_, text) in zip(places, given, strict=True):
        found[f"openstack/{place}"] = text
    if server.user_data:
        found[f"{FOLDER}/user_data"] = base64.b64decode(server.user_data).decode()
    return found


def meta_data(server: Server, domain: str) -> dict[str, Any]:
    """meta_data.json."""
    told: dict[str, Any] = {
        "uuid": server.id,
        "name": server.name,
        "hostname": f"{server.hostname}.{domain}" if domain else server.hostname,
        "availability_zone": server.zone,
        "launch_index": server.launch_index,
        "project_id": server.project_id,
        "devices": [],
        "dedicated_cpus": [],
    }
    if server.metadata:
        told["meta"] = server.metadata
    if server.key_name and server.key_data:
        told["public_keys"] = {server.key_name: server.key_data}
        told["keys"] = [{"name": server.key_name, "type": "ssh", "data": server.key_data}]
    return told


def network_data(server: Server, vifs: Sequence[Vif]) -> dict[str, Any]:
    """network_data.json: one link a port, its addresses by DHCP."""
    links = [
        {
            "id": vif.device,
            "vif_id": vif.port_id,
            "type": vif.kind,
            "ethernet_mac_address": vif.mac,
            "mtu": vif.mtu,
        }
        for vif in vifs
    ]
    networks: list[dict[str, Any]] = []
    for vif in vifs:
        for address in server.addresses:
            if address.port_id == vif.port_id and address.kind == "fixed":
                networks.append(
                    {
                        "id": f"network{len(networks)}",
                        "type": f"ipv{address.version}_dhcp",
                        "link": vif.device,
                        "network_id": address.network_id,
                    }
                )
    return {"links": links, "networks": networks, "services": []}


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
