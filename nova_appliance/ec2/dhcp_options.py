# SPDX-License-Identifier: Apache-2.0
"""Sets of DHCP options: documents of ours; a VPC's router has a tag that names the one it has."""

from __future__ import annotations

from typing import Any

from nova_appliance.db import ec2_documents
from nova_appliance.db.ec2_documents import Document
from nova_appliance.ec2 import names
from nova_appliance.ec2.caller import Caller

Row = dict[str, Any]
KIND = "dhcp-options"
DEFAULT = "default"
SERVERS = "domain-name-servers"
OWN = "AmazonProvidedDNS"
"""EC2's word for the resolver that a subnet has by itself."""


def every(caller: Caller) -> tuple[Document, ...]:
    """The sets that the project made."""
    with caller.cloud.cells.api.read() as conn:
        return ec2_documents.list_(conn, caller.project_id, KIND)


def find(caller: Caller, ec2_id: str) -> Document | None:
    """The set of that id, or None for the one called default. Raises Fault."""
    if ec2_id == DEFAULT:
        return None
    thing = caller.names.find("dopt", ec2_id)
    found = get(caller, thing)
    if found is None:
        raise names.missing("dopt", (ec2_id,))
    return found


def get(caller: Caller, document_id: str) -> Document | None:
    """The set behind a router's tag."""
    with caller.cloud.cells.api.read() as conn:
        return ec2_documents.get(conn, caller.project_id, KIND, document_id)


def servers(body: Row) -> list[str]:
    """What the network service tells guests; [] is its own resolver."""
    return [value for value in body.get(SERVERS, ()) if value != OWN]
