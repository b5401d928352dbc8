# SPDX-License-Identifier: Apache-2.0
"""RunInstances with volumes: what DescribeInstances shows of them, and which end with the instance."""

import pytest

ZONE = "nova"
GB = 1


def mapping(name, **ebs):
    return {"DeviceName": name, "Ebs": ebs}


def shown(client, instance):
    """Device > volume and whether it goes with the instance."""
    one = client.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    found = {row["DeviceName"]: row["Ebs"] for row in one["BlockDeviceMappings"]}
    assert all(ebs["Status"] == "attached" for ebs in found.values())
    return one, {name: (ebs["VolumeId"], ebs["DeleteOnTermination"]) for name, ebs in found.items()}


def end(client, wait, instance):
    client.terminate_instances(InstanceIds=[instance])
    wait("instance_terminated", InstanceIds=[instance])


def sizes(client, ids):
    return [one["Size"] for i in ids for one in client.describe_volumes(VolumeIds=[i])["Volumes"]]


@pytest.fixture
def drop(client, wait):
    """Delete volumes that outlived their instance."""

    def dropped(*ids):
        wait("volume_available", VolumeIds=list(ids))
        for one in ids:
            client.delete_volume(VolumeId=one)
        wait("volume_deleted", VolumeIds=list(ids))

    return dropped


def test_more_volumes_are_made_and_end_or_stay(client, run, wait, drop):
    (one,) = run(
        BlockDeviceMappings=[
            mapping("/dev/sdf", VolumeSize=GB, DeleteOnTermination=True),
            mapping("/dev/sdg", VolumeSize=2, DeleteOnTermination=False),
            mapping("/dev/sdh", VolumeSize=3),
        ]
    )
    seen, volumes = shown(client, one)
    assert seen["RootDeviceType"] == "instance-store"
    assert {name: goes for name, (_, goes) in volumes.items()} == {
        "/dev/vdb": True, "/dev/vdc": False, "/dev/vdd": True,
    }  # fmt: skip
    ids = [volumes[name][0] for name in sorted(volumes)]
    assert sizes(client, ids) == [1, 2, 3]
    attached = client.describe_volumes(VolumeIds=ids)["Volumes"]
    assert {(v["State"], v["Attachments"][0]["InstanceId"]) for v in attached} == {("in-use", one)}
    end(client, wait, one)
    wait("volume_deleted", VolumeIds=[ids[0]])
    wait("volume_deleted", VolumeIds=[ids[2]])
    drop(ids[1])


@pytest.mark.parametrize("goes", [True, False])
def test_a_root_volume_is_made_of_the_image(client, image_id, run, wait, drop, goes):
    root = mapping("/dev/sda1", VolumeSize=GB, DeleteOnTermination=goes)
    (one,) = run(BlockDeviceMappings=[root])
    seen, volumes = shown(client, one)
    assert (seen["RootDeviceType"], seen["RootDeviceName"]) == ("ebs", "/dev/vda")
    assert seen["ImageId"] == image_id
    ((name, (volume, told)),) = volumes.items()
    assert (name, told) == ("/dev/vda", goes)
    end(client, wait, one)
    if goes:
        wait("volume_deleted", VolumeIds=[volume])
    else:
        drop(volume)


def test_a_volume_is_made_of_a_snapshot(client, run, wait, drop):
    source = client.create_volume(Size=GB, AvailabilityZone=ZONE)["VolumeId"]
    wait("volume_available", VolumeIds=[source])
    snapshot = client.create_snapshot(VolumeId=source)["SnapshotId"]
    wait("snapshot_completed", SnapshotIds=[snapshot])
    wanted = mapping("/dev/sdf", SnapshotId=snapshot, VolumeSize=2, DeleteOnTermination=False)
    (one,) = run(BlockDeviceMappings=[wanted])
    _, volumes = shown(client, one)
    ((copy, goes),) = volumes.values()
    (seen,) = client.describe_volumes(VolumeIds=[copy])["Volumes"]
    assert (seen["SnapshotId"], seen["Size"], goes) == (snapshot, 2, False)
    end(client, wait, one)
    drop(copy)
    client.delete_snapshot(SnapshotId=snapshot)
    drop(source)


