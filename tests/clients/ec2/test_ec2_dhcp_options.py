# SPDX-License-Identifier: Apache-2.0
"""DHCP options by boto3: made, given to a VPC and its subnets, shown, taken away; what is refused."""

import pytest


def servers(*values):
    return [{"Key": "domain-name-servers", "Values": list(values)}]


@pytest.fixture
def vpc(client):
    made = client.create_vpc(CidrBlock="10.67.0.0/16")["Vpc"]["VpcId"]
    yield made
    for one in client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [made]}])["Subnets"]:
        client.delete_subnet(SubnetId=one["SubnetId"])
    client.delete_vpc(VpcId=made)


def resolvers(cloud, cidr):
    """As the network service has them."""
    (found,) = cloud.connect("admin").network.subnets(cidr=cidr)
    return found.dns_nameservers


def test_a_set_is_told_to_old_and_new_subnets(client, cloud, vpc, code):
    client.create_subnet(VpcId=vpc, CidrBlock="10.67.1.0/24")
    own = resolvers(cloud, "10.67.1.0/24")
    tag = [{"ResourceType": "dhcp-options", "Tags": [{"Key": "Name", "Value": "<d>"}]}]
    made = client.create_dhcp_options(
        DhcpConfigurations=servers("192.0.2.53", "192.0.2.54"), TagSpecifications=tag
    )["DhcpOptions"]
    options = made["DhcpOptionsId"]
    assert made["Tags"] == tag[0]["Tags"]
    for _ in range(2):
        client.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    assert resolvers(cloud, "10.67.1.0/24") == ["192.0.2.53", "192.0.2.54"]
    client.create_subnet(VpcId=vpc, CidrBlock="10.67.2.0/24")
    assert resolvers(cloud, "10.67.2.0/24") == ["192.0.2.53", "192.0.2.54"]
    assert client.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"] == options
    (seen,) = client.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]
    assert seen == made
    assert code(client.delete_dhcp_options, DhcpOptionsId=options) == "DependencyViolation"
    client.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    assert resolvers(cloud, "10.67.1.0/24") == own
    assert client.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"] == "default"
    client.delete_dhcp_options(DhcpOptionsId=options)
    gone = code(client.describe_dhcp_options, DhcpOptionsIds=[options])
    assert gone == "InvalidDhcpOptionID.NotFound"
    assert code(client.delete_dhcp_options, DhcpOptionsId=options) == gone


def test_the_default_set_is_always_there(client, code):
    pages = client.get_paginator("describe_dhcp_options").paginate(
        Filters=[{"Name": "dhcp-options-id", "Values": ["default"]}]
    )
    (seen,) = [one for page in pages for one in page["DhcpOptions"]]
    assert [one["Key"] for one in seen["DhcpConfigurations"]] == ["domain-name"]
    default = client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    client.associate_dhcp_options(DhcpOptionsId="default", VpcId=default["VpcId"])
    made = client.create_dhcp_options(DhcpConfigurations=servers("AmazonProvidedDNS"))
    options = made["DhcpOptions"]["DhcpOptionsId"]
    refused = {"DhcpOptionsId": options, "VpcId": default["VpcId"]}
    assert code(client.associate_dhcp_options, **refused) == "OperationNotPermitted"
    client.delete_dhcp_options(DhcpOptionsId=options)
    assert code(client.delete_dhcp_options, DhcpOptionsId="default") == "OperationNotPermitted"


@pytest.mark.parametrize(
    ("configurations", "wanted"),
    [
        (servers("x"), "InvalidParameterValue"),
        (servers("AmazonProvidedDNS", "192.0.2.1"), "InvalidParameterValue"),
        (servers(*(f"192.0.2.{n}" for n in range(5))), "InvalidParameterValue"),
        (servers("192.0.2.1") * 2, "InvalidParameterValue"),
        ([{"Key": "ntp-servers", "Values": ["192.0.2.1"]}], "UnsupportedOperation"),
        ([{"Key": "domain-name", "Values": ["example.org"]}], "UnsupportedOperation"),
        ([{"Key": "<&>", "Values": ["1"]}], "UnsupportedOperation"),
    ],
)
def test_what_a_subnet_cannot_tell_is_refused(client, code, configurations, wanted):
    before = client.describe_dhcp_options()["DhcpOptions"]
    assert code(client.create_dhcp_options, DhcpConfigurations=configurations) == wanted
    assert client.describe_dhcp_options()["DhcpOptions"] == before
