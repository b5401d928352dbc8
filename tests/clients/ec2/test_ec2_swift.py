# SPDX-License-Identifier: Apache-2.0
"""RegisterImage from a real Swift, which asks identity for the caller's token as any service does."""

import os

import pytest
import requests
from fixtures import ec2_cloud
from fixtures.ec2_bundle import bundle
from fixtures.free_ports import free_port
from fixtures.swift_service import Swift
from fixtures.whole_cloud import WholeCloud

from nova_appliance.embedded import settings as settings_

pytestmark = pytest.mark.timeout(300)  # a cloud and a Swift begin here
DATA = b"boot me".ljust(512, b"\0") + os.urandom(300_000)


@pytest.fixture(scope="module")
def swift_cloud(tmp_path_factory):
    """An embedded cloud whose EC2 API knows Swift, and no folder; and the Swift."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/v1/AUTH_%(project_id)s"
    groups = {"ec2": {"objects_path": ""}, "swift": {"endpoint_template": endpoint}}
    cloud = WholeCloud(tmp_path_factory.mktemp("cloud"), groups=groups).start()
    password = settings_.secrets(cloud.settings).service_passwords["nova"]
    swift = Swift(tmp_path_factory.mktemp("swift"), port, cloud.settings.identity_url, password)
    try:
        swift.start()
        ec2_cloud.seed(cloud)
        yield cloud, swift
    finally:
        cloud.stop()
        swift.stop()


@pytest.fixture(scope="module")
def put(swift_cloud):
    """Put objects into a bucket of the user's project, by the user's own token."""
    cloud, swift = swift_cloud

    def putting(bucket, objects, user="demo"):
        session = cloud.connect(user).session
        url = swift.endpoint % {"project_id": session.get_project_id()}
        headers = {"X-Auth-Token": session.get_token()}
        requests.put(f"{url}/{bucket}", headers=headers, timeout=60).raise_for_status()
        for name, content in objects.items():
            sent = requests.put(f"{url}/{bucket}/{name}", content, headers=headers, timeout=60)
            sent.raise_for_status()
        return f"{bucket}/img.manifest.xml"

    return putting


def test_an_image_is_registered_from_swift(swift_cloud, put, code):
    cloud, _ = swift_cloud
    client = ec2_cloud.keys(cloud).client()
    certificate = cloud.connect().compute.get("/os-certificates/root").json()["certificate"]["data"]
    objects = bundle(DATA, certificate)[0]
    image = client.register_image(ImageLocation=put("mine", objects), Name="of-swift")["ImageId"]
    client.get_waiter("image_available").wait(
        ImageIds=[image], WaiterConfig={"Delay": 1, "MaxAttempts": 180}
    )
    glance = cloud.connect().image
    (found,) = [one for one in glance.images() if one.name == "of-swift"]
    assert glance.download_image(found).content == DATA
    client.deregister_image(ImageId=image)
    register = client.register_image
    other = put("theirs", objects, user="admin")  # in another project's account
    for location in ("mine/none.xml", "nowhere/img.manifest.xml", other):
        assert code(register, ImageLocation=location, Name="none") == "InvalidManifest"
