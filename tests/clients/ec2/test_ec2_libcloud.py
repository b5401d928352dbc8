# SPDX-License-Identifier: Apache-2.0
"""apache-libcloud's EC2 driver: another reader of the XML, written by other people."""

import urllib.parse

import pytest
from libcloud.compute.base import NodeSize
from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState, Provider


@pytest.fixture
def driver(keys):
    where = urllib.parse.urlsplit(keys.url)
    make = get_driver(Provider.EC2)
    return make(keys.access, keys.secret, secure=False, host=where.hostname, port=where.port)


def one(driver, node):
    (found,) = driver.list_nodes(ex_node_ids=[node.id])
    return found


def until(driver, node, state, wait_for):
    assert wait_for(lambda: one(driver, node).state == state, 40, every_s=0.5)


@pytest.fixture
def wait_for():
    from nova_appliance.common.clock import wait_for  # noqa: PLC0415 - ours, in a foreign story

    return wait_for


def test_the_life_of_a_node(driver, wait_for):
    (image,) = driver.list_images()
    size = NodeSize("m1.tiny", "m1.tiny", 64, 1, 0, 0, driver)
    key = driver.create_key_pair("libcloud")
    assert "PRIVATE KEY" in key.private_key
    node = driver.create_node(name="web", image=image, size=size, ex_keyname="libcloud")
    assert node.state == NodeState.PENDING
    ((node, addresses),) = driver.wait_until_running(
        [node], wait_period=0.5, timeout=60, ssh_interface="private_ips"
    )
    assert addresses[0].startswith("10.30.")
    assert (node.name, node.extra["instance_type"], node.extra["key_name"]) == (
        "web", "m1.tiny", "libcloud",
    )  # fmt: skip
    assert driver.ex_stop_node(node)
    until(driver, node, NodeState.STOPPED, wait_for)
    assert driver.ex_start_node(node)
    until(driver, node, NodeState.RUNNING, wait_for)
    assert driver.reboot_node(node)
    assert "started" in driver.ex_get_console_output(node)["output"]
    assert driver.destroy_node(node)
    until(driver, node, NodeState.TERMINATED, wait_for)
    assert driver.delete_key_pair(key)


def test_what_is_around_nodes(driver):
    made = driver.ex_create_security_group("libcloud", "of the test")
    assert driver.ex_authorize_security_group("libcloud", 80, 81, "192.0.2.0/24")
    group = next(g for g in driver.ex_get_security_groups() if g.id == made["group_id"])
    assert group.ingress_rules[0]["cidr_ips"] == ["192.0.2.0/24"]
    assert driver.ex_delete_security_group_by_id(group.id)
    address = driver.ex_allocate_address()
    assert address.ip in [one.ip for one in driver.ex_describe_all_addresses()]
    assert driver.ex_release_address(address, domain="vpc") or driver.ex_release_address(address)
    assert len(driver.ex_list_subnets()) == 1
    assert len(driver.ex_list_networks()) == 1
