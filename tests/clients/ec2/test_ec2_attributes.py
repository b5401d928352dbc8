# SPDX-License-Identifier: Apache-2.0
"""Attributes of instances, interfaces, volumes, snapshots; further addresses; rules changed in place."""

import base64
import io
import xml.etree.ElementTree as ET

import pytest
from fixtures.ec2_signed import ask
from PIL import Image

FAST = {"Delay": 1, "MaxAttempts": 180}
NOBODYS = "0123456789abcdef0"


@pytest.fixture(scope="module")
def volume(client):
    made = client.create_volume(Size=1, AvailabilityZone="nova")["VolumeId"]
    client.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig=FAST)
    yield made
    client.delete_volume(VolumeId=made)


@pytest.fixture(scope="module")
def subnet(client):
    """Of a network of its own: only whose network it is may let everything through."""
    vpc = client.create_vpc(CidrBlock="10.66.0.0/16")["Vpc"]["VpcId"]
    made = client.create_subnet(VpcId=vpc, CidrBlock="10.66.1.0/24")["Subnet"]["SubnetId"]
    yield made
    client.delete_subnet(SubnetId=made)
    client.delete_vpc(VpcId=vpc)


@pytest.fixture
def interface(client, subnet):
    made = client.create_network_interface(SubnetId=subnet, Description="first")
    yield made["NetworkInterface"]
    client.delete_network_interface(
        NetworkInterfaceId=made["NetworkInterface"]["NetworkInterfaceId"]
    )


def test_monitoring_is_never_on(client, run, code):
    (ec2_id,) = run()
    state = [{"InstanceId": ec2_id, "Monitoring": {"State": "disabled"}}]
    assert client.monitor_instances(InstanceIds=[ec2_id])["InstanceMonitorings"] == state
    assert client.unmonitor_instances(InstanceIds=[ec2_id])["InstanceMonitorings"] == state
    gone = code(client.monitor_instances, InstanceIds=[f"i-{NOBODYS}"])
    assert gone == "InvalidInstanceID.NotFound"


def groups_of(client, ec2_id):
    (call,) = client.describe_instances(InstanceIds=[ec2_id])["Reservations"]
    return call["Instances"][0]["SecurityGroups"]


def test_source_checks_go_off_and_on_and_keep_the_groups(client, run, subnet, code):
    (ec2_id,) = run(SubnetId=subnet)
    before = groups_of(client, ec2_id)
    for _ in range(2):  # the second changes nothing
        client.modify_instance_attribute(InstanceId=ec2_id, SourceDestCheck={"Value": False})
    told = client.describe_instance_attribute(InstanceId=ec2_id, Attribute="sourceDestCheck")
    assert told["SourceDestCheck"] == {"Value": False}
    for _ in range(2):
        client.reset_instance_attribute(InstanceId=ec2_id, Attribute="sourceDestCheck")
    told = client.describe_instance_attribute(InstanceId=ec2_id, Attribute="sourceDestCheck")
    assert told["SourceDestCheck"] == {"Value": True}
    assert groups_of(client, ec2_id) == before
    client.reset_instance_attribute(InstanceId=ec2_id, Attribute="kernel")
    bad = {"InstanceId": ec2_id, "Attribute": "userData"}
    assert code(client.reset_instance_attribute, **bad) == "InvalidParameterValue"


