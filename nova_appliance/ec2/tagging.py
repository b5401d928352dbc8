# SPDX-License-Identifier: Apache-2.0
"""Tags: their limits, and those that come along with a call that makes something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.db import ec2_tags
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

MOST = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256


def specified(params: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The tags of TagSpecification.N for this kind of thing. Raises Fault."""
    found: dict[str, str] = {}
    for one in params.get("TagSpecifications") or ():
        if one.get("ResourceType") == kind:
            found |= read(one.get("Tags") or ())
        elif kind != "instance":
            told = shown(str(one.get("ResourceType")))
            raise Fault("InvalidParameterValue", f"'{told}' is not what this call makes.")
    check_count(found)
    return found


def read(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Key > value of tags as they come in. Raises Fault."""
    found: dict[str, str] = {}
    for tag in tags:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if not key or len(key) > LONGEST_KEY:
            raise Fault("InvalidParameterValue", "A tag's key has 1 to 128 characters.")
        if len(value) > LONGEST_VALUE:
            raise Fault("InvalidParameterValue", "A tag's value has at most 256 characters.")
        if key.lower().startswith("aws:"):
            raise Fault("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved.")
        if key in found:
            raise Fault("InvalidParameterValue", f"The tag key {shown(key)} is given twice.")
        found[key] = value
    return found


def check_count(tags: Mapping[str, str]) -> None:
    """Raises Fault when a thing would have too many."""
    if len(tags) > MOST:
        raise Fault("TagLimitExceeded", f"A resource may have at most {MOST} tags.")


def keep(caller: Caller, ec2_id: str, tags: Mapping[str, str]) -> None:
    """Put tags into our table."""
    if not tags:
        return

    def work(conn: Any) -> None:
        check_count({**ec2_tags.of_one(conn, caller.project_id, ec2_id), **tags})
        ec2_tags.merge(conn, caller.project_id, ec2_id, tags)

    caller.cloud.cells.api.transact(work)


def forget(caller: Caller, ec2_id: str) -> None:
    """Take away the tags of something that is gone."""
    caller.cloud.cells.api.transact(lambda conn: ec2_tags.forget(conn, caller.project_id, ec2_id))


def remove(caller: Caller, ec2_id: str, keys: Iterable[str]) -> None:
    """Take tags out of our table."""
    doomed = list(keys)
    caller.cloud.cells.api.transact(
        lambda conn: ec2_tags.remove(conn, caller.project_id, ec2_id, doomed)
    )
