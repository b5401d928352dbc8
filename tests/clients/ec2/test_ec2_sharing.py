# SPDX-License-Identifier: Apache-2.0
"""Images shared with single accounts: who may launch them, who sees what; what is refused."""

import pytest
from fixtures import ec2_cloud

FAST = {"Delay": 1, "MaxAttempts": 180}


@pytest.fixture
def other(cloud):
    """Keys of another project."""
    return ec2_cloud.stranger(cloud)


@pytest.fixture
def image(client, run):
    (ec2_id,) = run()
    made = client.create_image(InstanceId=ec2_id, Name="to-share")["ImageId"]
    client.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig=FAST)
    yield made
    client.deregister_image(ImageId=made)


def permissions(client, image):
    told = client.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    return told["LaunchPermissions"]


def test_an_account_launches_what_is_shared_with_it(client, image, other, keys):
    theirs, account = other.client(), {"UserId": other.project_id}
    for _ in range(2):
        client.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [account]})
    assert permissions(client, image) == [account]
    (seen,) = theirs.describe_images(ExecutableUsers=["self"], ImageIds=[image])["Images"]
    assert (seen["OwnerId"], seen["Public"]) == (keys.project_id, False)
    assert permissions(theirs, image) == []  # is told to the owner only
    made = theirs.run_instances(
        ImageId=image, InstanceType="m1.tiny", MinCount=1, MaxCount=1
    )["Instances"][0]["InstanceId"]  # fmt: skip
    theirs.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=FAST)
    theirs.terminate_instances(InstanceIds=[made])
    theirs.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig=FAST)
    client.modify_image_attribute(
        ImageId=image, Attribute="launchPermission", OperationType="remove",
        UserIds=[other.project_id],
    )  # fmt: skip
    assert permissions(client, image) == []
    client.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [account]})
    client.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert permissions(client, image) == []
    shared = {"Name": "image-id", "Values": [image]}
    ours = client.describe_images(Filters=[shared])["Images"]
    assert [one["Public"] for one in ours] == [False]


def test_what_is_no_permission_is_refused(client, image, other, code):
    change, add = client.modify_image_attribute, {"Add": [{"UserId": other.project_id}]}
    for told, wanted in (
        ({"Add": [{"UserId": "<&>"}]}, "InvalidAMIAttributeItemValue"),
        ({"Add": [{"Group": "some"}]}, "InvalidAMIAttributeItemValue"),
        ({"Add": [{"Group": "all", "UserId": "x"}]}, "InvalidParameterCombination"),
        ({**add, "Remove": [{"UserId": "x"}]}, "InvalidParameterCombination"),
    ):
        assert code(change, ImageId=image, LaunchPermission=told) == wanted
    assert permissions(client, image) == []
    foreign = other.client().modify_image_attribute
    assert code(foreign, ImageId=image, LaunchPermission=add) == "InvalidAMIID.NotFound"


def test_a_copy_has_the_same_bytes(client, cloud, image, code):
    mark = [{"Key": "a", "Value": "b"}]
    client.create_tags(Resources=[image], Tags=mark)
    asked = {
        "Name": "copied", "SourceImageId": image, "SourceRegion": "RegionOne",
        "Description": "<copy>", "CopyImageTags": True, "ClientToken": "copy-once",
    }  # fmt: skip
    made = client.copy_image(**asked)["ImageId"]
    assert client.copy_image(**asked)["ImageId"] == made
    client.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig=FAST)
    (seen,) = client.describe_images(ImageIds=[made])["Images"]
    assert (seen["Name"], seen["Description"], seen["Tags"]) == ("copied", "<copy>", mark)
    images = cloud.connect("demo").image
    old, new = (images.find_image(name) for name in ("to-share", "copied"))
    assert (new.hash_value, new.size, new.disk_format) == (
        old.hash_value,
        old.size,
        old.disk_format,
    )
    client.deregister_image(ImageId=made)
    for change, wanted in (
        ({"SourceRegion": "mars"}, "InvalidParameterValue"),
        ({"Name": "x" * 129}, "InvalidAMIName.Malformed"),
        ({"SourceImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"Encrypted": True}, "UnsupportedOperation"),
    ):
        assert code(client.copy_image, **asked | {"ClientToken": "other"} | change) == wanted
