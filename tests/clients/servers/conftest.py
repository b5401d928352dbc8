# SPDX-License-Identifier: Apache-2.0
"""A whole cloud with one server, for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeCloud]:
    cloud = WholeCloud(tmp_path_factory.mktemp("extras")).start()
    yield cloud
    cloud.stop()


@pytest.fixture(autouse=True)
def at_rest(whole: WholeCloud) -> Iterator[None]:
    """What one test has begun does not reach into the next."""
    yield
    whole.rest()


@pytest.fixture(scope="module")
def admin(whole: WholeCloud) -> Any:
    connection = whole.connect()
    connection.image.create_image(
        "tiny", data=b"boot me".ljust(512, b"\0"), disk_format="raw", container_format="bare",
        visibility="public",
    )  # fmt: skip
    connection.compute.create_flavor(name="m1.tiny", vcpus=1, ram=64, disk=1)
    network = connection.network
    public = network.create_network(name="public", is_router_external=True)
    network.create_subnet(network_id=public.id, cidr="172.24.4.0/24", ip_version=4)
    private = network.create_network(name="private", is_shared=True)
    inside = network.create_subnet(network_id=private.id, cidr="10.30.0.0/24", ip_version=4)
    router = network.create_router(external_gateway_info={"network_id": public.id})
    network.add_interface_to_router(router, subnet_id=inside.id)
    return connection


@pytest.fixture(scope="module")
def server(admin: Any) -> Any:
    made = admin.compute.create_server(
        name="one", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": admin.network.find_network("private").id}],
    )  # fmt: skip
    return admin.compute.wait_for_server(made, wait=180)
