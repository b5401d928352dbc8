# SPDX-License-Identifier: Apache-2.0
"""boto3, unmodified but for its endpoint: waiters, paginators, and the life of instances."""

import base64
import concurrent.futures
import ipaddress

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from fixtures import ec2_cloud


def described(client, *ids):
    answer = client.describe_instances(InstanceIds=list(ids))
    return [one for call in answer["Reservations"] for one in call["Instances"]]


def names(found, key):
    return [one[key] for one in found]


def test_a_script_of_every_day(client, keys, image_id, wait, group, cloud):
    made = client.create_key_pair(KeyName="k")
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    wait("key_pair_exists", KeyNames=["k"])
    wait("security_group_exists", GroupIds=[group])
    answer = client.run_instances(
        ImageId=image_id, InstanceType="m1.tiny", MinCount=2, MaxCount=2, KeyName="k",
        UserData="#!/bin/sh\necho hello\n", SecurityGroupIds=[group],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "<w&b>"}]}
        ],
    )  # fmt: skip
    assert names(answer["Instances"], "AmiLaunchIndex") == [0, 1]
    assert answer["OwnerId"] == keys.project_id
    ids = names(answer["Instances"], "InstanceId")
    assert {one["State"]["Name"] for one in answer["Instances"]} <= {"pending", "running"}
    wait("instance_running", InstanceIds=ids)
    wait("instance_status_ok", InstanceIds=ids)
    wait("system_status_ok", InstanceIds=ids)
    for one in described(client, *ids):
        assert (one["KeyName"], one["InstanceType"]) == ("k", "m1.tiny")
        assert one["Tags"] == [{"Key": "Name", "Value": "<w&b>"}]
        assert names(one["SecurityGroups"], "GroupId") == [group]
        assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("10.30.0.0/16")
        assert one["Placement"]["AvailabilityZone"] == "nova"
        (interface,) = one["NetworkInterfaces"]
        assert interface["PrivateIpAddress"] == one["PrivateIpAddress"]
        assert (interface["SubnetId"], interface["VpcId"]) == (one["SubnetId"], one["VpcId"])
    said = client.get_console_output(InstanceId=ids[0])
    assert "started" in said["Output"]
    told = client.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")
    assert base64.b64decode(told["UserData"]["Value"]) == b"#!/bin/sh\necho hello\n"
    stopping = client.stop_instances(InstanceIds=ids)["StoppingInstances"]
    assert {(one["PreviousState"]["Name"], one["CurrentState"]["Name"]) for one in stopping} == {
        ("running", "stopping")
    }
    wait("instance_stopped", InstanceIds=ids)
    assert (
        client.stop_instances(InstanceIds=ids)["StoppingInstances"][0]["CurrentState"]["Name"]
        == "stopped"
    )
    starting = client.start_instances(InstanceIds=ids)["StartingInstances"]
    assert {one["PreviousState"]["Name"] for one in starting} == {"stopped"}
    wait("instance_running", InstanceIds=ids)
    client.reboot_instances(InstanceIds=ids)
    wait("instance_running", InstanceIds=ids)
    ending = client.terminate_instances(InstanceIds=ids)["TerminatingInstances"]
    assert {one["CurrentState"]["Name"] for one in ending} <= {"shutting-down", "terminated"}
    wait("instance_terminated", InstanceIds=ids)
    for one in described(client, *ids):  # still to be seen for a while
        assert one["State"] == {"Code": 48, "Name": "terminated"}
        assert one["StateTransitionReason"].startswith("User initiated (")
    assert len(client.terminate_instances(InstanceIds=ids)["TerminatingInstances"]) == 2
    client.delete_key_pair(KeyName="k")
    client.delete_key_pair(KeyName="k")


def test_a_server_of_ec2_is_an_ordinary_server(cloud, client, run):
    (ec2_id,) = run(TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "both"}]}
    ])  # fmt: skip
    (server,) = cloud.connect("demo").compute.servers(name="both")
    assert server.status == "ACTIVE"
    assert server.metadata == {"Name": "both"}
    cloud.connect("demo").compute.set_server_metadata(server, seen="yes")
    (one,) = described(client, ec2_id)
    assert {"Key": "seen", "Value": "yes"} in one["Tags"]
    cloud.connect("demo").compute.stop_server(server)
    client.get_waiter("instance_stopped").wait(
        InstanceIds=[ec2_id], WaiterConfig={"Delay": 1, "MaxAttempts": 180}
    )


