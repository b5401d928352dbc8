# SPDX-License-Identifier: Apache-2.0
"""A controller and the deployer's secrets are lost, and come back from a backup; guests run on meanwhile."""

import hashlib

import pytest

pytestmark = pytest.mark.timeout(5400)


def fixed(server):
    """Its own addresses; floating ones are told apart, and a server hears of them a little later."""
    found = (one for addresses in server.addresses.values() for one in addresses)
    return sorted(one["addr"] for one in found if one["OS-EXT-IPS:type"] == "fixed")


def record(cloud):
    """What users would miss, from whatever service keeps it."""
    api = cloud.api
    servers = (
        (one.id, one.name, one.status, one.created_at, one.flavor["name"], fixed(one))
        for one in api.compute.servers(all_projects=True)
    )
    return {
        "servers": sorted(servers, key=lambda one: one[0]),
        "keys": sorted((one.name, one.fingerprint) for one in api.compute.keypairs()),
        "flavors": sorted(one.name for one in api.compute.flavors()),
        "images": sorted((one.id, one.checksum) for one in api.image.images()),
        "ports": sorted((one.id, one.mac_address) for one in api.network.ports()),
        "floating": sorted(one.floating_ip_address for one in api.network.ips()),
        "users": sorted((one.id, one.name) for one in api.identity.users()),
    }


def test_a_lost_controller_is_restored_and_guests_did_not_notice(
    cloud, servers, computes, door, tmp_path
):
    uptime_s = float(cloud.in_guest(door, "cat /proc/uptime").split()[0])
    before, saved = record(cloud), tmp_path / "saved"
    cloud.play("backup", "-e", f"backup_folder={saved}")
    secrets = cloud.lab.folder / "secrets"
    secrets.rename(secrets.with_name("secrets.lost"))
    cloud.lose(cloud.hosts("controller")[0].name)
    cloud.play("restore", "-e", f"backup_folder={saved}")
    assert cloud.all_up(300), cloud.services()
    assert record(cloud) == before
    image = cloud.api.image.download_image(cloud.image)
    assert hashlib.md5(image.content).hexdigest() == dict(before["images"])[cloud.image.id]
    assert float(cloud.in_guest(door, "cat /proc/uptime", timeout_s=600).split()[0]) > uptime_s
    server = cloud.boot("restored", computes[0])
    cloud.erase(server.id)
    cloud.play("smoke")
    assert (secrets / "clouds.yaml").exists()