def test_attributes_of_an_interface(client, interface, group, code):
    eni = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    read, change = (
        client.describe_network_interface_attribute,
        client.modify_network_interface_attribute,
    )
    assert read(**eni, Attribute="description")["Description"] == {"Value": "first"}
    assert "Attachment" not in read(**eni, Attribute="attachment")
    change(**eni, Description={"Value": "<second>"})
    assert read(**eni, Attribute="description")["Description"] == {"Value": "<second>"}
    change(**eni, SourceDestCheck={"Value": False})
    assert read(**eni, Attribute="sourceDestCheck")["SourceDestCheck"] == {"Value": False}
    change(**eni, Groups=[group])  # counts when it is checked again
    client.reset_network_interface_attribute(**eni, SourceDestCheck="true")
    assert read(**eni, Attribute="sourceDestCheck")["SourceDestCheck"] == {"Value": True}
    assert [one["GroupId"] for one in read(**eni, Attribute="groupSet")["Groups"]] == [group]
    default = interface["Groups"][0]["GroupId"]
    change(**eni, Groups=[default])
    assert [one["GroupId"] for one in read(**eni, Attribute="groupSet")["Groups"]] == [default]
    both = {**eni, "Description": {"Value": "x"}, "SourceDestCheck": {"Value": True}}
    assert code(change, **both) == "InvalidParameterCombination"
    assert code(change, **eni) == "MissingParameter"
    ends = {"AttachmentId": "eni-attach-1", "DeleteOnTermination": False}
    assert code(change, **eni, Attachment=ends) == "UnsupportedOperation"
    gone = {"NetworkInterfaceId": f"eni-{NOBODYS}", "Attribute": "description"}
    assert code(read, **gone) == "InvalidNetworkInterfaceID.NotFound"


def test_further_addresses_of_an_interface(client, interface, code):
    eni = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    first = interface["PrivateIpAddress"]
    assign, unassign = client.assign_private_ip_addresses, client.unassign_private_ip_addresses

    def held():
        (one,) = client.describe_network_interfaces(NetworkInterfaceIds=list(eni.values()))[
            "NetworkInterfaces"
        ]
        return [ip["PrivateIpAddress"] for ip in one["PrivateIpAddresses"]]

    made = assign(**eni, SecondaryPrivateIpAddressCount=1)["AssignedPrivateIpAddresses"]
    named = "10.66.1.77"
    assign(**eni, PrivateIpAddresses=[named])
    assign(**eni, PrivateIpAddresses=[named])  # is its own already
    assert held() == [first, made[0]["PrivateIpAddress"], named]
    other = client.create_network_interface(SubnetId=interface["SubnetId"])["NetworkInterface"]
    taken = {"NetworkInterfaceId": other["NetworkInterfaceId"], "PrivateIpAddresses": [named]}
    assert code(assign, **taken) == "InvalidParameterValue"
    assert code(assign, **taken, AllowReassignment=True) == "UnsupportedOperation"
    client.delete_network_interface(NetworkInterfaceId=other["NetworkInterfaceId"])
    unassign(**eni, PrivateIpAddresses=[named])
    assert held() == [first, made[0]["PrivateIpAddress"]]
    assert code(unassign, **eni, PrivateIpAddresses=[first]) == "InvalidParameterValue"
    assert code(unassign, **eni, PrivateIpAddresses=[named]) == "InvalidParameterValue"
    for bad, wanted in (
        ({"PrivateIpAddresses": ["192.0.2.1"]}, "InvalidParameterValue"),
        ({"PrivateIpAddresses": ["x"]}, "InvalidParameterValue"),
        ({"SecondaryPrivateIpAddressCount": 0}, "PrivateIpAddressLimitExceeded"),
        ({"SecondaryPrivateIpAddressCount": 10**6}, "PrivateIpAddressLimitExceeded"),
        ({"Ipv4PrefixCount": 1}, "UnsupportedOperation"),
        ({}, "MissingParameter"),
    ):
        assert code(assign, **eni, **bad) == wanted, bad
    assert held() == [first, made[0]["PrivateIpAddress"]]


