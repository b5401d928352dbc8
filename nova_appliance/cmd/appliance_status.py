# SPDX-License-Identifier: Apache-2.0
"""`nova-appliance status`: services, servers, ports and logs, on one screen."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException

from nova_appliance.cmd import appliance_up
from nova_appliance.embedded import firstboot, guide, hypervisor, pids
from nova_appliance.embedded.settings import Settings


def show(settings: Settings) -> int:
    """Print the screen; 0 when everything is well, 3 when the cloud does not run."""
    pid = pids.living(appliance_up.pid_file(settings))
    healthy = pid is not None and appliance_up.is_healthy(settings)
    print("\n".join(_lines(settings, pid, healthy=healthy)))  # noqa: T201
    return 0 if healthy else 3


def _lines(settings: Settings, pid: int | None, *, healthy: bool) -> Iterator[str]:
    state = "well" if healthy else "not answering" if pid else "not running"
    yield f"cloud      {state}" + (f", process {pid}" if pid else "; start it: ./appliance up")
    yield f"libvirt    {'answers' if hypervisor.answers() else 'does not answer'}"
    for name, (url, port) in guide.endpoints(settings).items():
        yield f"{name:<10} {url}  {'open' if _is_open(settings.host, port) else 'closed'}"
    yield f"state      {settings.state_dir}"
    yield f"log        {appliance_up.log_file(settings)}"
    if healthy:
        yield from _inside(settings)


def _inside(settings: Settings) -> Iterator[str]:
    try:
        cloud = firstboot.connect(settings)
        for service in cloud.compute.services():
            yield f"service    {service.binary} on {service.host}: {service.state}"
        for server in cloud.compute.servers(all_projects=True):
            yield f"server     {server.name}  {server.status}  {', '.join(_addresses(server))}"
    except (SDKException, ClientException) as error:
        yield f"servers    cannot be listed: {error}"


def _addresses(server: object) -> list[str]:
    nets = (getattr(server, "addresses", None) or {}).values()
    return [row["addr"] for rows in nets for row in rows]


def _is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
