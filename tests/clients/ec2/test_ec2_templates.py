# SPDX-License-Identifier: Apache-2.0
"""Launch templates and placement groups by boto3: made, used by RunInstances, and what is refused."""

import base64
import concurrent.futures

import pytest

NOBODYS = "lt-0123456789abcdef0"


@pytest.fixture
def template(client, image_id):
    made = client.create_launch_template(
        LaunchTemplateName="web",
        VersionDescription="the <first>",
        LaunchTemplateData={
            "ImageId": image_id, "InstanceType": "m1.tiny",
            "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "of-template"}]}
            ],
        },
        TagSpecifications=[
            {"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}
        ],
    )["LaunchTemplate"]  # fmt: skip
    yield made
    client.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


def tags(client, ec2_id):
    (call,) = client.describe_instances(InstanceIds=[ec2_id])["Reservations"]
    one = call["Instances"][0]
    return one["InstanceType"], {tag["Key"]: tag["Value"] for tag in one["Tags"]}


def run(client, wait, **asked):
    (one,) = client.run_instances(MinCount=1, MaxCount=1, **asked)["Instances"]
    found = tags(client, one["InstanceId"])
    client.terminate_instances(InstanceIds=[one["InstanceId"]])
    wait("instance_terminated", InstanceIds=[one["InstanceId"]])
    return found


def test_instances_are_run_by_a_template(client, template, wait):
    ec2_id = template["LaunchTemplateId"]
    (seen,) = client.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"]
    assert seen == template
    client.create_launch_template_version(
        LaunchTemplateId=ec2_id, SourceVersion="1", LaunchTemplateData={"InstanceType": "m1.small"}
    )
    by_id = {"LaunchTemplateId": ec2_id}
    assert run(client, wait, LaunchTemplate=by_id) == ("m1.tiny", {"Name": "of-template"})
    latest = {"LaunchTemplateName": "web", "Version": "$Latest"}
    assert run(client, wait, LaunchTemplate=latest)[0] == "m1.small"
    assert run(client, wait, LaunchTemplate=latest, InstanceType="m1.tiny")[0] == "m1.tiny"
    client.modify_launch_template(LaunchTemplateId=ec2_id, DefaultVersion="2")
    assert run(client, wait, LaunchTemplate=by_id)[0] == "m1.small"


def test_versions_of_a_template(client, template, code):
    by_id = {"LaunchTemplateId": template["LaunchTemplateId"]}
    create, describe = (
        client.create_launch_template_version,
        client.describe_launch_template_versions,
    )

    def make(_number):
        made = create(**by_id, LaunchTemplateData={"KeyName": "k"})
        return made["LaunchTemplateVersion"]["VersionNumber"]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # each gets a number of its own
        assert sorted(pool.map(make, range(4))) == [2, 3, 4, 5]
    pages = client.get_paginator("describe_launch_template_versions").paginate(
        **by_id, PaginationConfig={"PageSize": 2}
    )
    found = [one["VersionNumber"] for page in pages for one in page["LaunchTemplateVersions"]]
    assert found == [1, 2, 3, 4, 5]
    (first,) = describe(**by_id, Versions=["$Default"])["LaunchTemplateVersions"]
    assert (first["DefaultVersion"], first["VersionDescription"]) == (True, "the <first>")
    assert first["LaunchTemplateData"]["TagSpecifications"][0]["Tags"][0]["Value"] == "of-template"
    every = describe(Versions=["$Latest", "$Default"])["LaunchTemplateVersions"]
    assert [one["VersionNumber"] for one in every] == [5, 1]
    some = describe(**by_id, MinVersion="2", MaxVersion="3")["LaunchTemplateVersions"]
    assert [one["VersionNumber"] for one in some] == [2, 3]
    gone = client.delete_launch_template_versions(**by_id, Versions=["1", "2", "9"])
    ok, bad = (
        [one["VersionNumber"] for one in gone[f"{how}DeletedLaunchTemplateVersions"]]
        for how in ("Successfully", "Unsuccessfully")
    )
    assert (ok, bad) == ([2], [1, 9])
    missing = "InvalidLaunchTemplateId.VersionNotFound"
    for word in ("2", "x", "-1", "$Oldest", "9" * 30):
        assert code(describe, **by_id, Versions=[word]) == missing, word
        assert code(client.modify_launch_template, **by_id, DefaultVersion=word) == missing
    assert make(0) == 6  # numbers are never used again


