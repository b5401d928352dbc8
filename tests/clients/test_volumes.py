# SPDX-License-Identifier: Apache-2.0
"""Unmodified openstackclient and openstacksdk against the volume service over real HTTP."""

from __future__ import annotations

import openstack.exceptions
import pytest

SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"


def test_volumes_by_command(cloud):
    made = cloud.run(
        "volume create --size 1 --description d --property a=b -f json disk", cloud="demo"
    )
    volumes = cloud.connect("demo").block_storage
    volumes.wait_for_status(volumes.get_volume(made["id"]), "available", interval=0.1)
    shown = cloud.run("volume show disk -f json", cloud="demo")
    assert (shown["size"], shown["properties"], shown["bootable"]) == (1, {"a": "b"}, False)
    (row,) = cloud.run("volume list --long -f json", cloud="demo")
    assert (row["Name"], row["Status"], row["Type"]) == ("disk", "available", "files")
    cloud.run("volume set --name disk2 --property c=d --bootable disk", cloud="demo")
    cloud.run("volume unset --property a disk2", cloud="demo")
    shown = cloud.run("volume show disk2 -f json", cloud="demo")
    assert (shown["properties"], shown["bootable"]) == ({"c": "d"}, True)
    cloud.run("volume set --size 2 disk2", cloud="demo")
    volumes.wait_for_status(volumes.get_volume(made["id"]), "available", interval=0.1)
    snapshot = cloud.run("volume snapshot create --volume disk2 -f json snap", cloud="demo")
    found = volumes.get_snapshot(snapshot["id"])
    volumes.wait_for_status(found, "available", interval=0.1)
    assert cloud.run("volume snapshot list -f json", cloud="demo")[0]["Size"] == 2
    copy = cloud.run("volume create --snapshot snap -f json copy", cloud="demo")
    volumes.wait_for_status(volumes.get_volume(copy["id"]), "available", interval=0.1)
    assert {r["Name"] for r in cloud.run("volume list --all-projects -f json")} == {"disk2", "copy"}
    cloud.run("volume set --type qcow2 --retype-policy on-demand copy", cloud="demo")
    volumes.wait_for_status(volumes.get_volume(copy["id"]), "available", interval=0.1)
    assert cloud.run("volume show copy -f json", cloud="demo")["type"] == "qcow2"
    assert "dependent" in cloud.run("volume delete disk2", cloud="demo", fails=True)
    cloud.run("volume snapshot delete snap", cloud="demo")
    volumes.wait_for_delete(found, interval=0.1)
    gone = [volumes.get_volume(one["id"]) for one in (made, copy)]
    cloud.run("volume delete disk2 copy", cloud="demo")
    for one in gone:
        volumes.wait_for_delete(one, interval=0.1)
    assert cloud.run("volume list -f json", cloud="demo") == []


@pytest.mark.parametrize(
    "words",
    [
        "volume type list",
        "volume service list",
        "availability zone list --volume",
        "quota show --volume",
    ],
)
def test_lists_by_command(cloud, words):
    assert cloud.run(f"{words} -f json")


def test_attachments_by_sdk_and_command(cloud):
    volumes = cloud.connect("demo").block_storage
    volumes.default_microversion = "3.60"
    volume = volumes.create_volume(size=1, name="a")
    volumes.wait_for_status(volume, "available", interval=0.1)
    made = volumes.create_attachment(volume=volume.id, instance=SERVER, connector=None)
    made = volumes.update_attachment(made, connector={"host": "h", "mountpoint": "/dev/vdb"})
    assert made.connection_info["driver_volume_type"] == "local"
    volumes.complete_attachment(made)
    assert volumes.get_volume(volume.id).status == "in-use"
    listed = cloud.run("--os-volume-api-version 3.60 volume attachment list -f json", cloud="demo")
    assert [row["Volume ID"] for row in listed] == [volume.id]
    with pytest.raises(openstack.exceptions.BadRequestException, match="status must be"):
        volumes.delete_volume(volume)
    volumes.delete_attachment(made)
    volumes.delete_volume(volume)
    volumes.wait_for_delete(volume, interval=0.1)
