# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: servers that stay on their host, and their shelf."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids

from .asking import ask, do, sentence, shown


def tell(connection: Any, server_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(connection, "GET", f"/servers/{server_id}", "2.96")[1]["server"]
    return found


def rest(connection: Any, server_id: str, status: str) -> dict[str, Any]:
    def there() -> bool:
        now = tell(connection, server_id)
        return (now["status"], now["OS-EXT-STS:task_state"]) == (status, None)

    assert clock.wait_for(there, 60), tell(connection, server_id)
    return tell(connection, server_id)


@pytest.fixture(scope="module")
def other_image(admin: Any) -> str:
    made = admin.image.create_image(
        "other", data=b"boot me too".ljust(512, b"\0"), disk_format="raw",
        container_format="bare", visibility="public",
    )  # fmt: skip
    return str(made.id)


def test_rebuild_with_openstackclient_and_at_all_versions(
    whole: WholeCloud,
    admin: Any,
    server: Any,
    other_image: str,
) -> None:
    addresses = shown(admin, server)
    whole.openstack("server", "rebuild", "--image", "other", "--wait", "one")
    now = rest(admin, server.id, "ACTIVE")
    assert now["image"]["id"] == other_image
    assert shown(admin, server) == addresses
    wanted = {
        "imageRef": server.image.id, "name": "uno", "metadata": {"a": "b"}, "adminPass": "secret",
        "description": "new", "key_name": None, "user_data": "aGk=", "hostname": "uno.example",
        "OS-DCF:diskConfig": "AUTO", "accessIPv4": "1.2.3.4", "preserve_ephemeral": True,
        "trusted_image_certificates": ["c1"],
    }  # fmt: skip
    status, data = do(admin, server, "2.100", rebuild=wanted)
    told = data["server"]
    assert (status, told["status"], told["adminPass"]) == (202, "REBUILD", "secret")
    rest(admin, server.id, "ACTIVE")
    now = ask(admin, "GET", f"/servers/{server.id}", "2.100")[1]["server"]
    for view in (told, now):
        assert (view["name"], view["metadata"], view["description"]) == ("uno", {"a": "b"}, "new")
        assert view["OS-EXT-SRV-ATTR:hostname"] == "uno.example"
        assert view["trusted_image_certificates"] == ["c1"]
        assert (view["accessIPv4"], view["OS-DCF:diskConfig"]) == ("1.2.3.4", "AUTO")
        assert view["image"]["id"] == server.image.id
    assert (told["user_data"], now["OS-EXT-SRV-ATTR:user_data"]) == ("aGk=", "aGk=")
    back = {"imageRef": server.image.id, "name": "one", "user_data": None}
    assert do(admin, server, "2.57", rebuild=back)[0] == 202
    rest(admin, server.id, "ACTIVE")


def test_a_stopped_server_is_rebuilt_and_stays_stopped(admin: Any, server: Any) -> None:
    do(admin, server, **{"os-stop": None})
    rest(admin, server.id, "SHUTOFF")
    assert do(admin, server, rebuild={"imageRef": server.image.id})[0] == 202
    assert rest(admin, server.id, "SHUTOFF")["OS-EXT-STS:power_state"] == 4
    do(admin, server, **{"os-start": None})
    rest(admin, server.id, "ACTIVE")


def test_what_rebuild_refuses(whole: WholeCloud, admin: Any, server: Any) -> None:
    image = server.image.id
    for version, wrong in (
        ("2.1", {}),
        ("2.1", {"imageRef": "x"}),
        ("2.1", {"imageRef": ids.new_id()}),
        ("2.18", {"imageRef": image, "description": "x"}),
        ("2.53", {"imageRef": image, "key_name": None}),
        ("2.54", {"imageRef": image, "key_name": "nosuch"}),
        ("2.57", {"imageRef": image, "user_data": "%%"}),
        ("2.57", {"imageRef": image, "personality": []}),
        ("2.62", {"imageRef": image, "trusted_image_certificates": ["x"]}),
        ("2.89", {"imageRef": image, "hostname": "x1"}),
        ("2.93", {"imageRef": image, "hostname": "a.b"}),
    ):
        assert do(admin, server, version, rebuild=wrong)[0] == 400, (version, wrong)
    many = {str(number): "x" for number in range(129)}
    assert do(admin, server, rebuild={"imageRef": image, "metadata": many})[0] == 403
    assert do(whole.connect("demo"), server, rebuild={"imageRef": image})[0] == 404
    big = admin.image.create_image(
        "big", data=b"x" * 512, disk_format="raw", container_format="bare", min_disk=50
    )
    assert do(admin, server, rebuild={"imageRef": big.id})[0] == 400
    do(admin, server, lock=None)
    assert do(admin, server, pause=None)[0] == 202
    rest(admin, server.id, "PAUSED")
    assert do(admin, server, rebuild={"imageRef": image})[0] == 409
    do(admin, server, unpause=None)
    do(admin, server, unlock=None)
    rest(admin, server.id, "ACTIVE")


def test_rescue_with_openstackclient(whole: WholeCloud, admin: Any, server: Any) -> None:
    whole.openstack("server", "rescue", "--password", "secret", "one")
    rest(admin, server.id, "RESCUE")
    assert do(admin, server, reboot={"type": "HARD"})[0] == 409
    whole.openstack("server", "unrescue", "one")
    rest(admin, server.id, "ACTIVE")
    status, data = do(admin, server, rescue={"adminPass": "x", "rescue_image_ref": server.image.id})
    assert (status, data) == (200, {"adminPass": "x"})
    rest(admin, server.id, "RESCUE")
    assert do(admin, server, rescue=None)[0] == 409
    assert do(admin, server, unrescue=None)[0] == 202
    rest(admin, server.id, "ACTIVE")
    assert do(admin, server, unrescue=None)[0] == 409
    actions = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions")[1]["instanceActions"]
    assert [one["action"] for one in actions[:2]] == ["unrescue", "rescue"]


def test_what_rescue_refuses(whole: WholeCloud, admin: Any, server: Any) -> None:
    assert do(admin, server, rescue={"rescue_image_ref": "x"})[0] == 400
    assert do(admin, server, rescue={"rescue_image_ref": ids.new_id()})[0] == 400
    assert do(admin, server, rescue={"wrong": 1})[0] == 400
    odd = admin.image.create_image(
        "odd", data=b"x" * 512, disk_format="raw", container_format="bare",
        hw_rescue_device="tape",
    )  # fmt: skip
    assert "'tape'" in sentence(do(admin, server, rescue={"rescue_image_ref": odd.id}), 400)
    assert do(whole.connect("demo"), server, rescue=None)[0] == 404
    assert tell(admin, server.id)["status"] == "ACTIVE"


@pytest.mark.parametrize("device", ["disk", "cdrom"])
def test_stable_device_rescue(admin: Any, server: Any, device: str) -> None:
    made = admin.image.create_image(
        "stable", data=b"x" * 512, disk_format="raw", container_format="bare",
        hw_rescue_device=device, hw_rescue_bus="usb",
    )  # fmt: skip
    assert do(admin, server, "2.87", rescue={"rescue_image_ref": made.id})[0] == 200
    rest(admin, server.id, "RESCUE")
    do(admin, server, unrescue=None)
    rest(admin, server.id, "ACTIVE")


def test_a_server_on_a_volume_is_rescued_since_2_87(admin: Any, server: Any) -> None:
    disk = {"uuid": server.image.id, "source_type": "image", "destination_type": "volume",
            "boot_index": 0, "volume_size": 1, "delete_on_termination": True}  # fmt: skip
    made = admin.compute.create_server(
        name="on-volume", flavor_id=admin.compute.find_flavor("m1.tiny").id, image_id="",
        networks="none", block_device_mapping=[disk],
    )  # fmt: skip
    rest(admin, made.id, "ACTIVE")
    image = admin.image.create_image(
        "beside", data=b"x" * 512, disk_format="raw", container_format="bare",
        hw_rescue_device="disk", hw_rescue_bus="virtio",
    )  # fmt: skip
    wanted = {"rescue_image_ref": image.id}
    refused = sentence(do(admin, made, "2.86", rescue=wanted), 400)
    assert (
        refused == f"Instance {made.id} cannot be rescued: Cannot rescue a volume-backed instance"
    )
    assert sentence(do(admin, made, "2.87", rescue=None), 400) == refused
    assert do(admin, made, "2.87", rescue=wanted)[0] == 200
    rest(admin, made.id, "RESCUE")
    assert do(admin, made, "2.87", unrescue=None)[0] == 202
    rest(admin, made.id, "ACTIVE")
    admin.compute.delete_server(made)


def images_named(connection: Any, name: str) -> list[str]:
    return [image.id for image in connection.image.images(name=name)]


def test_shelve_and_unshelve_with_openstackclient(
    whole: WholeCloud,
    admin: Any,
    server: Any,
) -> None:
    addresses, host = shown(admin, server), tell(admin, server.id)["OS-EXT-SRV-ATTR:host"]
    whole.openstack("server", "shelve", "one")
    now = rest(admin, server.id, "SHELVED_OFFLOADED")
    assert (now["OS-EXT-SRV-ATTR:host"], now["OS-EXT-STS:power_state"]) == (None, 4)
    (shelved,) = images_named(admin, "one-shelved")
    port = next(admin.network.ports(device_id=server.id))
    assert not port.binding_host_id
    assert shown(admin, server) == addresses
    assert do(admin, server, shelve=None)[0] == 409
    assert do(admin, server, **{"os-start": None})[0] == 409
    whole.openstack("server", "unshelve", "--wait", "one")
    now = rest(admin, server.id, "ACTIVE")
    assert now["OS-EXT-SRV-ATTR:host"] == host
    assert now["image"]["id"] == server.image.id
    assert shown(admin, server) == addresses
    assert next(admin.network.ports(device_id=server.id)).binding_host_id == host
    assert images_named(admin, "one-shelved") == []
    assert shelved
    actions = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions")[1]["instanceActions"]
    assert [one["action"] for one in actions[:2]] == ["unshelve", "shelve"]


def test_unshelve_by_version(whole: WholeCloud, admin: Any, server: Any) -> None:
    host = tell(admin, server.id)["OS-EXT-SRV-ATTR:host"]
    assert do(admin, server, shelve=None)[0] == 202
    rest(admin, server.id, "SHELVED_OFFLOADED")
    for version, wrong in (
        ("2.77", {}),
        ("2.77", {"availability_zone": "nosuch"}),
        ("2.77", {"availability_zone": None}),
        ("2.90", {"availability_zone": "nova", "host": host}),
        ("2.91", {"host": "nosuch"}),
        ("2.91", {"wrong": 1}),
    ):
        assert do(admin, server, version, unshelve=wrong)[0] == 400, (version, wrong)
    assert do(whole.connect("demo"), server, "2.91", unshelve={"host": host})[0] == 404
    zone = {"availability_zone": "nova"}
    assert do(admin, server, "2.77", unshelve=zone)[0] == 202
    assert rest(admin, server.id, "ACTIVE")["pinned_availability_zone"] == "nova"
    do(admin, server, shelve=None)
    rest(admin, server.id, "SHELVED_OFFLOADED")
    free = {"availability_zone": None, "host": host}
    assert do(admin, server, "2.91", unshelve=free)[0] == 202
    assert rest(admin, server.id, "ACTIVE")["pinned_availability_zone"] is None


def test_a_shelved_server_is_deleted_with_its_image(admin: Any) -> None:
    made = admin.compute.create_server(
        name="short", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id, networks="none",
    )  # fmt: skip
    admin.compute.wait_for_server(made, wait=180)
    do(admin, made, shelve=None)
    rest(admin, made.id, "SHELVED_OFFLOADED")
    assert len(images_named(admin, "short-shelved")) == 1
    admin.compute.delete_server(made)
    admin.compute.wait_for_delete(made, wait=180)
    assert images_named(admin, "short-shelved") == []


def test_backups_are_rotated(whole: WholeCloud, admin: Any, server: Any) -> None:
    for name in ("b1", "b2"):
        whole.openstack("server", "backup", "create", "--name", name, "--rotate", "2", "one")
        rest(admin, server.id, "ACTIVE")
    third = {"name": "b3", "backup_type": "", "rotation": 2}
    status, data = do(admin, server, "2.45", createBackup=third | {"backup_type": "daily"})
    assert (status, list(data)) == (202, ["image_id"])
    rest(admin, server.id, "ACTIVE")
    kept = {image.name for image in admin.image.images() if image.name in {"b1", "b2", "b3"}}
    assert len(images_named(admin, "b3")) == 1
    assert {"b3"} <= kept
    status, data = do(admin, server, createBackup=third | {"backup_type": "daily", "rotation": 1})
    assert (status, data) == (202, None)
    rest(admin, server.id, "ACTIVE")
    found = [i for i in admin.image.images() if (i.properties or {}).get("backup_type") == "daily"]
    assert len(found) == 1
    for wrong in ({}, third | {"rotation": -1}, {"name": "x", "backup_type": "daily"}):
        assert do(admin, server, createBackup=wrong)[0] == 400
    no_rotation = third | {"backup_type": "daily", "rotation": 0}
    assert do(admin, server, "2.45", createBackup=no_rotation) == (202, None)
    rest(admin, server.id, "ACTIVE")


def test_change_password_needs_the_agent(whole: WholeCloud, admin: Any, server: Any) -> None:
    refused = do(admin, server, changePassword={"adminPass": "new"})
    assert "agent" in sentence(refused, 409)
    assert do(admin, server, changePassword={})[0] == 400
    assert tell(admin, server.id)["status"] == "ACTIVE"
    image = admin.image.create_image(
        "agent", data=b"x" * 512, disk_format="raw", container_format="bare",
        hw_qemu_guest_agent="yes", os_admin_user="boss",
    )  # fmt: skip
    do(admin, server, rebuild={"imageRef": image.id})
    rest(admin, server.id, "ACTIVE")
    assert do(admin, server, changePassword={"adminPass": "new"})[0] == 202
    said = do(admin, server, **{"os-getConsoleOutput": {}})[1]["output"]
    assert "the password of boss was changed" in said
    orders = whole.rows("nova", "SELECT order_ FROM sagas WHERE name = 'change_password'")
    assert orders
    assert all('"password":""' in row["order_"] for row in orders)
    do(admin, server, rebuild={"imageRef": server.image.id})
    rest(admin, server.id, "ACTIVE")


def test_impossible_hardware_is_refused_by_its_word(admin: Any) -> None:
    flavor = admin.compute.create_flavor(name="odd", vcpus=2, ram=64, disk=1)
    admin.compute.create_flavor_extra_specs(flavor, {"hw:cpu_sockets": "3"})
    image = admin.image.create_image(
        "floppy", data=b"x" * 512, disk_format="raw", container_format="bare",
        hw_disk_bus="floppy",
    )  # fmt: skip
    tiny = admin.compute.find_flavor("m1.tiny").id
    plain = admin.image.find_image("tiny").id
    for image_id, flavor_id, word in (
        (plain, flavor.id, "hw:cpu_sockets=3"),
        (image.id, tiny, "hw_disk_bus"),
    ):
        wanted = {"name": "x", "imageRef": image_id, "flavorRef": flavor_id, "networks": "none"}
        refused = ask(admin, "POST", "/servers", "2.37", json={"server": wanted})
        assert word in sentence(refused, 400)


def test_numa_cells_are_told(admin: Any) -> None:
    flavor = admin.compute.create_flavor(name="two-cells", vcpus=2, ram=64, disk=1)
    admin.compute.create_flavor_extra_specs(flavor, {"hw:numa_nodes": "2"})
    made = admin.compute.create_server(
        name="cells", image_id=admin.image.find_image("tiny").id, flavor_id=flavor.id,
        networks="none",
    )  # fmt: skip
    nodes = ask(admin, "GET", f"/servers/{made.id}/topology", "2.78")[1]["nodes"]
    assert [(node["vcpu_set"], node["memory_mb"]) for node in nodes] == [([0], 32), ([1], 32)]
    admin.compute.delete_server(made)


def test_hosts_of_an_aggregate_cache_images(whole: WholeCloud, admin: Any, server: Any) -> None:
    host = tell(admin, server.id)["OS-EXT-SRV-ATTR:host"]
    made = admin.compute.create_aggregate(name="warm")
    admin.compute.add_host_to_aggregate(made, host)
    image = admin.image.create_image(
        "warm", data=b"x" * 512, disk_format="raw", container_format="bare", visibility="public"
    )
    path, cached = f"/os-aggregates/{made.id}/images", whole.settings.state_dir
    for version, wrong, status in (
        ("2.80", {"cache": [{"id": image.id}]}, 404),
        ("2.81", {"cache": []}, 400),
        ("2.81", {"cache": [{"id": "x"}]}, 400),
        ("2.81", {"cache": [{"id": image.id}] * 2}, 400),
        ("2.81", {"cache": [{"id": ids.new_id()}]}, 400),
    ):
        assert ask(admin, "POST", path, version, json=wrong)[0] == status, wrong
    gone = "/os-aggregates/999/images"
    assert ask(admin, "POST", gone, "2.81", json={"cache": [{"id": image.id}]})[0] == 404
    demo = whole.connect("demo")
    assert ask(demo, "POST", path, "2.81", json={"cache": [{"id": image.id}]})[0] == 403
    admin.compute.aggregate_precache_images(made, [image.id])
    assert clock.wait_for(lambda: any(cached.rglob(f"{image.id}*.json")), 60)
