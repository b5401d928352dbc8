# SPDX-License-Identifier: Apache-2.0
"""RegisterImage from bundles in the cloud's objects, encrypted for the cloud's own certificate."""

import os

import pytest
from fixtures.ec2_bundle import bundle

DATA = b"boot me".ljust(512, b"\0") + os.urandom(100_000)


@pytest.fixture(scope="module")
def certificate(cloud):
    compute = cloud.connect().compute
    return compute.get("/os-certificates/root").json()["certificate"]["data"]


@pytest.fixture(scope="module")
def put(cloud, keys):
    """Put a bundle's objects where the project's objects are."""

    def putting(bucket, objects, project=keys.project_id):
        folder = cloud.settings.state_dir / "objects" / project / bucket
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in objects.items():
            (folder / name).write_bytes(content)
        return f"{bucket}/img.manifest.xml"

    return putting


def test_a_bundle_becomes_an_image_that_boots(cloud, client, put, certificate, wait):
    location = put("good", bundle(DATA, certificate)[0])
    made = client.register_image(ImageLocation=location, Name="bundled", Description="<&>")
    image = made["ImageId"]
    wait("image_available", ImageIds=[image])
    (seen,) = client.describe_images(ImageIds=[image])["Images"]
    assert (seen["ImageLocation"], seen["Name"], seen["Description"]) == (
        location,
        "bundled",
        "<&>",
    )
    assert (seen["Architecture"], seen["Public"]) == ("x86_64", False)
    glance = cloud.connect().image
    (found,) = [one for one in glance.images() if one.name == "bundled"]
    assert glance.download_image(found).content == DATA
    again = client.run_instances(ImageId=image, InstanceType="m1.tiny", MinCount=1, MaxCount=1)
    ids = [again["Instances"][0]["InstanceId"]]
    wait("instance_running", InstanceIds=ids)
    client.terminate_instances(InstanceIds=ids)
    client.deregister_image(ImageId=image)


def test_a_bundle_that_was_changed_fails_to_be_seen(client, put, certificate):
    from nova_appliance.common.clock import wait_for  # noqa: PLC0415 - ours, in a foreign story

    objects, _, _ = bundle(DATA, certificate)
    location = put("bad", {**objects, "img.part.01": b"x" * len(objects["img.part.01"])})
    image = client.register_image(ImageLocation=location, Name="broken")["ImageId"]

    def state():
        return client.describe_images(ImageIds=[image])["Images"][0]["State"]

    assert wait_for(lambda: state() == "failed", 60)
    client.deregister_image(ImageId=image)


def test_what_is_no_bundle_makes_no_image(client, put, certificate, code):
    before = {one["ImageId"] for one in client.describe_images()["Images"]}
    other = put("theirs", bundle(DATA, certificate)[0], project="0" * 32)
    foreign = put("foreign", bundle(DATA)[0])
    for location, wanted in (
        ("good", "InvalidManifest"),
        ("good/none.xml", "InvalidManifest"),
        ("../good/img.manifest.xml", "InvalidManifest"),
        ("good/../../x", "InvalidManifest"),
        (other, "InvalidManifest"),
        (foreign, "InvalidManifest"),
        (put("text", {"img.manifest.xml": b"no XML"}), "InvalidManifest"),
    ):
        assert code(client.register_image, ImageLocation=location, Name="none") == wanted, location
    assert code(client.register_image, Name="none") == "MissingParameter"
    snapshot = [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": "snap-12345678"}}]
    refused = code(client.register_image, Name="none", BlockDeviceMappings=snapshot)
    assert refused == "UnsupportedOperation"
    assert {one["ImageId"] for one in client.describe_images()["Images"]} == before
