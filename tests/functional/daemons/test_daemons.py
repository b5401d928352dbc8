# SPDX-License-Identifier: Apache-2.0
"""Each daemon alone, against MariaDB and RabbitMQ: set up, killed, cut off, stopped.

The tests share one cluster and run in their order.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.daemons import page, remote_ports

from nova_appliance.common import clock

pytestmark = pytest.mark.xdist_group("daemons")

NOTHING_LEFT = {
    "nova_api": ("claims", "server_mappings", "request_specs"),
    "nova_cell0": ("servers WHERE deleted = 0", "sagas WHERE state NOT IN ('done', 'undone')"),
    "nova": ("servers WHERE deleted = 0", "sagas WHERE state NOT IN ('done', 'undone')"),
}


def manage(cluster, *words):
    code, out, error = cluster.run("nova-manage", *words)
    assert code == 0, (words, error)
    return out


def test_an_operator_makes_databases_and_cells(cluster):
    code, out, _ = cluster.run("nova-status", "upgrade", "check")
    assert code == 2
    assert "nova-manage db expand" in out
    assert manage(cluster, "db", "expand") == "changed=1\n"
    assert manage(cluster, "cell_v2", "simple_cell_setup") == "changed=1\n"
    assert manage(cluster, "db", "expand") == "changed=1\n"
    assert manage(cluster, "db", "expand") == "changed=0\n"
    listed = manage(cluster, "cell_v2", "list_cells")
    assert "cell0" in listed
    assert "cell1" in listed
    assert "guest:guest" not in listed
    assert manage(cluster, "db", "version").count("_e00") == 6
    assert manage(cluster, "db", "contract") == "changed=1\n"
    assert cluster.run("nova-status", "upgrade", "check")[0] == 0


def test_daemons_show_health_and_metrics(cluster, caller):
    assert page(f"{cluster.api_url}/healthcheck") == (200, "OK")
    status, text = page(f"{cluster.api_url}/metrics")
    assert status == 200
    assert "nova_api_request_seconds_bucket" in text
    assert [requests_told(cluster, caller) for _ in range(12)] == [*range(1, 13)]
    for daemon in cluster.daemons.values():
        if daemon.binary != "nova-api":
            assert daemon.page("/healthcheck") == (200, "OK\n")
            status, text = daemon.page("/metrics")
            assert status == 200
            assert "process_cpu_seconds_total" in text
    code, out, _ = cluster.run("nova-status", "upgrade", "check")
    assert (code, "Warning" in out) == (0, False), out


def requests_told(cluster, caller):
    """How many of our requests the metrics count, whichever worker answers."""
    operation = 'nova_api_requests_total{operation="GET /servers/detail",status="400"} '
    assert caller.compute.get("/servers/detail?limit=-1").status_code == 400
    counts = []
    for _ in range(4):
        text = page(f"{cluster.api_url}/metrics")[1]
        counts += [float(line.split()[-1]) for line in text.splitlines() if operation in line]
    (count,) = set(counts)
    return count


def test_computes_know_no_database(cluster, caller):
    for (binary, name), daemon in cluster.daemons.items():
        ports = remote_ports(daemon.process.pid)
        if binary == "nova-compute":
            assert "mysql" not in (cluster.folder / f"{binary}-{name}.conf").read_text()
            assert cluster.mariadb.port not in ports
            assert cluster.rabbitmq.port in ports
        elif binary == "nova-conductor":
            assert {cluster.mariadb.port, cluster.rabbitmq.port} <= ports


def test_sixty_servers_while_daemons_die(cluster, caller):
    dead = [("nova-conductor", "c1"), ("nova-scheduler", "c1"), ("nova-compute", "h3")]
    asked = caller.boot("many", 60)
    assert clock.wait_for(lambda: "ACTIVE" in caller.statuses(), 180, 0.1)
    for key in dead:
        cluster.daemons[key].kill()
    caller.force_down("h3", forced=True)
    cluster.begin(*dead[0])
    assert {future.result()[0] for future in asked} == {202}
    caller.all_active(60)
    hosts_hold_what_was_claimed(cluster, 60)
    assert cluster.run("nova-status", "upgrade", "check")[0] == 1
    for key in dead[1:]:
        cluster.begin(*key)
    caller.force_down("h3", forced=False)
    placed = {s.id: s.compute_host or s.host for s in caller.compute.servers()}
    assert clock.wait_for(lambda: guests(cluster) == placed, 180, 0.3), (guests(cluster), placed)
    caller.delete_all()
    nothing_is_left(cluster, caller)


def hosts_hold_what_was_claimed(cluster, count):
    hosts = cluster.rows(
        "nova_api",
        "SELECT h.host, h.vcpus_used, h.vcpus_limit, h.memory_used_mib, h.memory_limit_mib,"
        " h.disk_used_gib, h.disk_limit_gib, COUNT(c.server_id) AS claims, SUM(c.vcpus) AS vcpus,"
        " SUM(c.memory_mib) AS memory, SUM(c.disk_gib) AS disk"
        " FROM hosts h LEFT JOIN claims c ON c.host_id = h.id GROUP BY h.id",
    )
    assert sum(host["claims"] for host in hosts) == count
    for host in hosts:
        assert host["vcpus_used"] == (host["vcpus"] or 0) <= host["vcpus_limit"], host
        assert host["memory_used_mib"] == (host["memory"] or 0) <= host["memory_limit_mib"], host
        assert host["disk_used_gib"] == (host["disk"] or 0) <= host["disk_limit_gib"], host


def guests(cluster):
    """Server id > host of each guest there is."""
    return {server_id: host for host, found in cluster.guests().items() for server_id in found}


def nothing_is_left(cluster, caller):
    def left():
        found = {
            f"{database}.{what}": count
            for database, tables in NOTHING_LEFT.items()
            for what in tables
            if (count := cluster.rows(database, f"SELECT COUNT(*) AS n FROM {what}")[0]["n"])
        }
        used = cluster.rows("nova_api", "SELECT * FROM hosts WHERE vcpus_used OR memory_used_mib")
        ports = list(caller.connection.network.ports(device_owner="compute:nova"))
        disks = [
            f for h in cluster.compute_hosts() for f in (cluster.folder / h).glob("**/disks/*")
        ]
        return found, used, ports, guests(cluster), disks

    assert clock.wait_for(lambda: not any(left()), 180, 0.3), left()


def listen(cluster, binary):
    """Whether all daemons of a kind have logged some words after now."""
    logs = [d.log for (kind, _), d in cluster.daemons.items() if kind == binary]
    begun = {log: log.stat().st_size for log in logs}

    def heard(words):
        return all(words.encode() in log.read_bytes()[at:] for log, at in begun.items())

    return heard


def test_rabbitmq_goes_and_comes_back(cluster, caller):
    asked = caller.boot("early", 10)
    assert clock.wait_for(lambda: len(caller.statuses()) >= 5, 180, 0.1)
    heard = listen(cluster, "nova-conductor")
    cluster.rabbitmq.stop()
    began = clock.SYSTEM.monotonic()
    status, body = caller.ask_for_server("meanwhile")
    assert status == 202, body
    assert clock.SYSTEM.monotonic() - began < 15
    assert clock.wait_for(lambda: heard("cannot be reached"), 180, 0.3)
    cluster.rabbitmq.start()
    assert {future.result()[0] for future in asked} == {202}
    caller.all_active(11)
    caller.delete_all()
    nothing_is_left(cluster, caller)


def test_mariadb_goes_and_comes_back(cluster, caller):
    assert {future.result()[0] for future in caller.boot("before", 10)} == {202}
    heard = listen(cluster, "nova-compute")
    cluster.mariadb.stop()
    asked = [caller.compute.get("/servers"), caller.compute.get("/os-services")]
    assert [answer.status_code for answer in asked] == [503, 503], [a.text for a in asked]
    assert caller.ask_for_server("meanwhile")[0] == 503
    assert clock.wait_for(lambda: heard("database does not answer"), 180, 0.3)
    cluster.mariadb.start()
    caller.all_active(10)
    hosts_hold_what_was_claimed(cluster, 10)
    caller.delete_all()
    nothing_is_left(cluster, caller)


def test_sigterm_ends_each_daemon(cluster, caller):
    with ThreadPoolExecutor(2) as pool:
        ends = dict(zip(cluster.daemons, pool.map(stop, cluster.daemons.values()), strict=True))
    assert {key: code for key, (code, _) in ends.items() if code} == {}


def stop(daemon):
    return daemon.stop(within_s=60)
