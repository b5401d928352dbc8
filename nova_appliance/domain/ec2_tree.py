# SPDX-License-Identifier: Apache-2.0
"""The EC2 tree of a guest's data: /VERSION/meta-data/..., each version with what it had. Pure.

Source: ec2-console-cert-hypervisor.md section 2 (items and their first versions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.domain.guest_data import Facts

VERSIONS = (
    "1.0",
    "2007-01-19",  # local-hostname, public-hostname, public-ipv4
    "2007-03-01",
    "2007-08-29",  # instance-type
    "2007-10-10",
    "2007-12-15",  # block-device-mapping, kernel-id, ramdisk-id
    "2008-02-01",  # placement
    "2008-09-01",  # instance-action
    "2009-04-04",
)
LATEST = "latest"
NAME = "_name"
"""Key of a folder that is listed under another name: `0=key`."""
Tree = dict[str, Any]


def tree(facts: Facts, version: str) -> Tree:
    """Name > text, bytes, or a folder of the same kind; of a version or of `latest`."""
    at = len(VERSIONS) - 1 if version == LATEST else VERSIONS.index(version)
    told = {
        name: make(facts) for name, (since, make) in META_DATA.items()
        if VERSIONS.index(since) <= at
    }  # fmt: skip
    whole: Tree = {"meta-data": {name: value for name, value in told.items() if value is not None}}
    if facts.user_data is not None:
        whole["user-data"] = facts.user_data
    return whole


def as_json(value: Any) -> Any:
    """A tree as the config drive's meta-data.json has it."""
    if isinstance(value, dict):
        return {name: as_json(part) for name, part in value.items() if name != NAME}
    return value


def _id_of(thing: str) -> Callable[[Facts], str | None]:
    """The EC2 id of an image that the server's image names."""

    def make(facts: Facts) -> str | None:
        image = facts.server.image
        return facts.ec2_ids.get(image.properties.get(thing, "")) if image else None

    return make


def _image(facts: Facts) -> str:
    image = facts.server.image
    return facts.ec2_ids.get(image.id, "") if image else ""


def _keys(facts: Facts) -> Tree | None:
    server = facts.server
    if not (server.key_name and server.key_data):
        return None
    return {"0": {NAME: f"0={server.key_name}", "openssh-key": server.key_data}}


def _first(facts: Facts, kind: str) -> str:
    return next((one.address for one in facts.addresses(kind)), "")


def _disks(facts: Facts) -> Tree:
    server, flavor = facts.server, facts.server.flavor
    root = server.root_device
    mapping = {"ami": root.removeprefix("/dev/"), "root": root}
    letters = iter("bcdefgh")
    stem = root.rstrip("0123456789")[:-1]
    if flavor.ephemeral_gib:
        mapping["ephemeral0"] = stem + next(letters)
    if flavor.swap_mib:
        mapping["swap"] = stem + next(letters)
    volumes = [one.device for one in server.attachments if one.is_volume and one.device != root]
    return mapping | {f"ebs{at}": device for at, device in enumerate(volumes)}


META_DATA: Mapping[str, tuple[str, Callable[[Facts], Any]]] = {
    # item > (the version that brought it, its value; None leaves it out)
    "ami-id": ("1.0", _image),
    "ami-launch-index": ("1.0", lambda facts: str(facts.server.launch_index)),
    "ami-manifest-path": ("1.0", lambda _facts: "FIXME"),
    "hostname": ("1.0", lambda facts: facts.hostname),
    "instance-id": ("1.0", lambda facts: facts.ec2_ids.get(facts.server.id, "")),
    "local-ipv4": ("1.0", lambda facts: _first(facts, "fixed")),
    "public-keys": ("1.0", _keys),
    "reservation-id": ("1.0", lambda facts: facts.server.reservation_id),
    "security-groups": ("1.0", lambda facts: "\n".join(facts.server.security_groups)),
    "local-hostname": ("2007-01-19", lambda facts: facts.hostname),
    "public-hostname": ("2007-01-19", lambda facts: facts.hostname),
    "public-ipv4": ("2007-01-19", lambda facts: _first(facts, "floating")),
    "instance-type": ("2007-08-29", lambda facts: facts.server.flavor.name),
    "block-device-mapping": ("2007-12-15", _disks),
    "kernel-id": ("2007-12-15", _id_of("kernel_id")),
    "ramdisk-id": ("2007-12-15", _id_of("ramdisk_id")),
    "placement": ("2008-02-01", lambda facts: {"availability-zone": facts.server.zone or ""}),
    "instance-action": ("2008-09-01", lambda _facts: "none"),
}