def test_a_public_address_of_an_unassigned_one_is_free(client):
    subnets = client.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    shared = subnets["Subnets"][0]["SubnetId"]
    made = client.create_network_interface(SubnetId=shared)["NetworkInterface"]
    eni = {"NetworkInterfaceId": made["NetworkInterfaceId"]}
    more = client.assign_private_ip_addresses(**eni, SecondaryPrivateIpAddressCount=1)
    second = more["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    public = client.allocate_address(Domain="vpc")["AllocationId"]
    client.associate_address(AllocationId=public, PrivateIpAddress=second, **eni)
    client.unassign_private_ip_addresses(**eni, PrivateIpAddresses=[second])
    (address,) = client.describe_addresses(AllocationIds=[public])["Addresses"]
    assert "AssociationId" not in address
    client.release_address(AllocationId=public)
    client.delete_network_interface(**eni)


def test_attributes_of_a_volume_and_a_snapshot(client, volume, code):
    told = client.describe_volume_attribute(VolumeId=volume, Attribute="autoEnableIO")
    assert told["AutoEnableIO"] == {"Value": True}
    client.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})
    off = {"VolumeId": volume, "AutoEnableIO": {"Value": False}}
    assert code(client.modify_volume_attribute, **off) == "UnsupportedOperation"
    snapshot = client.create_snapshot(VolumeId=volume)["SnapshotId"]
    client.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=FAST)
    name = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
    assert client.describe_snapshot_attribute(**name)["CreateVolumePermissions"] == []
    change = client.modify_snapshot_attribute
    assert code(change, **name, GroupNames=["all"]) == "UnsupportedOperation"
    add = {"CreateVolumePermission": {"Add": [{"Group": "all"}]}}
    assert code(change, SnapshotId=snapshot, **add) == "UnsupportedOperation"
    change(**name, GroupNames=["all"], OperationType="remove")
    client.reset_snapshot_attribute(**name)
    client.delete_snapshot(SnapshotId=snapshot)
    gone = code(client.describe_snapshot_attribute, **name)
    assert gone == "InvalidSnapshot.NotFound"


def test_a_modification_stays_to_be_seen(client, volume, code):
    assert client.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"] == []
    made = client.modify_volume(VolumeId=volume, Size=2)["VolumeModification"]
    assert (made["OriginalSize"], made["TargetSize"]) == (1, 2)
    client.get_waiter("volume_available").wait(
        VolumeIds=[volume], Filters=[{"Name": "size", "Values": ["2"]}], WaiterConfig=FAST
    )
    pages = client.get_paginator("describe_volumes_modifications").paginate(
        Filters=[{"Name": "modification-state", "Values": ["complet*"]}]
    )
    found = [one for page in pages for one in page["VolumesModifications"]]
    (mine,) = [one for one in found if one["VolumeId"] == volume]
    assert (mine["OriginalSize"], mine["TargetSize"], mine["Progress"]) == (1, 2, 100)
    gone = code(client.describe_volumes_modifications, VolumeIds=[f"vol-{NOBODYS}"])
    assert gone == "InvalidVolume.NotFound"


def test_rules_are_changed_in_their_place(client, group, code):
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    made = client.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        ssh | {"IpRanges": [{"CidrIp": "192.0.2.0/24"}, {"CidrIp": "198.51.100.0/24"}]}
    ])["SecurityGroupRules"]  # fmt: skip
    first, second = (one["SecurityGroupRuleId"] for one in made)

    def change(**rule):
        one = {"SecurityGroupRuleId": first, "SecurityGroupRule": rule}
        return {"GroupId": group, "SecurityGroupRules": [one]}

    def seen():
        found = client.describe_security_group_rules(SecurityGroupRuleIds=[first, second])
        return [
            (one["FromPort"], one.get("CidrIpv4"), one.get("Description"))
            for one in found["SecurityGroupRules"]
        ]

    client.modify_security_group_rules(**change(**ssh, CidrIpv4="192.0.2.0/24", Description="us"))
    assert seen()[0] == (22, "192.0.2.0/24", "us")
    client.modify_security_group_rules(**change(
        IpProtocol="tcp", FromPort=80, ToPort=81, CidrIpv4="203.0.113.0/24"
    ))  # fmt: skip
    assert seen()[0][:2] == (80, "203.0.113.0/24")
    same = change(**ssh, CidrIpv4="198.51.100.0/24")
    assert code(client.modify_security_group_rules, **same) == "InvalidPermission.Duplicate"
    for bad, wanted in (
        ({"CidrIpv4": "x", **ssh}, "InvalidParameterValue"),
        ({"CidrIpv4": "192.0.2.0/24"}, "MissingParameter"),
        ({**ssh}, "MissingParameter"),
        ({**ssh, "ReferencedGroupId": f"sg-{NOBODYS}"}, "InvalidGroup.NotFound"),
        ({**ssh, "PrefixListId": "pl-1"}, "UnsupportedOperation"),
    ):
        assert code(client.modify_security_group_rules, **change(**bad)) == wanted, bad
    assert seen()[0][:2] == (80, "203.0.113.0/24")
    client.modify_security_group_rules(**change(IpProtocol="-1", ReferencedGroupId=group))
    client.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[first])
    gone = code(client.describe_security_group_rules, SecurityGroupRuleIds=[first])
    assert gone == "InvalidSecurityGroupRuleId.NotFound"