def test_a_client_token_makes_one_set_of_instances(client, image_id, run, wait, code):
    asked = {"ImageId": image_id, "InstanceType": "m1.tiny", "MinCount": 1, "MaxCount": 1,
             "ClientToken": "once-only"}  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.run_instances(**asked), range(6)))
    ids = {one["InstanceId"] for answer in answers for one in answer["Instances"]}
    assert len(ids) == 1
    found = client.describe_instances(Filters=[{"Name": "client-token", "Values": ["once-only"]}])
    assert len(found["Reservations"]) == 1
    assert code(client.run_instances, **asked | {"InstanceType": "m1.small"}) == (
        "IdempotentParameterMismatch"
    )
    client.terminate_instances(InstanceIds=list(ids))
    wait("instance_terminated", InstanceIds=list(ids))


def test_a_refused_call_leaves_its_client_token_free(client, image_id, run, code):
    asked = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "ClientToken": "again"}
    bad = {**asked, "InstanceType": "m1.tiny", "KeyName": "nobodys"}
    assert code(client.run_instances, **bad) == "InvalidKeyPair.NotFound"
    assert code(client.run_instances, **bad) == "InvalidKeyPair.NotFound"


def test_pages_of_instances(client, run):
    ids = run(count=6, until="instance_running")
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-id", "Values": ids}], PaginationConfig={"PageSize": 5}
    )
    sizes = [sum(len(call["Instances"]) for call in page["Reservations"]) for page in pages]
    assert sizes == [5, 1]
    statuses = client.get_paginator("describe_instance_status").paginate(
        PaginationConfig={"PageSize": 5}
    )
    found = [one["InstanceId"] for page in statuses for one in page["InstanceStatuses"]]
    assert sorted(set(found) & set(ids)) == sorted(ids)
    assert len(found) == len(set(found))


PAGED = {
    "describe_addresses_attribute": None, "describe_images": "Images", "describe_tags": "Tags",
    "describe_instance_types": "InstanceTypes", "describe_security_groups": "SecurityGroups",
    "describe_security_group_rules": "SecurityGroupRules", "describe_vpcs": "Vpcs",
    "describe_subnets": "Subnets", "describe_route_tables": "RouteTables",
    "describe_internet_gateways": "InternetGateways",
    "describe_network_interfaces": "NetworkInterfaces",
    "describe_instance_type_offerings": "InstanceTypeOfferings",
    "describe_dhcp_options": "DhcpOptions", "describe_launch_templates": "LaunchTemplates",
    "describe_network_acls": "NetworkAcls", "describe_snapshots": "Snapshots",
    "describe_volumes": "Volumes", "describe_volume_status": "VolumeStatuses",
    "describe_volumes_modifications": "VolumesModifications",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, key in PAGED.items() if key])
def test_every_paginator_walks_through(client, name):
    whole = getattr(client, name)()[PAGED[name]]
    paged = client.get_paginator(name).paginate(PaginationConfig={"PageSize": 5})
    assert len([one for page in paged for one in page[PAGED[name]]]) == len(whole)


def test_filters_with_wildcards(client, run):
    (ec2_id,) = run()
    client.create_tags(Resources=[ec2_id], Tags=[{"Key": "stage", "Value": "testing"}])

    def found(**filters):
        asked = [{"Name": k.replace("_", "-"), "Values": v} for k, v in filters.items()]
        answer = client.describe_instances(Filters=asked)
        return [one["InstanceId"] for call in answer["Reservations"] for one in call["Instances"]]

    assert found(instance_state_name=["run*"], instance_id=[ec2_id]) == [ec2_id]
    assert found(instance_state_name=["stopped"], instance_id=[ec2_id]) == []
    assert found(**{"tag:stage": ["test?ng"]}) == [ec2_id]
    assert found(tag_key=["stage"], instance_type=["m1.*"]) == [ec2_id]


def test_tags_of_all_kinds(client, run, group, image_id, code):
    (ec2_id,) = run(until=None)  # still in the making: tagged all the same
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "<&>"}]
    client.create_tags(Resources=[ec2_id, group, image_id], Tags=tags)
    mine = [{"Name": "resource-id", "Values": [ec2_id, group, image_id]}]
    found = client.describe_tags(Filters=mine)["Tags"]
    assert len(found) == 6
    assert {one["ResourceType"] for one in found} == {"instance", "security-group", "image"}
    assert client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"] == tags
    client.delete_tags(Resources=[group], Tags=[{"Key": "a", "Value": "2"}, {"Key": "b"}])
    assert names(
        client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"], "Key"
    ) == ["a"]
    client.delete_tags(Resources=[image_id])
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    assert code(client.create_tags, Resources=[group], Tags=many) == "TagLimitExceeded"
    reserved = [{"Key": "aws:x", "Value": ""}]
    assert code(client.create_tags, Resources=[group], Tags=reserved) == "InvalidParameterValue"


