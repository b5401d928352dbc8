# SPDX-License-Identifier: Apache-2.0
"""The files of a config drive, from the same facts as the metadata service. Pure."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping

import msgspec

from nova_appliance.domain import ec2_tree, openstack_tree
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.guest_data import Facts

EC2_VERSIONS = ("2009-04-04", ec2_tree.LATEST)
"""Older ones are read by nobody ([api] config_drive_skip_versions of Nova leaves them out too)."""
LABEL = "config-2"


def files(facts: Facts) -> dict[str, bytes]:
    """Path > content."""
    found: dict[str, bytes] = {}
    for version in (*openstack_tree.VERSIONS, openstack_tree.LATEST):
        for name, content in openstack_tree.files(facts, version).items():
            found[f"openstack/{version}/{name}"] = content
    for name, content in openstack_tree.content(facts).items():
        found[f"openstack/{openstack_tree.CONTENT}/{name}"] = content
    for version in EC2_VERSIONS:
        found |= {f"ec2/{version}/{name}": text for name, text in _ec2(facts, version).items()}
    return found


def _ec2(facts: Facts, version: str) -> dict[str, bytes]:
    whole = ec2_tree.tree(facts, version)
    told = {"meta-data.json": msgspec.json.encode(ec2_tree.as_json(whole["meta-data"]))}
    return told | ({"user-data": whole["user-data"]} if "user-data" in whole else {})


@dataclasses.dataclass(frozen=True)
class Packed:
    """A drive as an order carries it: what several versions share stands in it once."""

    texts: dict[str, str]
    binary: tuple[str, ...]
    """Paths whose text is base64."""
    same: dict[str, str]
    """Path > an earlier path with the same content."""


def packed(found: Mapping[str, bytes]) -> Packed:
    """What goes into domain.guest.Guest."""
    texts: dict[str, str] = {}
    binary: list[str] = []
    same: dict[str, str] = {}
    first: dict[bytes, str] = {}
    for path, content in found.items():
        if content in first:
            same[path] = first[content]
            continue
        first[content] = path
        try:
            texts[path] = content.decode()
        except UnicodeDecodeError:
            texts[path] = base64.b64encode(content).decode()
            binary.append(path)
    return Packed(texts, tuple(binary), same)


def unpacked(guest: Guest) -> dict[str, bytes]:
    """Path > content of a guest's drive; empty when it has none."""
    found = {
        path: base64.b64decode(text) if path in guest.config_drive_binary else text.encode()
        for path, text in (guest.config_drive or {}).items()
    }
    shared = guest.config_drive_same.items()
    return found | {path: found[other] for path, other in shared if other in found}