def test_what_is_wrong_with_a_template_is_told(client, template, image_id, code):
    create, data = client.create_launch_template, {"ImageId": image_id}
    again = {"LaunchTemplateName": "web", "LaunchTemplateData": data}
    assert code(create, **again) == "InvalidLaunchTemplateName.AlreadyExistsException"
    bad = {"LaunchTemplateName": "<&>", "LaunchTemplateData": data}
    assert code(create, **bad) == "InvalidLaunchTemplateName.MalformedException"
    profile = {"IamInstanceProfile": {"Name": "x"}}
    unbuilt = {"LaunchTemplateName": "profile", "LaunchTemplateData": profile}
    assert code(create, **unbuilt) == "UnsupportedOperation"
    long = {"LaunchTemplateName": "long", "LaunchTemplateData": {"UserData": "x" * 70_000}}
    assert code(create, **long) == "InvalidParameterValue"
    asked = {"MinCount": 1, "MaxCount": 1}
    for named, wanted in (
        ({"LaunchTemplateId": NOBODYS}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "nobodys"}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateName": "web", "Version": "7"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateName": "web", "LaunchTemplateId": NOBODYS}, "InvalidParameterCombination"),
    ):
        assert code(client.run_instances, **asked, LaunchTemplate=named) == wanted
    assert len(client.describe_launch_templates()["LaunchTemplates"]) == 1


def test_a_client_token_makes_one_template(client, code):
    data = {"LaunchTemplateName": "once", "LaunchTemplateData": {"KeyName": "k"}}
    made = [client.create_launch_template(**data, ClientToken="one") for _ in range(2)]
    assert made[0]["LaunchTemplate"] == made[1]["LaunchTemplate"]
    client.delete_launch_template(LaunchTemplateName="once")
    gone = code(client.delete_launch_template, LaunchTemplateName="once")
    assert gone == "InvalidLaunchTemplateName.NotFoundException"


def test_placement_groups(client, cloud, run, code, wait):
    made = client.create_placement_group(GroupName="apart", Strategy="spread")["PlacementGroup"]
    group = cloud.connect("demo").compute.find_server_group("apart")
    assert group.policy == "anti-affinity"
    again = {"GroupName": "apart", "Strategy": "cluster"}
    assert code(client.create_placement_group, **again) == "InvalidPlacementGroup.Duplicate"
    ids = run(Placement={"GroupName": "apart"})
    (call,) = client.describe_instances(
        Filters=[{"Name": "placement-group-name", "Values": ["apart"]}]
    )["Reservations"]
    (one,) = call["Instances"]
    assert (one["InstanceId"], one["Placement"]["GroupId"]) == (ids[0], made["GroupId"])
    in_use = code(client.delete_placement_group, GroupName="apart")
    assert in_use == "InvalidPlacementGroup.InUse"
    client.terminate_instances(InstanceIds=ids)
    wait("instance_terminated", InstanceIds=ids)
    client.delete_placement_group(GroupName="apart")
    assert code(client.delete_placement_group, GroupName="apart") == "InvalidPlacementGroup.Unknown"
    client.create_placement_group(GroupName="together")
    (seen,) = client.describe_placement_groups(GroupNames=["together"])["PlacementGroups"]
    assert (seen["Strategy"], seen["State"]) == ("cluster", "available")
    client.delete_placement_group(GroupName="together")
    gone = code(client.describe_placement_groups, GroupNames=["together"])
    assert gone == "InvalidPlacementGroup.Unknown"


def test_placements_that_are_not_built_are_refused(client, image_id, code):
    asked = {"ImageId": image_id, "InstanceType": "m1.tiny", "MinCount": 1, "MaxCount": 1}
    for placement, wanted in (
        ({"GroupName": "nobodys"}, "InvalidPlacementGroup.Unknown"),
        ({"GroupId": "pg-0123456789abcdef0"}, "InvalidPlacementGroup.Unknown"),
        ({"GroupId": "x"}, "InvalidPlacementGroupId.Malformed"),
        ({"Tenancy": "dedicated"}, "UnsupportedOperation"),
        ({"HostId": "h-1"}, "UnsupportedOperation"),
    ):
        assert code(client.run_instances, **asked, Placement=placement) == wanted, placement
    ends = {"InstanceInitiatedShutdownBehavior": "terminate"}
    assert code(client.run_instances, **asked, **ends) == "UnsupportedOperation"
    for strategy, wanted in (("partition", "UnsupportedOperation"), ("x", "InvalidParameterValue")):
        bad = {"GroupName": "g", "Strategy": strategy}
        assert code(client.create_placement_group, **bad) == wanted


def test_instances_may_be_protected_from_the_first(client, run, code):
    ids = run(DisableApiTermination=True)
    assert code(client.terminate_instances, InstanceIds=ids) == "OperationNotPermitted"
    client.modify_instance_attribute(InstanceId=ids[0], DisableApiTermination={"Value": False})
