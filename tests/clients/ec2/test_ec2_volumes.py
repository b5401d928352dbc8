# SPDX-License-Identifier: Apache-2.0
"""Volumes, snapshots and images by boto3: their lives, their waiters, and what is refused."""

import pytest
from botocore.exceptions import ClientError

FAST = {"Delay": 1, "MaxAttempts": 180}
ZONE = "nova"


def wait(client, name, **what):
    client.get_waiter(name).wait(**what, WaiterConfig=FAST)


def code(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def volume(client):
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "a<&>"}]}]
    made = client.create_volume(Size=1, AvailabilityZone=ZONE, TagSpecifications=tags)
    wait(client, "volume_available", VolumeIds=[made["VolumeId"]])
    yield made["VolumeId"]
    client.delete_volume(VolumeId=made["VolumeId"])
    wait(client, "volume_deleted", VolumeIds=[made["VolumeId"]])


def test_the_life_of_a_volume_and_its_snapshot(client, volume):
    (seen,) = client.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert (seen["Size"], seen["State"], seen["AvailabilityZone"]) == (1, "available", ZONE)
    assert seen["Tags"] == [{"Key": "Name", "Value": "a<&>"}]
    (status,) = client.describe_volume_status(VolumeIds=[volume])["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "ok"
    made = client.create_snapshot(VolumeId=volume, Description="d")["SnapshotId"]
    wait(client, "snapshot_completed", SnapshotIds=[made])
    (snapshot,) = client.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert (snapshot["SnapshotId"], snapshot["VolumeId"]) == (made, volume)
    assert (snapshot["Description"], snapshot["Progress"]) == ("d", "100%")
    copy = client.create_volume(SnapshotId=made, AvailabilityZone=ZONE)
    assert (copy["SnapshotId"], copy["Size"]) == (made, 1)
    wait(client, "volume_available", VolumeIds=[copy["VolumeId"]])
    grown = client.modify_volume(VolumeId=copy["VolumeId"], Size=2)["VolumeModification"]
    assert (grown["OriginalSize"], grown["TargetSize"]) == (1, 2)
    wait(client, "volume_available", VolumeIds=[copy["VolumeId"]])
    client.delete_volume(VolumeId=copy["VolumeId"])
    wait(client, "volume_deleted", VolumeIds=[copy["VolumeId"]])
    client.delete_snapshot(SnapshotId=made)
    assert code(client.describe_snapshots, SnapshotIds=["snap-12345678"]) == (
        "InvalidSnapshot.NotFound"
    )


def test_a_client_token_makes_one_volume(client):
    wanted = {"Size": 1, "AvailabilityZone": ZONE, "ClientToken": "once"}
    first, again = (client.create_volume(**wanted)["VolumeId"] for _ in range(2))
    assert first == again
    assert code(client.create_volume, **{**wanted, "Size": 2}) == "IdempotentParameterMismatch"
    wait(client, "volume_available", VolumeIds=[first])
    client.delete_volume(VolumeId=first)


def test_pages_and_filters(client, volume):
    more = [client.create_volume(Size=1, AvailabilityZone=ZONE)["VolumeId"] for _ in range(6)]
    pages = client.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5})
    every = [one["VolumeId"] for page in pages for one in page["Volumes"]]
    assert {volume, *more} <= set(every)
    assert len(every) == len(set(every))
    wait(client, "volume_available", VolumeIds=more)
    for filter_, found in (
        ({"Name": "tag:Name", "Values": ["a*"]}, {volume}),
        ({"Name": "size", "Values": ["7"]}, set()),
        ({"Name": "volume-id", "Values": more[:2]}, set(more[:2])),
    ):
        seen = client.describe_volumes(Filters=[filter_])["Volumes"]
        assert {one["VolumeId"] for one in seen} == found
    for one in more:
        client.delete_volume(VolumeId=one)


