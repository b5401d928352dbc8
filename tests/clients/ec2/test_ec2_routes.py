# SPDX-License-Identifier: Apache-2.0
"""Routes of a VPC's main table by boto3: through gateways, instances and interfaces; what is refused."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

OUT = "0.0.0.0/0"


@dataclasses.dataclass(frozen=True)
class Vpc:
    client: object
    id: str
    subnet: str
    table: str
    gateway: str
    """Attached."""

    def routes(self):
        """Destination > (target, state), but for the local one."""
        (seen,) = self.client.describe_route_tables(RouteTableIds=[self.table])["RouteTables"]
        local, *rest = seen["Routes"]
        assert (local["DestinationCidrBlock"], local["GatewayId"]) == ("10.88.0.0/16", "local")
        return {row["DestinationCidrBlock"]: (self.target(row), row["State"]) for row in rest}

    def target(self, row):
        return row.get("GatewayId") or row.get("InstanceId") or row.get("NetworkInterfaceId")

    def create(self, to, **target):
        self.client.create_route(**self.route(to), **target)

    def replace(self, to, **target):
        self.client.replace_route(**self.route(to), **target)

    def delete(self, to):
        self.client.delete_route(**self.route(to))

    def route(self, to):
        return {"RouteTableId": self.table, "DestinationCidrBlock": to}


@pytest.fixture(scope="module")
def vpc(client):
    made = client.create_vpc(CidrBlock="10.88.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=made, CidrBlock="10.88.1.0/24")["Subnet"]["SubnetId"]
    gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
    filters = [
        {"Name": "vpc-id", "Values": [made]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    (table,) = client.describe_route_tables(Filters=filters)["RouteTables"]
    yield Vpc(client, made, subnet, table["RouteTableId"], gateway)
    client.detach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
    client.delete_internet_gateway(InternetGatewayId=gateway)
    client.delete_subnet(SubnetId=subnet)
    client.delete_vpc(VpcId=made)


@pytest.fixture
def interface(client, vpc):
    made = client.create_network_interface(SubnetId=vpc.subnet)["NetworkInterface"]
    yield made
    client.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])


def router(cloud, vpc_cidr="10.88.0.0/16"):
    """As the network service has it."""
    network = cloud.connect("admin").network
    (found,) = [row for row in network.routers() if f"ec2-cidr:{vpc_cidr}" in row.tags]
    return found


def test_the_way_out_is_the_routers_gateway(client, cloud, vpc, code):
    assert vpc.routes() == {}
    assert router(cloud).external_gateway_info is None
    vpc.create(OUT, GatewayId=vpc.gateway)
    assert vpc.routes() == {OUT: (vpc.gateway, "active")}
    assert router(cloud).external_gateway_info["network_id"]
    again = {**vpc.route(OUT), "GatewayId": vpc.gateway}
    assert code(client.create_route, **again) == "RouteAlreadyExists"
    vpc.replace(OUT, GatewayId=vpc.gateway)
    pair = {"InternetGatewayId": vpc.gateway, "VpcId": vpc.id}
    client.detach_internet_gateway(**pair)
    assert vpc.routes() == {OUT: (vpc.gateway, "blackhole")}
    assert router(cloud).external_gateway_info is None
    other = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=other, VpcId=vpc.id)
    client.detach_internet_gateway(InternetGatewayId=other, VpcId=vpc.id)
    client.delete_internet_gateway(InternetGatewayId=other)
    assert vpc.routes() == {OUT: (vpc.gateway, "blackhole")}
    client.attach_internet_gateway(**pair)
    assert vpc.routes() == {OUT: (vpc.gateway, "active")}
    vpc.delete(OUT)
    assert vpc.routes() == {}
    assert router(cloud).external_gateway_info is None
    assert code(client.delete_route, **vpc.route(OUT)) == "InvalidRoute.NotFound"


def test_a_public_address_keeps_the_way_out(client, vpc, interface, code):
    vpc.create(OUT, GatewayId=vpc.gateway)
    address = client.allocate_address(Domain="vpc")["AllocationId"]
    eni = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    held = client.associate_address(AllocationId=address, **eni)["AssociationId"]
    assert code(client.delete_route, **vpc.route(OUT)) == "DependencyViolation"
    assert vpc.routes() == {OUT: (vpc.gateway, "active")}
    client.disassociate_address(AssociationId=held)
    vpc.delete(OUT)
    late = {"AllocationId": address, **eni}
    assert code(client.associate_address, **late) == "Gateway.NotAttached"
    client.release_address(AllocationId=address)


def test_other_ways_lead_through_an_interface(client, cloud, vpc, interface):
    eni = interface["NetworkInterfaceId"]
    vpc.create("192.168.7.9/24", NetworkInterfaceId=eni)
    vpc.create("192.0.2.1/32", NetworkInterfaceId=eni)
    assert vpc.routes() == {
        "192.168.7.0/24": (eni, "blackhole"), "192.0.2.1/32": (eni, "blackhole"),
    }  # fmt: skip
    hop = interface["PrivateIpAddress"]
    assert router(cloud).routes == [
        {"destination": "192.168.7.0/24", "nexthop": hop},
        {"destination": "192.0.2.1/32", "nexthop": hop},
    ]
    by_target = {"Name": "route.destination-cidr-block", "Values": ["192.0.2.1/32"]}
    (seen,) = client.describe_route_tables(Filters=[by_target])["RouteTables"]
    assert seen["RouteTableId"] == vpc.table
    vpc.delete("192.0.2.1/32")
    vpc.delete("192.168.7.0/24")
    assert router(cloud).routes == []


def test_a_way_is_replaced_by_another(client, cloud, vpc, interface, run, wait):
    (one,) = run(SubnetId=vpc.subnet)
    vpc.create("192.168.7.0/24", NetworkInterfaceId=interface["NetworkInterfaceId"])
    vpc.replace("192.168.7.0/24", InstanceId=one)
    assert vpc.routes() == {"192.168.7.0/24": (one, "active")}
    assert len(router(cloud).routes) == 1
    vpc.delete("192.168.7.0/24")
    vpc.create(OUT, GatewayId=vpc.gateway)
    vpc.replace(OUT, InstanceId=one)
    assert vpc.routes() == {OUT: (one, "active")}
    assert router(cloud).external_gateway_info is None
    vpc.replace(OUT, GatewayId=vpc.gateway)
    assert vpc.routes() == {OUT: (vpc.gateway, "active")}
    assert router(cloud).routes == []
    vpc.delete(OUT)
    client.terminate_instances(InstanceIds=[one])
    wait("instance_terminated", InstanceIds=[one])


def test_routes_that_are_made_at_once_are_all_there(vpc, interface):
    eni = interface["NetworkInterfaceId"]
    wanted = [f"192.0.{at}.0/24" for at in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda to: vpc.create(to, NetworkInterfaceId=eni), wanted))
    assert set(vpc.routes()) == set(wanted)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vpc.delete, wanted))
    assert vpc.routes() == {}


REFUSED = {
    # why > destination, target ({} stands for the attached gateway), code
    "local": ("10.88.0.0/16", {}, "UnsupportedOperation"),
    "no range": ("x", {}, "InvalidParameterValue"),
    "reserved": ("169.254.169.254/32", {}, "InvalidParameterValue"),
    "part of the world by a gateway": ("8.8.8.0/24", {}, "UnsupportedOperation"),
    "no such gateway": (OUT, {"GatewayId": "igw-12345678"}, "InvalidGatewayID.NotFound"),
    "a VPN": (OUT, {"GatewayId": "vgw-12345678"}, "UnsupportedOperation"),
    "no id": (OUT, {"GatewayId": "<&>"}, "InvalidInternetGatewayID.Malformed"),
    "NAT": (OUT, {"NatGatewayId": "nat-12345678"}, "UnsupportedOperation"),
    "peer": (OUT, {"VpcPeeringConnectionId": "pcx-12345678"}, "UnsupportedOperation"),
    "no such interface": (
        OUT, {"NetworkInterfaceId": "eni-12345678"}, "InvalidNetworkInterfaceID.NotFound",
    ),
    "no such instance": (OUT, {"InstanceId": "i-12345678"}, "InvalidInstanceID.NotFound"),
    "two targets": (
        OUT, {"InstanceId": "i-12345678", "GatewayId": "igw-12345678"},
        "InvalidParameterCombination",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("to", "target", "wanted"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(client, vpc, code, to, target, wanted):
    target = target or {"GatewayId": vpc.gateway}
    assert code(client.create_route, **vpc.route(to), **target) == wanted
    assert vpc.routes() == {}


def test_the_vpcs_own_range_is_left_alone(client, vpc, interface, code):
    eni = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    local, part = vpc.route("10.88.0.0/16"), vpc.route("10.88.1.0/24")
    assert code(client.create_route, **local, **eni) == "RouteAlreadyExists"
    assert code(client.create_route, **part, **eni) == "InvalidParameterValue"
    assert code(client.replace_route, **local, **eni) == "InvalidParameterValue"
    assert code(client.delete_route, **local) == "InvalidParameterValue"
    unknown = vpc.route("192.0.2.0/24")
    assert code(client.replace_route, **unknown, **eni) == "InvalidRoute.NotFound"
    assert code(client.delete_route, **unknown) == "InvalidRoute.NotFound"
    assert code(client.create_route, **unknown) == "MissingParameter"


def test_targets_are_in_the_tables_vpc(client, vpc, code):
    other = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    wrong = {**vpc.route(OUT), "GatewayId": other}
    assert code(client.create_route, **wrong) == "InvalidParameterValue"
    client.delete_internet_gateway(InternetGatewayId=other)
    default = client.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    made = client.create_network_interface(SubnetId=default["Subnets"][0]["SubnetId"])
    eni = {"NetworkInterfaceId": made["NetworkInterface"]["NetworkInterfaceId"]}
    assert code(client.create_route, **vpc.route(OUT), **eni) == "InvalidParameterValue"
    client.delete_network_interface(**eni)


def test_only_tables_of_vpcs_made_here_change(client, vpc, code):
    by_default = {"Name": "vpc-id", "Values": [
        one["VpcId"] for one in client.describe_vpcs()["Vpcs"] if one["IsDefault"]]}  # fmt: skip
    (table,) = client.describe_route_tables(Filters=[by_default])["RouteTables"]
    for ec2_id, wanted in (
        (table["RouteTableId"], "OperationNotPermitted"),
        ("rtb-12345678", "InvalidRouteTableID.NotFound"),
        ("rtb-<&>", "InvalidRouteTableID.Malformed"),
    ):
        route = {"RouteTableId": ec2_id, "DestinationCidrBlock": OUT}
        assert code(client.delete_route, **route) == wanted
        assert code(client.create_route, **route, GatewayId=vpc.gateway) == wanted


def test_tables_of_single_subnets_are_refused(client, vpc, code):
    assert code(client.create_route_table, VpcId=vpc.id) == "UnsupportedOperation"
    with pytest.raises(client.exceptions.ClientError, match="one route table here"):
        client.associate_route_table(RouteTableId=vpc.table, SubnetId=vpc.subnet)
