# SPDX-License-Identifier: Apache-2.0
"""How long guests that boot at once wait for their metadata, by the way that real ones take.

Network namespace, door at 169.254.169.254, proxy, service, SQLite; the guests are the addresses of
one namespace, each a server of its own. Needs root. Also the script that plays the guests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

CRAWL = (
    # what cloud-init asks for
    "/openstack",
    "/openstack/2018-08-27/meta_data.json",
    "/openstack/2018-08-27/user_data",
    "/openstack/2018-08-27/vendor_data.json",
    "/openstack/2018-08-27/vendor_data2.json",
    "/openstack/2018-08-27/network_data.json",
    "/latest/meta-data/instance-id",
)
COUNTS = (1, 10, 100)
WITHIN_S = 20


def run(folder: Path, _given: argparse.Namespace) -> object:
    """Fresh servers for each count, so that nothing of theirs is kept."""
    from rich.table import Table  # noqa: PLC0415 - the script that plays guests needs none of it

    columns = ("guests at once", "first answer: median s", "longest s", "all 7 files: median s")
    table = Table(*columns, "longest s", title="metadata of guests that boot at once")
    for count in COUNTS:
        firsts, wholes = zip(*_measure(folder / str(count), count), strict=True)
        row = (statistics.median(firsts), max(firsts), statistics.median(wholes), max(wholes))
        table.add_row(str(count), *(f"{value:.2f}" for value in row))
    return table


def _measure(folder: Path, count: int) -> list[tuple[float, float]]:
    """Seconds to the first answer and to the last, of each guest."""
    from fixtures.network_service import network_service  # noqa: PLC0415
    from fixtures.private_root import private_root, shell  # noqa: PLC0415

    from nova_appliance.cmd.http import HttpServer  # noqa: PLC0415
    from nova_appliance.common import ids  # noqa: PLC0415
    from nova_appliance.embedded.networks.plane import Plane  # noqa: PLC0415

    folder.mkdir()
    with private_root(), network_service(network_plane="linux", catalog=("identity",)) as service:
        network = service.by_name("networks", "private")["id"]
        asked = {"network_id": network, "device_owner": "compute:nova", "binding:host_id": "here"}
        asked |= {"port_security_enabled": False, "security_groups": []}
        servers = [ids.new_id() for _ in range(count)]
        ports = [service.make("port", device_id=server, **asked) for server in servers]
        plane, settings = Plane(service.settings), service.settings
        app = _service(folder, settings, {p["device_id"]: p["project_id"] for p in ports})
        metadata = HttpServer(app, settings.host, settings.metadata_port, threads=16)
        metadata.start()
        try:
            plane.apply()
            addresses = [port["fixed_ips"][0]["ip_address"] for port in ports]
            _plug(shell, ports[0], addresses)
            plane.apply()
            return _play(addresses)
        finally:
            metadata.stop()
            shell("ip netns del guests || true")
            plane.purge()


def _service(folder: Path, settings: object, projects: dict[str, str]) -> object:
    from fixtures.cells import CELL1, make_cells, make_server, put  # noqa: PLC0415
    from fixtures.neighbours import FakeNetworks  # noqa: PLC0415

    from nova_appliance.actions import find_server, guest_facts  # noqa: PLC0415
    from nova_appliance.actions.cloud import Cloud  # noqa: PLC0415
    from nova_appliance.conf import load  # noqa: PLC0415
    from nova_appliance.embedded import settings as settings_  # noqa: PLC0415
    from nova_appliance.metadata.app import make_app  # noqa: PLC0415

    cells = make_cells(lambda name: f"sqlite:///{folder}/{name}.sqlite")
    own = {"user_data": "IyEvYmluL3NoCg==", "key_name": "k", "key_data": "ssh-ed25519 AAAA"}
    put(
        cells,
        *(
            make_server(id=server, project_id=project, cell_id=CELL1, **own)
            for server, project in projects.items()
        ),
    )
    secret = settings_.metadata_secret(settings)  # type: ignore[arg-type]
    proxy = {"service_metadata_proxy": True, "metadata_proxy_shared_secret": secret}
    conf = load.load(overrides={"neutron": proxy})
    nothing = {"rpc": None, "images": None, "volumes": None}
    cloud = Cloud(conf=conf, cells=cells, networks=FakeNetworks(), **nothing)  # type: ignore[arg-type]
    for server in projects:  # as the boot does before the guest is there
        guest_facts.name(cloud, find_server.by_id(cloud, server))
    return make_app(cloud)


def _plug(shell: object, port: dict[str, object], addresses: list[str]) -> None:
    tap, bridge = "tap" + str(port["id"])[:11], "brq" + str(port["network_id"])[:11]
    own = "; ".join(f"ip -n guests addr add {ip}/16 dev eth0" for ip in addresses)
    shell(  # type: ignore[operator]
        f"ip netns add guests; ip link add {tap} type veth peer name eth0 "
        f"address {port['mac_address']} netns guests; ip link set {tap} master {bridge} up; "
        f"ip -n guests link set lo up; ip -n guests link set eth0 up; {own}; "
        "ip -n guests route add default via 10.20.0.1"
    )


def _play(addresses: list[str]) -> list[tuple[float, float]]:
    argv = ["ip", "netns", "exec", "guests", sys.executable, __file__, *addresses]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    return [(one[0], one[1]) for one in json.loads(done.stdout)]


def _guests(addresses: list[str]) -> None:
    """Each asks for all files, one connection a file, all beginning together."""
    start = threading.Barrier(len(addresses))
    found: list[tuple[float, float]] = []

    def crawl(address: str) -> None:
        start.wait()
        began, times = time.perf_counter(), []
        for path in CRAWL:
            door = http.client.HTTPConnection(
                "169.254.169.254", 80, timeout=WITHIN_S, source_address=(address, 0)
            )
            door.request("GET", path)
            answer = door.getresponse()
            answer.read()
            door.close()
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status}")
            times.append(time.perf_counter() - began)
        found.append((times[0], times[-1]))

    threads = [threading.Thread(target=crawl, args=(address,)) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) != len(addresses):
        raise SystemExit(f"{len(found)} of {len(addresses)} guests got all")
    print(json.dumps(found))


if __name__ == "__main__":
    _guests(sys.argv[1:])
