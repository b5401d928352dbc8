# SPDX-License-Identifier: Apache-2.0
"""CreateDhcpOptions, AssociateDhcpOptions, DeleteDhcpOptions, DescribeDhcpOptions: a VPC's resolvers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from nova_appliance.common import ids
from nova_appliance.db import ec2_documents
from nova_appliance.db.ec2_documents import Document
from nova_appliance.ec2 import dhcp_options, listing, names, tagging, topology, vpcs
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.dhcp_options import DEFAULT, KIND, OWN, SERVERS, Row
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

LISTING = Listing(
    "DhcpOptions", "DhcpOptionsId", "dopt", "DhcpOptionsIds", {
        "dhcp-options-id": "DhcpOptionsId",
        "key": "DhcpConfigurations.Key",
        "owner-id": "OwnerId",
        "tag-value": "Tags.Value",
        "value": "DhcpConfigurations.Values.Value",
    },
)  # fmt: skip
DOMAIN = "domain-name"
MOST_SERVERS = 4


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateDhcpOptions: domain-name-servers; domain-name may be told as it is."""
    new = tagging.specified(params, "dhcp-options")
    body = _read(caller, params["DhcpConfigurations"])
    document_id = ids.new_id()
    document = Document(
        id=document_id,
        project_id=caller.project_id,
        kind=KIND,
        name=document_id,
        body=body,
        created_at=caller.cloud.clock.now(),
    )
    caller.cloud.cells.api.transact(lambda conn: ec2_documents.add(conn, document))
    ec2_id = caller.names.one("dopt", document_id)
    tagging.keep(caller, ec2_id, new)
    return {"DhcpOptions": _show(caller, ec2_id, body, new)}


def associate(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AssociateDhcpOptions: with a VPC made here; its subnets tell guests at their next lease."""
    wanted = dhcp_options.find(caller, params["DhcpOptionsId"])
    seen = topology.look(caller)
    router = topology.find_vpc(seen, params["VpcId"])
    if router == seen.account:
        if wanted is not None:
            raise Fault("OperationNotPermitted", "The default VPC's DHCP options stay as they are.")
        return {}
    row = seen.routers[router]
    marks = {vpcs.DHCP: wanted.id if wanted else ""}
    with coded(NotFound="InvalidVpcID.NotFound"):
        vpcs.mark(caller, row, marks)  # first, so that a subnet made meanwhile has them
        servers = dhcp_options.servers(wanted.body) if wanted else []
        for subnet in seen.subnets:
            if seen.vpc_of(subnet) == router and subnet["dns_nameservers"] != servers:
                told = {"dns_nameservers": servers}
                caller.rows.change(caller.context, "subnets", subnet["id"], told)
    return {}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteDhcpOptions: a set that no VPC has."""
    ec2_id = params["DhcpOptionsId"]
    found = dhcp_options.find(caller, ec2_id)
    if found is None:
        raise Fault("OperationNotPermitted", "The default DHCP options stay.")
    routers = topology.look(caller).routers.values()
    if any(vpcs.told(row, vpcs.DHCP) == found.id for row in routers):
        raise Fault("DependencyViolation", f"The dhcpOptions '{ec2_id}' has dependencies.")
    caller.cloud.cells.api.transact(lambda conn: ec2_documents.remove(conn, found.id))
    tagging.forget(caller, ec2_id)
    return {}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeDhcpOptions: those made, and the set that every VPC has by itself."""
    made = dhcp_options.every(caller)
    ec2_ids = caller.names.give("dopt", (one.id for one in made))
    kept = tags(caller)
    items = [_show(caller, DEFAULT, {DOMAIN: [caller.cloud.conf.api.dhcp_domain]}, {})]
    items += [
        _show(caller, ec2_ids[one.id], one.body, kept.get(ec2_ids[one.id], {})) for one in made
    ]
    asked = params.get("DhcpOptionsIds") or ()
    for one in asked:
        if one != DEFAULT:
            names.check("dopt", one)
        if one not in {DEFAULT, *ec2_ids.values()}:
            raise names.missing("dopt", (one,))
    items = [item for item in items if not asked or item["DhcpOptionsId"] in asked]
    return listing.show(LISTING, {**params, "DhcpOptionsIds": ()}, items)


def _read(caller: Caller, configurations: list[Row]) -> Row:
    """Key > values. Raises Fault."""
    body: Row = {}
    for one in configurations:
        key, values = str(one.get("Key") or ""), list(one.get("Values") or ())
        if key in body:
            raise Fault("InvalidParameterValue", f"The option {shown(key)} is given twice.")
        if key not in READ:
            raise Fault(
                "UnsupportedOperation",
                f"The option {shown(key)} is not built here: a subnet tells its guests "
                f"{SERVERS} and no more.",
            )
        READ[key](caller, values)
        body[key] = values
    if not body:
        raise missing("DhcpConfiguration")
    return body


def _check_servers(_caller: Caller, values: list[str]) -> None:
    if not 1 <= len(values) <= MOST_SERVERS:
        raise Fault("InvalidParameterValue", f"{SERVERS} has from 1 to {MOST_SERVERS} values.")
    if values == [OWN]:
        return
    for value in values:
        try:
            ipaddress.IPv4Address(value)
        except ValueError as error:
            told = f"Value ({shown(value)}) of {SERVERS} is no address (and not alone)."
            raise Fault("InvalidParameterValue", told) from error


def _check_domain(caller: Caller, values: list[str]) -> None:
    own = caller.cloud.conf.api.dhcp_domain
    if values != [own]:
        raise Fault("UnsupportedOperation", f"The domain of guests is {own} here, and stays.")


READ = {DOMAIN: _check_domain, SERVERS: _check_servers}


def _show(caller: Caller, ec2_id: str, body: Row, kept: Mapping[str, str]) -> Row:
    return {
        "DhcpOptionsId": ec2_id,
        "OwnerId": caller.project_id,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]}
            for key, values in body.items()
        ],
        "Tags": tag_set(kept),
    }