REFUSED = {
    # why > the call, its parameters, the code
    "no size": ("create_volume", {"AvailabilityZone": ZONE}, "MissingParameter"),
    "size 0": ("create_volume", {"Size": 0, "AvailabilityZone": ZONE}, "InvalidParameterValue"),
    "endless": ("create_volume", {"Size": 2**40, "AvailabilityZone": ZONE}, None),
    "zone": ("create_volume", {"Size": 1, "AvailabilityZone": "<x>"}, "InvalidParameterValue"),
    "type": (
        "create_volume", {"Size": 1, "AvailabilityZone": ZONE, "VolumeType": "io2"},
        "InvalidParameterValue",
    ),
    "encryption": (
        "create_volume", {"Size": 1, "AvailabilityZone": ZONE, "Encrypted": True},
        "UnsupportedOperation",
    ),
    "no snapshot": (
        "create_volume", {"SnapshotId": "snap-12345678", "AvailabilityZone": ZONE},
        "InvalidSnapshot.NotFound",
    ),
    "no volume": ("delete_volume", {"VolumeId": "vol-12345678"}, "InvalidVolume.NotFound"),
    "bad id": ("delete_volume", {"VolumeId": "vol-<&>"}, "InvalidVolumeID.Malformed"),
    "another kind": ("delete_volume", {"VolumeId": "i-12345678"}, "InvalidVolumeID.Malformed"),
    "snapshot of none": (
        "create_snapshot", {"VolumeId": "vol-12345678"}, "InvalidVolume.NotFound",
    ),
    "no such snapshot": (
        "delete_snapshot", {"SnapshotId": "snap-12345678"}, "InvalidSnapshot.NotFound",
    ),
    "bad snapshot": ("delete_snapshot", {"SnapshotId": "x"}, "InvalidSnapshotID.Malformed"),
    "no acl": (
        "describe_network_acls", {"NetworkAclIds": ["acl-12345678"]}, "InvalidNetworkAclID.NotFound",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "params", "wanted"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(client, call, params, wanted):
    assert code(getattr(client, call), **params) == (wanted or "InvalidParameterValue")
    assert client.describe_volumes(Filters=[{"Name": "status", "Values": ["error"]}])[
        "Volumes"
    ] == []  # fmt: skip


def test_a_volume_does_not_shrink(client, volume):
    assert code(client.modify_volume, VolumeId=volume, Size=1) == "InvalidParameterValue"
    assert code(client.modify_volume, VolumeId=volume, VolumeType="gp3") == "UnsupportedOperation"


def test_an_image_of_an_instance_is_made_shared_and_deregistered(client, image_id):
    made = client.run_instances(ImageId=image_id, InstanceType="m1.tiny", MinCount=1, MaxCount=1)
    ids = [made["Instances"][0]["InstanceId"]]
    wait(client, "instance_running", InstanceIds=ids)
    image = client.create_image(InstanceId=ids[0], Name="mine <&>", Description="d")["ImageId"]
    again = {"InstanceId": ids[0], "Name": "mine <&>"}
    assert code(client.create_image, **again) == "InvalidAMIName.Duplicate"
    wait(client, "image_available", ImageIds=[image])
    (seen,) = client.describe_images(ImageIds=[image])["Images"]
    assert (seen["Name"], seen["Description"], seen["Public"]) == ("mine <&>", "d", False)
    client.modify_image_attribute(ImageId=image, Description={"Value": "new"})
    told = client.describe_image_attribute(ImageId=image, Attribute="description")
    assert told["Description"]["Value"] == "new"
    assert code(client.modify_image_attribute, ImageId=image_id, Description={"Value": "x"}) == (
        "AuthFailure"
    )
    client.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    client.deregister_image(ImageId=image)
    client.terminate_instances(InstanceIds=ids)
    wait(client, "instance_terminated", InstanceIds=ids)


def test_what_terraform_asks_after_it_made_a_vpc(client):
    vpc = client.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    by_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    client.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    wish = {"VpcId": vpc, "EnableDnsHostnames": {"Value": True}}
    assert code(client.modify_vpc_attribute, **wish) == "UnsupportedOperation"
    client.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    (acl,) = client.describe_network_acls(
        Filters=[{"Name": "default", "Values": ["true"]}, *by_vpc]
    )["NetworkAcls"]
    assert [one["SubnetId"] for one in acl["Associations"]] == [subnet]
    assert {(one["RuleAction"], one["RuleNumber"]) for one in acl["Entries"]} == {
        ("allow", 100), ("deny", 32767),
    }  # fmt: skip
    (options,) = client.describe_dhcp_options(DhcpOptionsIds=["default"])["DhcpOptions"]
    assert options["DhcpConfigurations"][0]["Key"] == "domain-name"
    for call, key in (
        ("describe_nat_gateways", "NatGateways"),
        ("describe_vpc_endpoints", "VpcEndpoints"),
        ("describe_prefix_lists", "PrefixLists"),
        ("describe_addresses_attribute", "Addresses"),
        ("describe_iam_instance_profile_associations", "IamInstanceProfileAssociations"),
        ("describe_instance_credit_specifications", "InstanceCreditSpecifications"),
    ):
        assert getattr(client, call)()[key] == []
    client.delete_subnet(SubnetId=subnet)
    client.delete_vpc(VpcId=vpc)


def test_a_volume_joins_an_instance_and_leaves_it(client, run, volume):
    one, other = run(count=2)
    where = {"VolumeId": volume, "InstanceId": one}
    assert code(client.detach_volume, VolumeId=volume) == "IncorrectState"
    taken = {**where, "Device": "/dev/vda"}
    assert code(client.attach_volume, **taken) == "InvalidParameterValue"
    made = client.attach_volume(**where, Device="/dev/sdf")
    assert (made["State"], made["InstanceId"], made["Device"]) == ("attaching", one, "/dev/vdb")
    wait(client, "volume_in_use", VolumeIds=[volume])
    by_instance = {"Name": "attachment.instance-id", "Values": [one]}
    (seen,) = client.describe_volumes(Filters=[by_instance])["Volumes"]
    (attached,) = seen["Attachments"]
    assert (attached["State"], attached["Device"]) == ("attached", "/dev/vdb")
    told = client.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
    (mapping,) = told["BlockDeviceMappings"]
    assert (mapping["DeviceName"], mapping["Ebs"]["VolumeId"]) == ("/dev/vdb", volume)
    assert (
        code(client.attach_volume, VolumeId=volume, InstanceId=other, Device="/dev/sdf")
        == "VolumeInUse"
    )
    assert code(client.delete_volume, VolumeId=volume) == "VolumeInUse"
    assert code(client.detach_volume, VolumeId=volume, InstanceId=other) == "IncorrectState"
    wrong = {**where, "Device": "/dev/vdz"}
    assert code(client.detach_volume, **wrong) == "InvalidAttachment.NotFound"
    gone = client.detach_volume(VolumeId=volume)
    assert (gone["State"], gone["InstanceId"]) == ("detaching", one)
    wait(client, "volume_available", VolumeIds=[volume])


BAD_MAPPINGS = {
    "encrypted": ({"VolumeSize": 1, "Encrypted": True}, "UnsupportedOperation"),
    "of nothing": ({"DeleteOnTermination": True}, "MissingParameter"),
    "no snapshot": ({"SnapshotId": "snap-12345678"}, "InvalidSnapshot.NotFound"),
}


@pytest.mark.parametrize(("ebs", "wanted"), BAD_MAPPINGS.values(), ids=BAD_MAPPINGS)
def test_block_devices_that_are_refused(client, image_id, ebs, wanted):
    mapping = {"DeviceName": "/dev/sdf", "Ebs": ebs}
    call = {"ImageId": image_id, "InstanceType": "m1.tiny", "MinCount": 1, "MaxCount": 1}
    assert code(client.run_instances, **call, BlockDeviceMappings=[mapping]) == wanted


def test_an_ephemeral_mapping_changes_nothing(run):
    assert run(BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}])
