# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a server on every compute host in a network of their own, or all of that gone.

Called by the role smoke on the deployer. What it makes is named `smoke...`; the image stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openstack
from ansible.module_utils.basic import AnsibleModule
from keystoneauth1 import exceptions as ksa
from openstack import exceptions

NAME = "smoke"
REQUEST_S = 120
"""A service that loses its broker or its database while it answers may never end to."""
NOT_YET = (502, 503, 504)
"""What a load balancer says that has not noticed yet that a service runs."""
CIDR = "192.168.233.0/24"
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "required": True},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "image_file": {"type": "path", "default": ""},
    "image_folder": {"type": "path", "default": ""},
    "auth_url": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "region": {"type": "str", "default": "RegionOne"},
    "ca_file": {"type": "str", "default": ""},
    "timeout_s": {"type": "int", "default": 600},
}


class Failed(Exception):
    """The cloud does not do what it should; the sentence says what."""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    given = module.params
    if module.check_mode:
        module.exit_json(changed=False, network="", addresses={})
    try:
        cloud = _connect(given)
        if given["state"] == "absent":
            _patiently(given["timeout_s"], lambda: remove(cloud, given["timeout_s"]))
            module.exit_json(changed=False)
        network, addresses = _patiently(given["timeout_s"], lambda: make(cloud, given))
    except (Failed, exceptions.SDKException, ksa.ClientException) as error:
        module.fail_json(msg=f"The smoke test failed: {error}")
    module.exit_json(changed=False, network=network, addresses=addresses)


def _patiently(timeout_s: int, deed: Callable[[], Any]) -> Any:
    """Its result; done again while a service cannot be reached or does not answer in time."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            return deed()
        except (exceptions.SDKException, ksa.ClientException) as error:
            # what was made is found again by its name
            if not _is_early(error) or time.monotonic() > until:
                raise
            time.sleep(1)


def _is_early(error: Exception) -> bool:
    """Whether nobody answered, or a load balancer that has not noticed its service yet."""
    status = getattr(error, "http_status", None) or getattr(error, "status_code", None)
    return isinstance(error, ksa.ConnectFailure) or status in NOT_YET


def make(cloud: Any, given: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Id of the network, and host > address of its server."""
    image = _image(cloud, given)
    flavor = cloud.compute.find_flavor(NAME) or cloud.compute.create_flavor(
        name=NAME, vcpus=1, ram=128, disk=1
    )
    network = cloud.network.find_network(NAME) or cloud.network.create_network(name=NAME)
    if not network.subnet_ids:
        cloud.network.create_subnet(network_id=network.id, name=NAME, ip_version=4, cidr=CIDR)
    group = _group(cloud)
    for host in given["hosts"]:
        _forget_failed(cloud, host, given["timeout_s"])
        if not cloud.compute.find_server(f"{NAME}-{host}"):
            cloud.compute.create_server(
                name=f"{NAME}-{host}", image_id=image.id, flavor_id=flavor.id,
                networks=[{"uuid": network.id}], security_groups=[{"name": group.id}],
                availability_zone=f"nova:{host}",
            )  # fmt: skip
    addresses = {host: _wait(cloud, host, given["timeout_s"]) for host in given["hosts"]}
    return network.id, addresses


def remove(cloud: Any, timeout_s: int) -> None:
    """All but the image; finds nothing the second time."""
    servers = [s for s in cloud.compute.servers() if s.name.startswith(f"{NAME}-")]
    for server in servers:
        cloud.compute.delete_server(server, ignore_missing=True)
    for server in servers:
        cloud.compute.wait_for_delete(server, wait=timeout_s)
    if network := cloud.network.find_network(NAME):
        for port in cloud.network.ports(network_id=network.id):
            if not port.device_owner.startswith("network:"):
                cloud.network.delete_port(port)
        cloud.network.delete_network(network)
    if group := cloud.network.find_security_group(NAME):
        cloud.network.delete_security_group(group)
    if flavor := cloud.compute.find_flavor(NAME):
        cloud.compute.delete_flavor(flavor)


def _connect(given: dict[str, Any]) -> Any:
    return openstack.connect(
        load_yaml_config=False, load_envvars=False, region_name=given["region"],
        auth_url=given["auth_url"], username="admin", password=given["password"],
        project_name="admin", user_domain_name="Default", project_domain_name="Default",
        verify=given["ca_file"] or True, api_timeout=REQUEST_S,
    )  # fmt: skip


def _image(cloud: Any, given: dict[str, Any]) -> Any:
    found = cloud.image.find_image(NAME)
    if found and found.status == "active":
        return found
    if found:  # an upload was interrupted
        cloud.image.delete_image(found)
    file = given["image_file"]
    if not file:
        # The guest image of this project; only here, for it is no matter of the hosts.
        from nova_appliance.embedded.guest import image  # noqa: PLC0415

        file = str(image.cached(Path(given["image_folder"])))
    return cloud.image.create_image(
        NAME, filename=file, disk_format="qcow2", container_format="bare", wait=True,
        hw_rng_model="virtio",
    )  # fmt: skip


def _group(cloud: Any) -> Any:
    if found := cloud.network.find_security_group(NAME):
        return found
    group = cloud.network.create_security_group(name=NAME)
    for protocol in ("icmp", "tcp"):
        cloud.network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", protocol=protocol, ethertype="IPv4"
        )
    return group


def _forget_failed(cloud: Any, host: str, timeout_s: int) -> None:
    """What an earlier run left broken says nothing of this one."""
    server = cloud.compute.find_server(f"{NAME}-{host}")
    server = server and cloud.compute.get_server(server.id)
    if server and server.status == "ERROR":
        cloud.compute.delete_server(server, ignore_missing=True)
        cloud.compute.wait_for_delete(server, wait=timeout_s)


def _wait(cloud: Any, host: str, timeout_s: int) -> str:
    """The address of the host's server when it is ACTIVE."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        server = cloud.compute.find_server(f"{NAME}-{host}")
        server = server and cloud.compute.get_server(server.id)
        if server and server.status == "ERROR":
            raise Failed(f"the server on {host} is in ERROR: {(server.fault or {}).get('message')}")
        if server and server.status == "ACTIVE":
            return str(next(iter(server.addresses.values()))[0]["addr"])
        time.sleep(1)
    raise Failed(f"the server on {host} is not ACTIVE after {timeout_s} s")


if __name__ == "__main__":
    main()
