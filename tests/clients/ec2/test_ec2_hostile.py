# SPDX-License-Identifier: Apache-2.0
"""Every action with every parameter hostile: an EC2 error, never a 500, nothing half-made."""

import xml.etree.ElementTree as ET

import pytest
from fixtures.ec2_signed import ask

from nova_appliance.ec2 import model, names, parameters
from nova_appliance.ec2.routes import ROUTES

MODEL = model.load(ROUTES)
VALUES = (
    "", "0", "-1", "true", "i-12345678", "ami-0123456789abcdef0", "sg-0123456789abcdef0",
    "x" * 5000, "<a>&]]>", "\U0001f600é", "../../etc", "' OR 1=1 --", "default", "%s{0}",
)  # fmt: skip


def names_of(shape, depth=0):
    """Dotted names of an input shape, down to a certain depth."""
    for field, member in shape.members.items():
        name, inner = parameters.query_name(field, member), MODEL.shapes[member.shape]
        if inner.type == "list":
            name, inner = f"{name}.1", MODEL.shapes[inner.member.shape]
        if inner.type != "structure":
            yield name, inner
        elif depth < 2:
            yield from ((f"{name}.{tail}", leaf) for tail, leaf in names_of(inner, depth + 1))


def fitting(shape):
    """A value that is let in, so that the rest gets its turn."""
    kinds = {
        "integer": "1",
        "long": "1",
        "boolean": "false",
        "blob": "eA==",
        "timestamp": "2030-01-01",
    }
    return kinds.get(shape.type, "x")


@pytest.mark.parametrize("action", [name for name in ROUTES if name != "DeregisterImage"])
def test_no_parameter_makes_an_action_fail(action, keys, cloud):
    shape = MODEL.operations[action].input
    leaves = dict(names_of(shape))
    needed = {
        name: fitting(leaf)
        for name, leaf in leaves.items()
        if name.split(".")[0] in {
            parameters.query_name(field, shape.members[field]) for field in shape.required
        }
    }  # fmt: skip
    broken = []
    for at, name in enumerate(sorted(leaves)):
        for value in (VALUES[at % len(VALUES)], VALUES[(at * 5 + 3) % len(VALUES)]):
            pairs = {**needed, name: value, "Action": action}
            status, body = ask(keys, list(pairs.items()))
            ET.fromstring(body)
            if status >= 500:
                broken.append((name, value, body))
    assert broken == []


def test_nothing_was_made_by_all_that(client, cloud):
    reservations = client.describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    )["Reservations"]
    assert reservations == []


def test_a_megabyte_is_refused(keys):
    status, body = ask(keys, [("Action", "DescribeInstances"), ("Filter.1.Name", "x" * 1_100_000)])
    assert status == 413
    assert ET.fromstring(body).findtext("Errors/Error/Code") == "RequestEntityTooLarge"


def test_ten_thousand_filters_are_refused(keys):
    pairs = [("Action", "DescribeVolumes")]
    for at in range(1, 10_001):
        pairs += [(f"Filter.{at}.Name", "size"), (f"Filter.{at}.Value.1", "1")]
    status, body = ask(keys, pairs)
    assert (status, ET.fromstring(body).findtext("Errors/Error/Code")) == (
        400, "FilterLimitExceeded",
    )  # fmt: skip


BY_ID = {
    # kind > an action that takes ids of it, and the parameter
    "i": ("DescribeInstances", "InstanceId.1"),
    "ami": ("DescribeImages", "ImageId.1"),
    "vol": ("DescribeVolumes", "VolumeId.1"),
    "snap": ("DescribeSnapshots", "SnapshotId.1"),
    "key": ("DescribeKeyPairs", "KeyPairId.1"),
    "sg": ("DescribeSecurityGroups", "GroupId.1"),
    "sgr": ("DescribeSecurityGroupRules", "SecurityGroupRuleId.1"),
    "eipalloc": ("DescribeAddresses", "AllocationId.1"),
    "eipassoc": ("DisassociateAddress", "AssociationId"),
    "vpc": ("DescribeVpcs", "VpcId.1"),
    "subnet": ("DescribeSubnets", "SubnetId.1"),
    "eni": ("DescribeNetworkInterfaces", "NetworkInterfaceId.1"),
    "rtb": ("DescribeRouteTables", "RouteTableId.1"),
    "igw": ("DescribeInternetGateways", "InternetGatewayId.1"),
    "pg": ("DescribePlacementGroups", "GroupId.1"),
    "dopt": ("DescribeDhcpOptions", "DhcpOptionsId.1"),
    "lt": ("DescribeLaunchTemplates", "LaunchTemplateId.1"),
    "acl": ("DescribeNetworkAcls", "NetworkAclId.1"),
}


def test_every_kind_of_id_is_tried():
    assert set(BY_ID) == set(names.KINDS)


@pytest.mark.parametrize(("kind", "call"), BY_ID.items(), ids=BY_ID)
def test_an_id_that_is_nobodys_or_no_id_has_its_code(keys, kind, call):
    action, name = call
    row = names.KINDS[kind]
    for ec2_id in (f"{kind}-12345678", f"{kind}-0123456789abcdef0"):
        status, body = ask(keys, [("Action", action), (name, ec2_id)])
        assert (status, ET.fromstring(body).findtext("Errors/Error/Code")) == (400, row.missing)
    for ec2_id in ("x", f"{kind}-", f"{kind}-xyz", f"{kind}-<&>", f"zz-{'0' * 17}", "é" * 300):
        status, body = ask(keys, [("Action", action), (name, ec2_id)])
        code = ET.fromstring(body).findtext("Errors/Error/Code")
        assert (status, code) == (400, row.malformed), (ec2_id, body)
