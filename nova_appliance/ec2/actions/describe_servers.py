# SPDX-License-Identifier: Apache-2.0
"""DescribeInstances and DescribeInstanceStatus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nova_appliance.common import errors
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import listing, server_states, servers
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Item, Listing
from nova_appliance.ec2.server_states import UP
from nova_appliance.ec2.surroundings import look
from nova_appliance.ec2.views import server as view

AT_ONCE = 200
FILTERS = {
    "architecture": "Architecture",
    "availability-zone": "Placement.AvailabilityZone",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "client-token": "ClientToken",
    "dns-name": "PublicDnsName",
    "group-id": "SecurityGroups.GroupId",
    "group-name": "SecurityGroups.GroupName",
    "hypervisor": "Hypervisor",
    "image-id": "ImageId",
    "instance-id": "InstanceId",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "instance-type": "InstanceType",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "ip-address": "PublicIpAddress",
    "key-name": "KeyName",
    "launch-index": "AmiLaunchIndex",
    "launch-time": "LaunchTime",
    "monitoring-state": "Monitoring.State",
    "network-interface.addresses.private-ip-address": "NetworkInterfaces.PrivateIpAddress",
    "network-interface.mac-address": "NetworkInterfaces.MacAddress",
    "network-interface.network-interface-id": "NetworkInterfaces.NetworkInterfaceId",
    "network-interface.subnet-id": "NetworkInterfaces.SubnetId",
    "network-interface.vpc-id": "NetworkInterfaces.VpcId",
    "owner-id": "OwnerId",
    "placement-group-name": "Placement.GroupName",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "reason": "StateTransitionReason",
    "reservation-id": "ReservationId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-dest-check": "SourceDestCheck",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "subnet-id": "SubnetId",
    "tag-value": "Tags.Value",
    "tenancy": "Placement.Tenancy",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}
LISTING = Listing("Reservations", "InstanceId", "i", "InstanceIds", FILTERS)
STATUS_FILTERS = {
    "availability-zone": "AvailabilityZone",
    "instance-state-code": "InstanceState.Code",
    "instance-state-name": "InstanceState.Name",
    "instance-status.status": "InstanceStatus.Status",
    "instance-status.reachability": "InstanceStatus.Details.Status",
    "system-status.status": "SystemStatus.Status",
    "system-status.reachability": "SystemStatus.Details.Status",
}
STATUS_LISTING = Listing("InstanceStatuses", "InstanceId", "i", "InstanceIds", STATUS_FILTERS)

Describe = Callable[[Caller, Sequence[Server]], list[Item]]
"""Items in the order of the servers."""


def instances(caller: Caller, params: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeInstances."""
    found, token = _choose(caller, params, LISTING, _described)
    answer: dict[str, Any] = {"Reservations": _reservations(found)}
    return answer | ({"NextToken": token} if token else {})


def instances_v6(caller: Caller, params: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeInstancesV6: Nova's own, as DescribeInstances but with dnsNameV6."""
    answer = instances(caller, params)
    for call in answer["Reservations"]:
        for one in call["Instances"]:
            every = [ip for port in one["NetworkInterfaces"] for ip in port["Ipv6Addresses"]]
            one["DnsNameV6"] = every[0]["Ipv6Address"] if every else ""
    return answer


def statuses(caller: Caller, params: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeInstanceStatus: of running instances, or of all when asked."""
    every = params.get("IncludeAllInstances", False)

    def describe(caller: Caller, some: Sequence[Server]) -> list[Item]:
        items = _statuses(caller, some)
        return [item for item in items if every or item["InstanceState"] is UP]

    found, token = _choose(caller, params, STATUS_LISTING, describe)
    return {"InstanceStatuses": found} | ({"NextToken": token} if token else {})


def _choose(
    caller: Caller, params: Mapping[str, Any], table: Listing, describe: Describe
) -> tuple[list[Item], str | None]:
    """The page asked for. Filters look at descriptions; ids and paging at the rows."""
    tests = listing.compile_filters(table.filters, params.get("Filters") or ())
    ids = params.get("InstanceIds") or ()
    most = listing.size(params, table.least_page, given=bool(ids))
    if ids:
        source = iter(servers.find_all(caller, ids, gone=True))
    else:
        source = servers.after(caller, _marker(caller, params))
    found: list[Item] = []
    for some in _parts(source):
        items = describe(caller, some)
        found += [i for i in items if all(listing.passes(i, *test) for test in tests)]
        if most is not None and len(found) > most:
            return found[:most], listing.seal_token(found[most - 1]["InstanceId"])
    return found, None


def _marker(caller: Caller, params: Mapping[str, Any]) -> str | None:
    """The server that the page before ended with."""
    if not params.get("NextToken"):
        return None
    ec2_id = listing.open_token(params["NextToken"])
    thing = caller.names.known("i", (ec2_id,)).get(ec2_id)
    if thing is None:
        raise Fault("InvalidNextToken", "The NextToken is not one of ours.")
    return thing


def _parts(source: Iterator[Server]) -> Iterator[list[Server]]:
    part: list[Server] = []
    try:
        for server in source:
            part.append(server)
            if len(part) == AT_ONCE:
                yield part
                part = []
    except errors.NotFound as error:  # the marker's row is there no more
        raise Fault("InvalidNextToken", "The list has changed; begin again.") from error
    if part:
        yield part


def _described(caller: Caller, some: Sequence[Server]) -> list[Item]:
    around = look(caller, some)
    more = {"OwnerId": caller.project_id}
    return [
        view.show(around, server) | more | {"ReservationId": server.reservation_id}
        for server in some
    ]


def _reservations(found: Sequence[Item]) -> list[Item]:
    """Instances under the calls that made them."""
    by_call: dict[str, Item] = {}
    for item in found:
        call, owner = item.pop("ReservationId"), item.pop("OwnerId")
        empty = {"ReservationId": call, "OwnerId": owner, "Groups": [], "Instances": []}
        by_call.setdefault(call, empty)["Instances"].append(item)
    return list(by_call.values())


def _statuses(caller: Caller, some: Sequence[Server]) -> list[Item]:
    ids = caller.names.give("i", (server.id for server in some))
    return [_status(ids[server.id], server) for server in some]


def _status(ec2_id: str, server: Server) -> Item:
    state = server_states.state(server)
    told = "not-applicable"
    if state is UP:
        told = "impaired" if server.state == "error" else "ok"
    passed = {"ok": "passed", "impaired": "failed"}.get(told)
    details = [{"Name": "reachability", "Status": passed}] if passed else []
    one = {"Status": told, "Details": details}
    return {
        "InstanceId": ec2_id,
        "AvailabilityZone": server.zone or "",
        "InstanceState": state,
        "InstanceStatus": one,
        "SystemStatus": one,
        "Events": [],
    }
