# SPDX-License-Identifier: Apache-2.0
"""One embedded cloud on the fake driver for all EC2 clients, and keys of a user in it."""

import pytest
from botocore.exceptions import ClientError
from fixtures import ec2_cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    found = ec2_cloud.start(tmp_path_factory.mktemp("ec2"))
    yield found
    found.stop()


@pytest.fixture(autouse=True)
def at_rest(cloud):
    """What one test has begun does not reach into the next."""
    yield
    cloud.rest()


@pytest.fixture(scope="session")
def keys(cloud):
    return ec2_cloud.keys(cloud)


@pytest.fixture(scope="session")
def client(keys):
    return keys.client()


@pytest.fixture(scope="session")
def image_id(client):
    return client.describe_images(Filters=[{"Name": "name", "Values": ["tiny"]}])["Images"][0][
        "ImageId"
    ]


@pytest.fixture
def wait(client):
    """A waiter of boto3, only faster."""

    def waiting(name, **params):
        waiter = client.get_waiter(name)
        waiter.config.delay, waiter.config.max_attempts = 0.5, 360
        waiter.wait(**params)

    return waiting


@pytest.fixture
def run(client, image_id, wait):
    """Run instances until they are there; terminated when the test ends."""
    made = []

    def running(count=1, until="instance_running", **more):
        asked = {"ImageId": image_id, "InstanceType": "m1.tiny", "MinCount": count} | more
        answer = client.run_instances(**asked, MaxCount=count)
        found = [one["InstanceId"] for one in answer["Instances"]]
        made.extend(found)
        if until:
            wait(until, InstanceIds=found)
        return found

    yield running
    if made:
        client.terminate_instances(InstanceIds=made)
        wait("instance_terminated", InstanceIds=made)


@pytest.fixture
def code():
    """The error code that a call ends with."""

    def of(call, **params):
        with pytest.raises(ClientError) as caught:
            call(**params)
        return caught.value.response["Error"]["Code"]

    return of


@pytest.fixture
def group(client):
    made = client.create_security_group(GroupName="web", Description="of the test")["GroupId"]
    yield made
    client.delete_security_group(GroupId=made)