def test_security_groups(client, group, code):
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    permission = [ssh | {"IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "us"}],
                         "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}]  # fmt: skip
    allow, revoke = client.authorize_security_group_ingress, client.revoke_security_group_ingress
    made = allow(GroupId=group, IpPermissions=permission)["SecurityGroupRules"]
    assert len(made) == 2
    assert code(allow, GroupId=group, IpPermissions=permission) == "InvalidPermission.Duplicate"
    allow(GroupName="web", IpProtocol="icmp", FromPort=-1, ToPort=-1, CidrIp="0.0.0.0/0")
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    allow(GroupId=group, IpPermissions=pair)
    (shown,) = client.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert sorted(names(shown["IpPermissions"], "IpProtocol")) == ["-1", "icmp", "tcp"]
    rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
        "SecurityGroupRules"
    ]
    assert len([rule for rule in rules if not rule["IsEgress"]]) == 4
    revoke(GroupId=group, IpPermissions=permission)
    assert code(revoke, GroupId=group, IpPermissions=permission) == "InvalidPermission.NotFound"
    revoke(GroupId=group, SecurityGroupRuleIds=[
        rule["SecurityGroupRuleId"] for rule in rules if rule.get("IpProtocol") == "icmp"
    ])  # fmt: skip
    client.authorize_security_group_egress(GroupId=group, IpPermissions=permission)
    client.revoke_security_group_egress(GroupId=group, IpPermissions=permission)
    create = client.create_security_group
    assert code(create, GroupName="web", Description="d") == "InvalidGroup.Duplicate"
    assert code(create, GroupName="default", Description="d") == "InvalidGroup.Reserved"
    bad = [{"IpProtocol": "tcp", "FromPort": 99999, "ToPort": 1, "IpRanges": [{"CidrIp": "x"}]}]
    assert code(allow, GroupId=group, IpPermissions=bad) == "InvalidParameterValue"


def test_a_group_in_use_is_kept(client, group, run, code, wait):
    ids = run(SecurityGroups=["web"])
    assert code(client.delete_security_group, GroupId=group) == "DependencyViolation"
    client.terminate_instances(InstanceIds=ids)
    wait("instance_terminated", InstanceIds=ids)


def test_addresses(client, run, code):
    (ec2_id,) = run()
    made = client.allocate_address(Domain="vpc")
    where = {"AllocationId": made["AllocationId"]}
    joined = client.associate_address(InstanceId=ec2_id, **where)["AssociationId"]
    (one,) = described(client, ec2_id)
    assert (one["PublicIpAddress"], one["PublicDnsName"]) == (made["PublicIp"],) * 2
    (address,) = client.describe_addresses(AllocationIds=[made["AllocationId"]])["Addresses"]
    assert (address["InstanceId"], address["AssociationId"]) == (ec2_id, joined)
    assert code(client.release_address, **where) == "InvalidIPAddress.InUse"
    client.disassociate_address(AssociationId=joined)
    gone = code(client.disassociate_address, AssociationId=joined)
    assert gone == "InvalidAssociationID.NotFound"
    client.release_address(**where)
    assert code(client.release_address, **where) == "InvalidAllocationID.NotFound"


def test_protection_from_termination(client, run, code):
    (ec2_id,) = run()
    client.modify_instance_attribute(InstanceId=ec2_id, DisableApiTermination={"Value": True})
    told = client.describe_instance_attribute(InstanceId=ec2_id, Attribute="disableApiTermination")
    assert told["DisableApiTermination"] == {"Value": True}
    refused = code(client.terminate_instances, InstanceIds=[ec2_id])
    assert refused == "OperationNotPermitted"
    client.modify_instance_attribute(InstanceId=ec2_id, DisableApiTermination={"Value": False})


def test_key_pairs_of_all_sorts(client, code):
    made = client.create_key_pair(KeyName="ed", KeyType="ed25519")
    assert made["KeyMaterial"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    (shown,) = client.describe_key_pairs(KeyNames=["ed"], IncludePublicKey=True)["KeyPairs"]
    assert (shown["KeyType"], shown["KeyPairId"]) == ("ed25519", made["KeyPairId"])
    public = shown["PublicKey"].encode()
    imported = client.import_key_pair(KeyName="imported", PublicKeyMaterial=public)
    assert imported["KeyFingerprint"] == made["KeyFingerprint"]
    again = {"KeyName": "imported", "PublicKeyMaterial": public}
    assert code(client.import_key_pair, **again) == "InvalidKeyPair.Duplicate"
    bad = {"KeyName": "bad", "PublicKeyMaterial": b"no key"}
    assert code(client.import_key_pair, **bad) == "InvalidKey.Format"
    client.delete_key_pair(KeyPairId=made["KeyPairId"])
    client.delete_key_pair(KeyName="imported")
    assert code(client.describe_key_pairs, KeyNames=["ed"]) == "InvalidKeyPair.NotFound"


def test_what_does_not_fit_is_refused(client, image_id, code, run):
    asked = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "InstanceType": "m1.tiny"}
    cases = [
        ({"MinCount": 2}, "InvalidParameterCombination"),
        ({"MaxCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 900, "MaxCount": 900}, "InstanceLimitExceeded"),
        ({"InstanceType": "z9.huge"}, "InvalidParameterValue"),
        ({"ImageId": "ami-12345678"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "tiny"}, "InvalidAMIID.Malformed"),
        ({"SubnetId": "subnet-12345678"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroups": ["none"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroupIds": ["sg-12345678"]}, "InvalidGroup.NotFound"),
        ({"Placement": {"AvailabilityZone": "mars"}}, "InvalidParameterValue"),
        ({"IamInstanceProfile": {"Name": "x"}}, "UnsupportedOperation"),
        ({"DryRun": True}, "DryRunOperation"),
    ]
    for change, wanted in cases:
        assert code(client.run_instances, **asked | change) == wanted, change


def test_a_wrong_state_is_refused(client, run, code):
    ids = run(until="instance_running")
    client.stop_instances(InstanceIds=ids)
    client.get_waiter("instance_stopped").wait(
        InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 180}
    )
    assert code(client.reboot_instances, InstanceIds=ids) == "IncorrectInstanceState"


def test_another_project_sees_nothing(cloud, client, run, code):
    (ec2_id,) = run(until=None)
    other = ec2_cloud.keys(cloud, "admin").client()
    for call in (other.describe_instances, other.terminate_instances, other.stop_instances):
        assert code(call, InstanceIds=[ec2_id]) == "InvalidInstanceID.NotFound"
    assert code(other.get_console_output, InstanceId=ec2_id) == "InvalidInstanceID.NotFound"


def test_a_waiter_ends_when_nothing_will_come(client):
    with pytest.raises(WaiterError):
        client.get_waiter("instance_stopped").wait(
            InstanceIds=["i-0123456789abcdef0"], WaiterConfig={"Delay": 1, "MaxAttempts": 2}
        )


def test_networks_are_seen_as_a_default_vpc(client, keys):
    (vpc,) = client.describe_vpcs()["Vpcs"]
    assert (vpc["IsDefault"], vpc["CidrBlock"]) == (True, "10.30.0.0/16")
    (subnet,) = client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])[
        "Subnets"
    ]
    assert subnet["CidrBlock"] == "10.30.0.0/16"
    (table,) = client.describe_route_tables()["RouteTables"]
    (gateway,) = client.describe_internet_gateways()["InternetGateways"]
    assert [route["GatewayId"] for route in table["Routes"]] == [
        "local", gateway["InternetGatewayId"],
    ]  # fmt: skip
    dns = client.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute="enableDnsSupport")
    assert dns["EnableDnsSupport"] == {"Value": True}
    made = client.create_network_interface(SubnetId=subnet["SubnetId"], Description="mine")
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    client.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni])
    client.delete_network_interface(NetworkInterfaceId=eni)


def test_a_wrong_secret_is_refused(keys, code):
    wrong = boto3.client(
        "ec2", endpoint_url=keys.url, region_name="RegionOne",
        aws_access_key_id="nobody", aws_secret_access_key="x",
    )  # fmt: skip
    assert code(wrong.describe_regions) == "AuthFailure"


def test_a_signed_url_counts(keys, client):
    import urllib.request  # noqa: PLC0415 - a plain client, on purpose

    url = client.generate_presigned_url("describe_regions", HttpMethod="GET")
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert b"<regionName>RegionOne</regionName>" in answer.read()


def test_errors_carry_a_request_id(client):
    with pytest.raises(ClientError) as caught:
        client.describe_instances(InstanceIds=["i-12345678"])
    assert caught.value.response["ResponseMetadata"]["RequestId"].startswith("req-")
