# SPDX-License-Identifier: Apache-2.0
"""Which VPC something of the network service is in: told by its tags there.

A VPC made by EC2 is a router; all that no such tag claims is in the project's default VPC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.ec2.caller import Caller

VPC = "ec2-vpc"
"""Tag of a router that is a VPC."""
IN_VPC = "ec2-vpc:"
"""Begin of the tag that names the router of something's VPC."""
CIDR = "ec2-cidr:"
GATEWAY = "ec2-igw:"
"""Begin of a router's tag that names the internet gateway attached to it."""
OUT = "ec2-out:"
"""Begin of a router's tag that names the internet gateway its default route leads to."""
DHCP = "ec2-dopt:"
"""Begin of a router's tag that names the DHCP options of its VPC."""
Row = Mapping[str, Any]


def of(row: Row, project_id: str) -> str:
    """What stands for the VPC of a subnet, network or group: a router's id, or the project's."""
    return told(row, IN_VPC) or project_id


def told(row: Row, begin: str) -> str:
    """The rest of the tag with this begin."""
    tags: Iterable[str] = row.get("tags") or ()
    return next((tag[len(begin) :] for tag in tags if tag.startswith(begin)), "")


def mark(caller: Caller, row: Row, marks: Mapping[str, str]) -> None:
    """Have these tags on a router: begin > rest, "" for none; all others stay."""
    old = row.get("tags") or ()
    new = {tag for tag in old if not tag.startswith(tuple(marks))}
    new |= {begin + rest for begin, rest in marks.items() if rest}
    if new != set(old):
        caller.rows.tag(caller.context, "routers", row["id"], new)
