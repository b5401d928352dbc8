# SPDX-License-Identifier: Apache-2.0
"""Nova's own clients against images and networks over real HTTP, as the service user."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from nova_appliance.clients.images import Images
from nova_appliance.clients.network_nouns import Network, PortWanted
from nova_appliance.clients.networks import Networks
from nova_appliance.clients.session import open_session
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.conf import load

DATA = b"\x00" * 3_000_000


@pytest.fixture(scope="module")
def conf(cloud: Any) -> Any:
    user = {
        "auth_url": cloud.settings.identity_url,
        "password": cloud.secrets.service_passwords["nova"],
    }
    return load.load(files=[], overrides={"service_user": user})


@pytest.fixture(scope="module")
def images(conf: Any) -> Images:
    return Images(open_session(conf), conf)


@pytest.fixture(scope="module")
def networks(conf: Any) -> Networks:
    return Networks(open_session(conf), conf)


@pytest.fixture(scope="module")
def demo(cloud: Any) -> Any:
    return cloud.connect("demo")


@pytest.fixture(scope="module")
def caller(demo: Any) -> RequestContext:
    return RequestContext(auth_token=demo.auth_token, project_id=demo.current_project_id)


@pytest.fixture
def image(demo: Any) -> Any:
    made = demo.image.create_image(
        "one", data=DATA, disk_format="raw", container_format="bare", min_ram=64,
        properties={"hw_disk_bus": "virtio"}, validate_checksum=False,
    )  # fmt: skip
    yield made
    demo.image.delete_image(made.id, ignore_missing=True)


def test_an_image_is_read_whole(images: Images, image: Any, caller: RequestContext) -> None:
    found = images.get(image.id, caller)
    assert (found.name, found.status, found.size_bytes) == ("one", "active", len(DATA))
    assert (found.min_ram_mib, found.disk_format, found.visibility) == (64, "raw", "shared")
    assert found.properties["hw_disk_bus"] == "virtio"
    assert found.checksum == "sha512:" + hashlib.sha512(DATA).hexdigest()
    assert b"".join(images.chunks(image.id)) == DATA
    assert found.remembered.id == image.id
    assert not hasattr(found.remembered, "status")


def test_foreign_images_are_not_found(images: Images, image: Any, cloud: Any) -> None:
    other = RequestContext(project_id=ids.new_id())
    with pytest.raises(errors.NotFound, match=image.id):
        images.get(image.id, other)
    with pytest.raises(errors.NotFound):
        images.delete(other, image.id)
    with pytest.raises(errors.NotFound):
        images.get(ids.new_id())
    with pytest.raises(errors.NotFound):
        images.get("../v2/images")


def test_images_are_listed_changed_and_deleted(
    images: Images, image: Any, caller: RequestContext
) -> None:
    assert image.id in {each.id for each in images.list_(caller, {"name": "one"})}
    assert images.list_(caller, {"name": "no such"}) == ()
    assert len(images.list_(caller, {"limit": "1"})) == 1
    put = {"colour": "red", "a/b~c": "x", "hw_disk_bus": "scsi"}
    changed = images.change(caller, image.id, put)
    assert {key: changed.properties[key] for key in put} == put
    changed = images.change(caller, image.id, drop=["colour"])
    assert "colour" not in changed.properties
    images.delete(caller, image.id)
    with pytest.raises(errors.NotFound):
        images.get(image.id, caller)


@pytest.fixture
def private(networks: Networks, demo: Any) -> Network:
    found = networks.usable(demo.current_project_id)
    return next(network for network in found if network.name == "private")


def wanted(network: Network, demo: Any, **changes: Any) -> PortWanted:
    values = {"server_id": ids.new_id(), "index": 0, "network_id": network.id}
    return PortWanted(**(values | {"project_id": demo.current_project_id} | changes))


def test_usable_networks(
    networks: Networks, private: Network, demo: Any, caller: RequestContext
) -> None:
    project = demo.current_project_id
    public = demo.network.find_network("public")
    assert not private.external
    assert public.id not in {network.id for network in networks.usable(project)}
    asked = [public.id, ids.new_id(), private.id]
    assert [n.id for n in networks.usable(project, asked, caller)] == [public.id, private.id]
    assert [n.id for n in networks.usable(project, [private.id])] == [private.id]
    assert networks.usable(project, []) == ()
    assert {public.id, private.id} <= {row["id"] for row in networks.rows.list_(caller, "networks")}
    assert networks.get(private.id).mtu == private.mtu
    with pytest.raises(errors.NotFound):
        networks.get(ids.new_id())


def test_a_port_made_again_is_the_first(networks: Networks, private: Network, demo: Any) -> None:
    one = wanted(private, demo, host="h1")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(networks.create_port, [one] * 4))
    assert len({port.id for port in made}) == 1
    assert len(networks.ports(device_id=one.server_id)) == 1
    port = networks.get_port(made[0].id)
    assert (port.project_id, port.host) == (demo.current_project_id, "h1")
    assert port.device_owner == "compute:nova"
    second = networks.create_port(wanted(private, demo, server_id=one.server_id, index=1))
    assert second.id != port.id
    for each in (port, second, second):
        networks.delete_port(each.id)
    assert networks.ports(device_id=one.server_id) == ()


def test_a_port_asks_for_its_address(networks: Networks, private: Network, demo: Any) -> None:
    one = wanted(private, demo, fixed_ip="10.20.0.77")
    port = networks.create_port(one)
    assert [ip.address for ip in port.fixed_ips] == ["10.20.0.77"]
    assert networks.create_port(one).id == port.id
    with pytest.raises(errors.Conflict, match=r"10\.20\.0\.77"):
        networks.create_port(wanted(private, demo, fixed_ip="10.20.0.77"))
    with pytest.raises(errors.Invalid):
        networks.create_port(wanted(private, demo, fixed_ip="192.0.2.1"))
    networks.delete_port(port.id)


def test_the_users_own_port_is_bound_and_let_go(
    networks: Networks, private: Network, demo: Any
) -> None:
    mine = demo.network.create_port(network_id=private.id, name="mine")
    server_id = ids.new_id()
    bound = networks.bind_port(mine.id, "h1", server_id, "east")
    assert (bound.host, bound.device_id, bound.device_owner) == ("h1", server_id, "compute:east")
    assert networks.bind_port(mine.id, "h1", server_id, "east").id == mine.id
    vif = networks.vif(bound)
    assert (vif.port_id, vif.mac, vif.kind) == (mine.id, mine.mac_address, "bridge")
    assert vif.bridge
    assert vif.mtu == private.mtu
    with pytest.raises(errors.Conflict, match="in use"):
        networks.bind_port(mine.id, "h1", ids.new_id(), "east")
    networks.unbind_port(mine.id)
    free = networks.get_port(mine.id)
    assert (free.host, free.device_id, free.device_owner) == ("", "", "")
    with pytest.raises(errors.Refused, match="cannot be plugged"):
        networks.vif(free)
    networks.delete_port(mine.id)
    networks.unbind_port(mine.id)


def test_addresses_with_floating_ones(networks: Networks, private: Network, demo: Any) -> None:
    port = networks.create_port(wanted(private, demo))
    public = demo.network.find_network("public")
    pair = demo.network.create_ip(floating_network_id=public.id, port_id=port.id)
    fixed, floating = networks.addresses([port])
    assert (fixed.network, fixed.kind, fixed.version) == ("private", "fixed", 4)
    assert fixed.address == port.fixed_ips[0].address
    assert fixed.mac == floating.mac == port.mac
    assert (floating.address, floating.kind) == (pair.floating_ip_address, "floating")
    assert networks.addresses([]) == ()
    demo.network.delete_ip(pair)
    networks.delete_port(port.id)


def test_security_groups_by_name_and_id(networks: Networks, demo: Any) -> None:
    project = demo.current_project_id
    (default,) = networks.security_groups(project, ["default"])
    twins = [demo.network.create_security_group(name="twin") for _ in range(2)]
    found = networks.security_groups(project, [twins[1].id, "default"])
    assert [group.id for group in found] == [twins[1].id, default.id]
    with pytest.raises(errors.Conflict, match="Multiple security groups"):
        networks.security_groups(project, ["twin"])
    with pytest.raises(errors.Invalid, match="nosuch"):
        networks.security_groups(project, ["nosuch"])
    for twin in twins:
        demo.network.delete_security_group(twin)


def test_one_session_serves_many_threads(networks: Networks, private: Network) -> None:
    barrier = threading.Barrier(12)

    def ask(_: int) -> str:
        barrier.wait(60)
        return networks.get(private.id).name

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {"private"}
