# SPDX-License-Identifier: Apache-2.0
"""A cluster on real MariaDB and RabbitMQ, and a caller who has all he needs to boot servers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.daemons import Cluster, answers

from nova_appliance.common import clock

DAEMONS = (
    ("nova-api", "a1", {"osapi_compute_workers": 2}),
    ("nova-scheduler", "c1", {}),
    ("nova-scheduler", "c2", {}),
    ("nova-conductor", "c1", {}),
    ("nova-conductor", "c2", {}),
    ("nova-compute", "h1", {}),
    ("nova-compute", "h2", {}),
    ("nova-compute", "h3", {}),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster.start()
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def caller(cluster):
    """Daemons run; the databases are made if no test has made them."""
    cluster.make_databases()
    for binary, name, options in DAEMONS:
        cluster.begin(binary, name, **options)
    assert clock.wait_for(lambda: answers(f"{cluster.api_url}/healthcheck"), 180, 0.2)
    caller = Caller(cluster)
    assert clock.wait_for(lambda: len(caller.up()) == len(DAEMONS) - 1, 180, 0.2), caller.up()
    assert clock.wait_for(lambda: len(list(caller.compute.hypervisors())) == 3, 180, 0.2)
    caller.seed()
    return caller


class Caller:
    """The admin, with an unmodified openstacksdk."""

    def __init__(self, cluster):
        self.connection = cluster.connect()
        self.compute = self.connection.compute

    def up(self):
        """(binary, host) of the services that are up."""
        return {(s.binary, s.host) for s in self.compute.services() if s.state == "up"}

    def force_down(self, host, forced):
        """What an operator says of a host that he knows to be dead."""
        (service,) = self.compute.services(binary="nova-compute", host=host)
        self.compute.update_service_forced_down(service, forced=forced)

    def seed(self):
        project_id = self.connection.current_project_id
        limits = {"instances": -1, "cores": -1, "ram": -1}
        url = f"/os-quota-sets/{project_id}"
        assert self.compute.put(url, json={"quota_set": limits}).status_code == 200
        image = self.connection.image.create_image(
            "tiny", data=b"boot me".ljust(512, b"\0"), disk_format="raw", container_format="bare"
        )
        flavor = self.compute.create_flavor(name="m1.tiny", vcpus=1, ram=64, disk=1)
        network = self.connection.network.create_network(name="lab")
        self.connection.network.create_subnet(
            network_id=network.id, cidr="10.30.0.0/16", ip_version=4
        )
        self.wanted = {
            "imageRef": image.id, "flavorRef": flavor.id, "networks": [{"uuid": network.id}],
        }  # fmt: skip

    def ask_for_server(self, name):
        """Status and body of a POST /servers."""
        answer = self.compute.post("/servers", json={"server": {"name": name, **self.wanted}})
        return answer.status_code, answer.json()

    def boot(self, name, count):
        """Ask for many at once; the futures of `ask_for_server`."""
        pool = ThreadPoolExecutor(count)
        asked = [pool.submit(self.ask_for_server, f"{name}-{n}") for n in range(count)]
        pool.shutdown(wait=False)
        return asked

    def statuses(self):
        return [server.status for server in self.compute.servers()]

    def all_active(self, count, timeout_s=180):
        def done():
            found = self.statuses()
            assert "ERROR" not in found, [
                server.fault for server in self.compute.servers(status="ERROR")
            ]
            return found.count("ACTIVE") == count

        assert clock.wait_for(done, timeout_s, 0.3), self.statuses()

    def delete_all(self, timeout_s=180):
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(self.compute.delete_server, list(self.compute.servers(details=False))))
        assert clock.wait_for(lambda: not self.statuses(), timeout_s, 0.3), self.statuses()