def test_novas_own_calls_of_old(client, keys, image_id, run):
    (ec2_id,) = run()
    status, body = ask(keys, [("Action", "DescribeInstancesV6"), ("InstanceId.1", ec2_id)])
    space = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
    root = ET.fromstring(body)
    assert (status, root.tag) == (200, f"{space}DescribeInstancesV6Response")
    (item,) = root.iter(f"{space}instancesSet")
    assert item.findtext(f"{space}item/{space}instanceId") == ec2_id
    assert item.find(f"{space}item/{space}dnsNameV6") is not None
    own = client.create_image(InstanceId=ec2_id, Name="to-update")["ImageId"]
    client.get_waiter("image_available").wait(ImageIds=[own], WaiterConfig=FAST)
    status, body = ask(keys, [
        ("Action", "UpdateImage"), ("ImageId", own), ("Name", "updated"), ("Description", "<d>"),
    ])  # fmt: skip
    assert (status, ET.fromstring(body).findtext(f"{space}return")) == (200, "true")
    (image,) = client.describe_images(ImageIds=[own])["Images"]
    assert (image["Name"], image["Description"]) == ("updated", "<d>")
    status, body = ask(keys, [("Action", "UpdateImage"), ("ImageId", image_id), ("Name", "mine")])
    assert (status, ET.fromstring(body).findtext("Errors/Error/Code")) == (401, "AuthFailure")
    client.deregister_image(ImageId=own)


def test_metadata_options_of_an_instance(client, run, code):
    (ec2_id,) = run(MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2})
    change = client.modify_instance_metadata_options

    def seen():
        (call,) = client.describe_instances(InstanceIds=[ec2_id])["Reservations"]
        one = call["Instances"][0]
        told = one["MetadataOptions"]
        return told["HttpTokens"], told["HttpEndpoint"], one["Tags"]

    assert seen() == ("required", "enabled", [])
    told = change(InstanceId=ec2_id, HttpEndpoint="disabled")["InstanceMetadataOptions"]
    assert (told["State"], told["HttpTokens"]) == ("pending", "required")
    assert seen() == ("required", "disabled", [])
    client.delete_tags(Resources=[ec2_id])  # they are no tags
    change(InstanceId=ec2_id, HttpTokens="optional", HttpEndpoint="enabled")
    assert seen() == ("optional", "enabled", [])
    for bad, wanted in (
        ({"HttpTokens": "maybe"}, "InvalidParameterValue"),
        ({"HttpPutResponseHopLimit": 65}, "InvalidParameterValue"),
        ({"InstanceMetadataTags": "enabled"}, "UnsupportedOperation"),
    ):
        assert code(change, InstanceId=ec2_id, **bad) == wanted


def test_a_picture_of_the_screen(client, run, code):
    (ec2_id,) = run()
    taken = client.get_console_screenshot(InstanceId=ec2_id)
    with Image.open(io.BytesIO(base64.b64decode(taken["ImageData"]))) as shown:
        assert shown.format == "JPEG"
    wake = {"InstanceId": ec2_id, "WakeUp": True}
    assert code(client.get_console_screenshot, **wake) == "UnsupportedOperation"
    client.stop_instances(InstanceIds=[ec2_id])
    client.get_waiter("instance_stopped").wait(InstanceIds=[ec2_id], WaiterConfig=FAST)
    off = code(client.get_console_screenshot, InstanceId=ec2_id)
    assert off == "IncorrectInstanceState"
