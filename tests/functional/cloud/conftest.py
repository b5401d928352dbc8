# SPDX-License-Identifier: Apache-2.0
"""A whole embedded cloud with the fake driver, shared by the tests of a module."""

import pytest
from fixtures.whole_cloud import WholeCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    found = WholeCloud(tmp_path_factory.mktemp("cloud")).start()
    seed(found)
    yield found
    found.stop()


def seed(cloud):
    """An image, a flavor, a network, and room in the quotas."""
    connection = cloud.connect()
    image = connection.image.create_image(
        "tiny", data=b"boot me".ljust(512, b"\0"), disk_format="raw", container_format="bare",
        visibility="public",
    )  # fmt: skip
    flavor = connection.compute.create_flavor(name="m1.tiny", vcpus=1, ram=64, disk=1)
    found = connection.network.find_network("private")
    network = found or make_network(connection)
    cloud.wanted = {"image_id": image.id, "flavor_id": flavor.id, "network": network.id}
    return cloud


def make_network(connection):
    network = connection.network.create_network(name="private", shared=True)
    connection.network.create_subnet(network_id=network.id, cidr="10.30.0.0/16", ip_version=4)
    return network


def server_body(cloud, name, **more):
    return {
        "name": name,
        "imageRef": cloud.wanted["image_id"],
        "flavorRef": cloud.wanted["flavor_id"],
        "networks": [{"uuid": cloud.wanted["network"]}],
        **more,
    }
