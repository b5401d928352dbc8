# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a compute host as the Compute API sees it: drained, in service, or forgotten.

Called by the role compute_host on the deployer. It speaks to the API alone and disables or enables
a host only if it was this module that disabled it.
"""

from __future__ import annotations

import time
from typing import Any

import openstack
from ansible.module_utils.basic import AnsibleModule
from keystoneauth1 import exceptions as ksa

REASON = "drained by nova-appliance"
ADMIN = "admin"
POLL_S = 2.0
REQUEST_S = 120
"""A service that loses its broker or its database while it answers may never end to."""
ARGUMENTS = {
    "host": {"type": "str", "required": True},
    "state": {
        "type": "str", "required": True, "choices": ["drained", "emptied", "in_service", "forgotten", "up"],
    },
    "auth_url": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "region": {"type": "str", "default": "RegionOne"},
    "ca_file": {"type": "str", "default": ""},
    "move": {"type": "bool", "default": True},
    "timeout_s": {"type": "int", "default": 600},
}  # fmt: skip


class Refused(Exception):
    """It cannot be done; the sentence says why."""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    given = module.params
    deeds = {
        "drained": drain, "emptied": empty, "in_service": undrain, "forgotten": forget,
        "up": wait_until_up,
    }  # fmt: skip
    try:
        changes = deeds[given["state"]](Host(given), dry=module.check_mode)
    except Refused as error:
        module.fail_json(msg=str(error))
    except ksa.ClientException as error:
        module.fail_json(msg=f"The Compute API cannot be asked: {error}")
    module.exit_json(changed=bool(changes), changes=changes)


class Host:
    """One compute host, asked and told over the API."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.name: str = given["host"]
        self.move: bool = given["move"]
        self.timeout_s: int = given["timeout_s"]
        cloud = openstack.connect(
            load_yaml_config=False, load_envvars=False, region_name=given["region"],
            auth_url=given["auth_url"], username=ADMIN, password=given["password"],
            project_name=ADMIN, user_domain_name="Default", project_domain_name="Default",
            verify=given["ca_file"] or True, api_timeout=REQUEST_S,
        )  # fmt: skip
        self._api, self._network = cloud.compute, cloud.network

    def service(self) -> dict[str, Any] | None:
        """Its nova-compute; None when nobody knows it."""
        path = f"/os-services?binary=nova-compute&host={self.name}"
        found = self.ask("GET", path)["services"]
        return found[0] if found else None

    def servers(self) -> list[dict[str, Any]]:
        """The servers on it, of all projects."""
        path = f"/servers/detail?all_tenants=1&host={self.name}"
        found: list[dict[str, Any]] = self.ask("GET", path)["servers"]
        return found

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON of an answer, {} when it has none."""
        answer = self._api.request(path, method, json=body, microversion="2.53", raise_exc=True)
        return answer.json() if answer.content else {}

    def network_agents(self) -> list[dict[str, Any]]:
        """What the network service remembers of it; [] of a service that tells of no agents."""
        try:
            answer = self._network.get(f"/agents?host={self.name}", raise_exc=False)
        except ksa.CatalogException:  # a cloud without networks
            return []
        found: list[dict[str, Any]] = answer.json()["agents"] if answer.status_code == 200 else []
        return found

    def forget_network_agent(self, agent: dict[str, Any]) -> None:
        """Delete the record; one that is gone is fine."""
        answer = self._network.delete(f"/agents/{agent['id']}", raise_exc=False)
        if answer.status_code not in (204, 404):
            raise Refused(
                f"The network service keeps {agent['binary']} of {self.name}: {answer.text}"
            )

    def set_status(self, service: dict[str, Any], status: str) -> None:
        """Disabled with our reason, or enabled."""
        body = {"status": status}
        if status == "disabled":
            body["disabled_reason"] = REASON
        self.ask("PUT", f"/os-services/{service['id']}", body)


def drain(host: Host, *, dry: bool) -> list[str]:
    """Let no new server come, and move those that are there; refuses and takes back what it did."""
    service = _known(host)
    changes = []
    if service["status"] == "enabled":
        changes.append("disabled")
        if not dry:
            host.set_status(service, "disabled")
    if not host.move or dry:
        return changes + [f"move {s['name']}" for s in host.servers() if host.move]
    try:
        changes += _move_all(host)
    except Refused:
        if "disabled" in changes:
            host.set_status(service, "enabled")
        raise
    return changes


def empty(host: Host, *, dry: bool) -> list[str]:
    """As drain; a host that was forgotten by an earlier run holds nothing."""
    return drain(host, dry=dry) if host.service() else []


def undrain(host: Host, *, dry: bool) -> list[str]:
    """Take new servers again, if it was drain that stopped that, and once the host is up."""
    service = _known(host)
    if service["status"] == "enabled" or service.get("disabled_reason") != REASON:
        return []
    if not dry:
        wait_until_up(host, dry=dry)
        host.set_status(service, "enabled")
    return ["enabled"]


def forget(host: Host, *, dry: bool) -> list[str]:
    """Delete its record, and those of its network agents; refuses while servers are on it."""
    service, changes = host.service(), []
    if service is not None:
        left = [] if dry else host.servers()  # a dry run has moved nobody before
        if left:
            raise Refused(f"{host.name} still holds {_names(left)}: drain it first.")
        if not dry:
            host.ask("DELETE", f"/os-services/{service['id']}")
        changes.append("forgotten")
    for agent in host.network_agents():
        if not dry:
            host.forget_network_agent(agent)
        changes.append(f"forgotten {agent['binary']}")
    return changes


def wait_until_up(host: Host, *, dry: bool) -> list[str]:
    """Return when its nova-compute reports."""
    until = time.monotonic() + host.timeout_s
    while not dry:
        service = host.service()
        if service and service["state"] == "up":
            break
        if time.monotonic() > until:
            raise Refused(f"nova-compute of {host.name} did not report in {host.timeout_s} s.")
        time.sleep(POLL_S)
    return []


def _known(host: Host) -> dict[str, Any]:
    service = host.service()
    if service is None:
        raise Refused(f"There is no compute host {host.name}.")
    return service


def _move_all(host: Host) -> list[str]:
    servers = host.servers()
    for server in servers:
        _begin_to_move(host, server)
    until = time.monotonic() + host.timeout_s
    moving = {server["id"] for server in servers}
    while left := [server for server in host.servers() if server["id"] in moving]:
        _finish_moves(host, moving)
        failed = [s for s in left if s["status"] == "ERROR"]
        if failed or time.monotonic() > until:
            raise Refused(f"{host.name} still holds {_names(left)}; they could not be moved.")
        time.sleep(POLL_S)
    _finish_moves(host, moving)
    return [f"moved {server['name']}" for server in servers]


def _begin_to_move(host: Host, server: dict[str, Any]) -> None:
    """Live when it runs, cold when it is off."""
    running = {"os-migrateLive": {"host": None, "block_migration": "auto"}}
    deed = {"ACTIVE": running, "PAUSED": running, "SHUTOFF": {"migrate": None}}.get(
        server["status"]
    )
    if deed is None:
        raise Refused(f"{server['name']} on {host.name} is {server['status']} and cannot be moved.")
    try:
        host.ask("POST", f"/servers/{server['id']}/action", deed)
    except ksa.HttpError as error:
        if error.http_status == 409 and "migrating" in str(error):
            return  # begun by an earlier run
        raise Refused(f"{server['name']} cannot leave {host.name}: {_said(error)}") from error


def _finish_moves(host: Host, moving: set[str]) -> None:
    """A server that was moved while it was off waits for a word."""
    for server_id in moving:
        server = host.ask("GET", f"/servers/{server_id}")["server"]
        if server["status"] == "VERIFY_RESIZE":
            host.ask("POST", f"/servers/{server_id}/action", {"confirmResize": None})


def _said(error: Any) -> str:
    """The API's own sentence: keystoneauth does not know the shape of Nova's faults."""
    try:
        (fault,) = error.response.json().values()
        return str(fault["message"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return str(error)


def _names(servers: list[dict[str, Any]]) -> str:
    shown = ", ".join(f"{s['name']} ({s['status']})" for s in servers[:5])
    more = f" and {len(servers) - 5} more" if len(servers) > 5 else ""
    return f"{len(servers)} servers: {shown}{more}"


if __name__ == "__main__":
    main()
