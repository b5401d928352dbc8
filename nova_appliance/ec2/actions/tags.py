# SPDX-License-Identifier: Apache-2.0
"""CreateTags, DeleteTags, DescribeTags: metadata of servers, our table for all else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from nova_appliance.actions import metadata
from nova_appliance.common import errors
from nova_appliance.db import ec2_tags
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import listing, names, protection, servers, tagging
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

TYPES = {
    "i": "instance",
    "ami": "image",
    "vol": "volume",
    "snap": "snapshot",
    "key": "key-pair",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "eipalloc": "elastic-ip",
    "vpc": "vpc",
    "subnet": "subnet",
    "eni": "network-interface",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "pg": "placement-group",
    "dopt": "dhcp-options",
    "lt": "launch-template",
}
"""Kind > resourceType."""
LISTING = Listing(
    "Tags", "_key", filters={
        "key": "Key",
        "resource-id": "ResourceId",
        "resource-type": "ResourceType",
        "value": "Value",
    },
)  # fmt: skip


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateTags: nothing is tagged unless all can be."""
    new = tagging.read(params["Tags"])
    things = _things(caller, params)
    for ec2_id, server in things.items():
        tagging.check_count(_present(caller, ec2_id, server) | new)
    for ec2_id, server in things.items():
        if server is None or not _put_on_server(caller, server, new):
            tagging.keep(caller, ec2_id, new)
    return {}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags: by key, or by key and value; without tags, all."""
    for ec2_id, server in _things(caller, params).items():
        present = _present(caller, ec2_id, server)
        doomed = _doomed(params.get("Tags") or (), present)
        tagging.remove(caller, ec2_id, doomed)
        if server:
            _take_from_server(caller, server, doomed)
    return {}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeTags."""
    answer = listing.show(LISTING, params, _every(caller))
    for item in answer["Tags"]:
        del item["_key"]
    return answer


def _things(caller: Caller, params: Mapping[str, Any]) -> dict[str, Server | None]:
    """EC2 id > its server, or None for all else. Raises Fault unless all are there."""
    if not params.get("Resources"):
        raise missing("ResourceId")
    found: dict[str, Server | None] = {}
    for ec2_id in params["Resources"]:
        kind = names.kind_of(ec2_id)
        if kind is None:
            raise Fault("InvalidID", f"The ID '{shown(ec2_id)}' is not valid")
        found[ec2_id] = servers.find(caller, ec2_id) if kind == "i" else None
        caller.names.find(kind, ec2_id)
    return found


def _present(caller: Caller, ec2_id: str, server: Server | None) -> dict[str, str]:
    with caller.cloud.cells.api.read() as conn:
        kept = ec2_tags.of_one(conn, caller.project_id, ec2_id)
    own = server.metadata if server else {}
    return {key: own[key] for key in own.keys() - protection.NO_TAGS} | kept


def _put_on_server(caller: Caller, server: Server, new: Mapping[str, str]) -> bool:
    """False when its state forbids it: a server in the making, for one."""
    try:
        metadata.merge(caller.cloud, caller.context, server, new)
    except errors.Conflict:
        return False
    return True


def _take_from_server(caller: Caller, server: Server, keys: list[str]) -> None:
    for key in keys:
        if key in server.metadata:
            with coded(Conflict="IncorrectInstanceState"), contextlib.suppress(errors.NotFound):
                metadata.remove(caller.cloud, caller.context, server, key)


def _doomed(asked: Any, present: Mapping[str, str]) -> list[str]:
    if not asked:
        return list(present)
    return [
        tag["Key"]
        for tag in asked
        if tag.get("Key") in present and tag.get("Value") in (None, present[tag["Key"]])
    ]


def _every(caller: Caller) -> Iterator[dict[str, Any]]:
    kept = tags(caller)
    living = {server.id: server for server in servers.after(caller, None) if not server.deleted}
    ids = caller.names.give("i", living)
    merged = {ec2_id: kept.pop(ec2_id, {}) for ec2_id in ids.values()}
    for thing, ec2_id in ids.items():
        merged[ec2_id] = living[thing].metadata | merged[ec2_id]
    merged |= {ec2_id: some for ec2_id, some in kept.items() if names.kind_of(ec2_id) != "i"}
    for ec2_id, some in merged.items():
        for tag in tag_set(some):
            yield {
                "ResourceId": ec2_id,
                "ResourceType": TYPES.get(names.kind_of(ec2_id) or "", "unknown"),
                **tag,
                "_key": f"{ec2_id} {tag['Key']}",
            }