def test_an_image_of_an_instance_with_volumes_brings_its_volumes(client, run, wait, drop):
    (source,) = run(
        BlockDeviceMappings=[
            mapping("/dev/sda1", VolumeSize=GB),
            mapping("/dev/sdf", VolumeSize=GB),
            mapping("/dev/sdg", VolumeSize=GB),
        ]
    )
    client.stop_instances(InstanceIds=[source])
    wait("instance_stopped", InstanceIds=[source])
    image = client.create_image(InstanceId=source, Name="with volumes")["ImageId"]
    wait("image_available", ImageIds=[image])
    (seen,) = client.describe_images(ImageIds=[image])["Images"]
    assert (seen["RootDeviceType"], seen["RootDeviceName"]) == ("ebs", "/dev/vda")
    own = {row["DeviceName"]: row["Ebs"] for row in seen["BlockDeviceMappings"]}
    assert {n: (e["VolumeSize"], e["DeleteOnTermination"]) for n, e in own.items()} == {
        "/dev/vda": (1, True), "/dev/vdb": (1, True), "/dev/vdc": (1, True),
    }  # fmt: skip
    snapshots = [ebs["SnapshotId"] for ebs in own.values()]
    assert len(client.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]) == 3

    kept = {"SnapshotId": own["/dev/vda"]["SnapshotId"], "DeleteOnTermination": False}
    (one,) = run(
        ImageId=image,
        BlockDeviceMappings=[
            mapping("/dev/sda1", VolumeSize=2, **kept),
            {"DeviceName": "/dev/vdb", "NoDevice": ""},
        ],
    )
    _, volumes = shown(client, one)
    assert {name: goes for name, (_, goes) in volumes.items()} == {
        "/dev/vda": False, "/dev/vdb": True,
    }  # fmt: skip
    ids = [volumes["/dev/vda"][0], volumes["/dev/vdb"][0]]
    told = {v["VolumeId"]: v for v in client.describe_volumes(VolumeIds=ids)["Volumes"]}
    assert [(told[i]["Size"], told[i]["SnapshotId"]) for i in ids] == [
        (2, own["/dev/vda"]["SnapshotId"]), (1, own["/dev/vdc"]["SnapshotId"]),
    ]  # fmt: skip
    for instance in (one, source):
        end(client, wait, instance)
    wait("volume_deleted", VolumeIds=[ids[1]])
    drop(ids[0])
    client.deregister_image(ImageId=image)
    for snapshot in snapshots:
        client.delete_snapshot(SnapshotId=snapshot)


REFUSED = {
    # why > mappings and the code
    "two roots": ([mapping("/dev/sda1", VolumeSize=1), mapping("/dev/vda", VolumeSize=1)],
                  "InvalidBlockDeviceMapping"),
    "twice": ([mapping("/dev/sdf", VolumeSize=1)] * 2, "InvalidBlockDeviceMapping"),
    "a root of a snapshot": ([mapping("/dev/sda1", SnapshotId="snap-12345678")],
                             "InvalidBlockDeviceMapping"),
    "a root of no size": ([mapping("/dev/sda1", DeleteOnTermination=True)],
                          "InvalidParameterValue"),
}  # fmt: skip


@pytest.mark.parametrize(("mappings", "wanted"), REFUSED.values(), ids=REFUSED)
def test_mappings_that_are_refused(client, image_id, code, mappings, wanted):
    call = {"ImageId": image_id, "InstanceType": "m1.tiny", "MinCount": 1, "MaxCount": 1}
    assert code(client.run_instances, **call, BlockDeviceMappings=mappings) == wanted
