# SPDX-License-Identifier: Apache-2.0
"""VPCs and subnets made with boto3: routers and networks, and an instance in one."""

import contextlib

import pytest
from botocore.exceptions import ClientError

from nova_appliance.common.clock import wait_for


@pytest.fixture
def vpc(client, wait):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "mine"}]}]
    made = client.create_vpc(CidrBlock="10.99.0.0/16", TagSpecifications=tags)["Vpc"]
    wait("vpc_available", VpcIds=[made["VpcId"]])
    yield made["VpcId"]
    client.delete_vpc(VpcId=made["VpcId"])


def test_an_instance_in_a_vpc_of_ones_own(client, cloud, vpc, code, image_id, wait):
    (shown,) = client.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert (shown["CidrBlock"], shown["IsDefault"]) == ("10.99.0.0/16", False)
    assert shown["Tags"] == [{"Key": "Name", "Value": "mine"}]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]
    where = {"SubnetId": subnet["SubnetId"]}
    wait("subnet_available", SubnetIds=[subnet["SubnetId"]])
    assert (subnet["VpcId"], subnet["CidrBlock"]) == (vpc, "10.99.1.0/24")
    group = client.create_security_group(GroupName="in-vpc", Description="d", VpcId=vpc)["GroupId"]
    made = client.run_instances(
        ImageId=image_id, InstanceType="m1.tiny", MinCount=1, MaxCount=1, **where,
        SecurityGroupIds=[group],
    )  # fmt: skip
    ids = [made["Instances"][0]["InstanceId"]]
    wait("instance_running", InstanceIds=ids)
    one = client.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"][0]
    assert one["PrivateIpAddress"].startswith("10.99.1.")
    assert (one["VpcId"], one["SubnetId"]) == (vpc, subnet["SubnetId"])
    assert code(client.delete_subnet, **where) == "DependencyViolation"
    assert code(client.delete_vpc, VpcId=vpc) == "DependencyViolation"
    client.terminate_instances(InstanceIds=ids)
    wait("instance_terminated", InstanceIds=ids)
    client.delete_security_group(GroupId=group)
    client.delete_subnet(**where)
    assert code(client.delete_subnet, **where) == "InvalidSubnetID.NotFound"


def test_an_internet_gateway_leads_a_vpc_outside(client, vpc, code):
    make, drop = client.create_internet_gateway, client.delete_internet_gateway
    gateway = make()["InternetGateway"]["InternetGatewayId"]
    pair = {"InternetGatewayId": gateway, "VpcId": vpc}
    client.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[gateway])
    assert code(client.detach_internet_gateway, **pair) == "Gateway.NotAttached"
    client.attach_internet_gateway(**pair)
    assert code(client.attach_internet_gateway, **pair) == "Resource.AlreadyAssociated"
    mine = {"InternetGatewayIds": [gateway]}
    (shown,) = client.describe_internet_gateways(**mine)["InternetGateways"]
    assert shown["Attachments"] == [{"State": "available", "VpcId": vpc}]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    (table,) = client.describe_route_tables(Filters=filters)["RouteTables"]
    assert [route["GatewayId"] for route in table["Routes"]] == ["local"]
    out = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    client.create_route(**out, GatewayId=gateway)
    (table,) = client.describe_route_tables(Filters=filters)["RouteTables"]
    assert [route["GatewayId"] for route in table["Routes"]] == ["local", gateway]
    assert code(client.delete_vpc, VpcId=vpc) == "DependencyViolation"
    assert code(drop, InternetGatewayId=gateway) == "DependencyViolation"
    client.detach_internet_gateway(**pair)
    drop(InternetGatewayId=gateway)
    gone = code(client.describe_internet_gateways, **mine)
    assert gone == "InvalidInternetGateway.NotFound"
    assert code(drop, InternetGatewayId=gateway) == "InvalidInternetGateway.NotFound"


def test_ranges_are_checked(client, vpc, code):
    for cidr, wanted in (("10.0.0.0/8", "InvalidVpc.Range"), ("x", "InvalidParameterValue")):
        assert code(client.create_vpc, CidrBlock=cidr) == wanted
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]["SubnetId"]
    cases = {
        "10.98.1.0/24": "InvalidSubnet.Range",
        "10.99.1.0/29": "InvalidSubnet.Range",
        "10.99.1.128/25": "InvalidSubnet.Conflict",
    }
    for cidr, wanted in cases.items():
        assert code(client.create_subnet, VpcId=vpc, CidrBlock=cidr) == wanted
    client.delete_subnet(SubnetId=subnet)
    unknown = {"VpcId": "vpc-12345678", "CidrBlock": "10.99.1.0/24"}
    assert code(client.create_subnet, **unknown) == "InvalidVpcID.NotFound"


def test_an_interface_joins_an_instance_and_leaves_it(client, run, code):
    (one,) = run()
    told = client.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
    (first,) = told["NetworkInterfaces"]
    made = client.create_network_interface(SubnetId=first["SubnetId"])["NetworkInterface"]
    eni = made["NetworkInterfaceId"]
    where = {"InstanceId": one, "NetworkInterfaceId": eni}
    assert code(client.attach_network_interface, **where, DeviceIndex=0) == "InvalidParameterValue"
    attachment = client.attach_network_interface(**where, DeviceIndex=1)["AttachmentId"]
    by_id = {"NetworkInterfaceIds": [eni]}

    def shown():
        return client.describe_network_interfaces(**by_id)["NetworkInterfaces"][0]

    def status():
        return shown()["Status"]

    assert wait_for(lambda: shown().get("Attachment", {}).get("Status") == "attached", 60)
    told = client.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
    for attachments in (
        [card["Attachment"] for card in told["NetworkInterfaces"]],
        [first["Attachment"], shown()["Attachment"]],
    ):
        places = [(seen["DeviceIndex"], seen["DeleteOnTermination"]) for seen in attachments]
        assert sorted(places) == [(0, True), (1, False)]
    assert status() == "in-use"
    in_use = "InvalidNetworkInterface.InUse"
    assert code(client.attach_network_interface, **where, DeviceIndex=2) == in_use
    primary = first["Attachment"]["AttachmentId"]
    refused = code(client.detach_network_interface, AttachmentId=primary)
    assert refused == "OperationNotPermitted"
    for nobody in ("eni-attach-12345678", "x"):
        assert "NotFound" in code(client.detach_network_interface, AttachmentId=nobody)

    def detached():
        with contextlib.suppress(ClientError):  # it is still being attached
            client.detach_network_interface(AttachmentId=attachment)
            return True
        return False

    assert wait_for(detached, 60, 0.3)
    assert wait_for(lambda: status() == "available", 60)
    client.delete_network_interface(NetworkInterfaceId=eni)
