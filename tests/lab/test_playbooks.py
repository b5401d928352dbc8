# SPDX-License-Identifier: Apache-2.0
"""What an operator does to a cluster that is in use: look, empty a host, part with it, save all."""

import pytest

from nova_appliance.cert import reading
from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(5400)
FOLDER = "/etc/pki/qemu"
MANAGE = "/opt/nova-appliance/current/bin/nova-manage --config-file /etc/nova/nova-cert.conf"


@pytest.fixture(autouse=True, scope="module")
def two(computes):
    assert len(computes) == 2, "a host can be emptied only where there is another"


@pytest.fixture(autouse=True)
def at_home(cloud, servers, computes):
    """Every test leaves each server on the host that it was sent to."""
    yield
    for server, host in zip(servers, computes, strict=True):
        now = cloud.wait(server.id, "ACTIVE")
        if now.hypervisor_hostname != host:
            cloud.api.compute.live_migrate_server(server.id, host=host, block_migration="auto")
            assert wait_for(lambda: cloud.find(server.id).hypervisor_hostname == host, 600, 2)  # noqa: B023 - waited for at once
            cloud.wait(server.id, "ACTIVE")


HISTORY = {"server_action_events", "usage_audits"}
"""Tables that tell of what happened on a host, also of one that has gone."""
COLUMNS = (
    "SELECT table_schema, table_name FROM information_schema.columns"
    " WHERE column_name='host' AND table_schema LIKE 'nova%'"
)
ROWS = "SELECT COUNT(*) FROM {} WHERE host='{}'"
ORPHANS = "SELECT COUNT(*) FROM nova_api.{} WHERE host_id NOT IN (SELECT id FROM nova_api.hosts)"


def ask_database(cloud, sql):
    """Each row as its words."""
    said = cloud.on(cloud.hosts("controller")[0].name, f'mariadb -N -B -e "{sql}"')
    return [line.split() for line in said.splitlines()]


def rows_of(cloud, host):
    """How many rows each table has of a host, and of hosts that nobody knows."""
    found = {}
    for schema, name in ask_database(cloud, COLUMNS):
        if name not in HISTORY:
            lives = " AND deleted=0" if name == "servers" else ""
            asked = ROWS.format(f"{schema}.{name}", host) + lives
            found[f"{schema}.{name}"] = ask_database(cloud, asked)[0][0]
    for table in ("claims", "pci_devices"):
        found[table] = ask_database(cloud, ORPHANS.format(table))[0][0]
    return {table: int(number) for table, number in found.items() if number != "0"}


def uptime_s(cloud, door):
    return float(cloud.in_guest(door, "cat /proc/uptime").split()[0])


def service(cloud, host):
    found = [s for s in cloud.api.compute.services(host=host) if s.binary == "nova-compute"]
    return found[0] if found else None


def test_a_second_run_of_site_changes_nothing(cloud):
    assert set(cloud.play("site").values()) == {0}, cloud.changes


@pytest.mark.parametrize("playbook", ["deploy", "certificates", "check"])
def test_playbooks_find_nothing_to_do_in_a_cluster_that_is_whole(cloud, playbook):
    assert set(cloud.play(playbook).values()) == {0}, cloud.changes


def test_a_drained_host_is_left_by_its_running_server_and_comes_back(
    cloud, servers, computes, door
):
    before = uptime_s(cloud, door)
    asked = ("-e", f"drain_host={computes[0]}")
    assert cloud.play("drain", *asked)[computes[0]] == 1
    moved = cloud.wait(servers[0].id, "ACTIVE")
    assert moved.hypervisor_hostname == computes[1]
    running = cloud.on(computes[1], "virsh -c qemu:///system list --uuid --state-running")
    assert servers[0].id in running.split()
    assert uptime_s(cloud, door) > before
    assert service(cloud, computes[0]).status == "disabled"
    assert cloud.play("drain", *asked)[computes[0]] == 0
    assert cloud.play("undrain", *asked)[computes[0]] == 1
    assert service(cloud, computes[0]).status == "enabled"
    assert cloud.play("undrain", *asked)[computes[0]] == 0


def certificate(cloud, host):
    return reading.parse(cloud.on(host, f"cat {FOLDER}/cert.pem"))


def is_listed(cloud, on, one):
    """Whether a host knows of another's certificate that it is revoked."""
    listed = reading.parse_list(cloud.on(on, f"cat {FOLDER}/crl.pem"))
    return listed.get_revoked_certificate_by_serial_number(one.serial_number) is not None


def test_a_host_parts_without_a_trace_and_comes_back(cloud, servers, computes):
    host, controller = computes[1], cloud.hosts("controller")[0].name
    before = certificate(cloud, host) if cloud.is_secure else None
    parts = ("remove_host", "-e", f"old_host={host}")
    assert set(rows_of(cloud, host)) >= {"nova.services", "nova.servers", "nova_api.hosts"}
    cloud.play(*parts)
    assert cloud.wait(servers[1].id, "ACTIVE").hypervisor_hostname == computes[0]
    assert rows_of(cloud, host) == {}
    assert service(cloud, host) is None
    assert [one.host for one in cloud.api.network.agents() if one.host == host] == []
    assert [one.name for one in cloud.api.compute.hypervisors() if one.name == host] == []
    queues = cloud.on(controller, "rabbitmqctl -q --no-table-headers list_queues name").split()
    assert [name for name in queues if name.endswith(f".{host}")] == []
    if cloud.is_secure:
        assert is_listed(cloud, controller, before)
        assert is_listed(cloud, computes[0], before)
        known = cloud.on(controller, f"{MANAGE} cert list").splitlines()
        (mine,) = [line for line in known if reading.serial(before) in line]
        assert "revoked" in mine
        asks = "systemctl is-enabled appliance-certificates.timer || true"
        assert cloud.on(host, asks).strip() == "disabled"
    assert set(cloud.play(*parts).values()) == {0}, cloud.changes
    comes = ("add_host", "-e", f"new_host={host}")
    cloud.play(*comes)
    assert service(cloud, host).state == "up"
    assert set(cloud.play(*comes).values()) == {0}, cloud.changes
    if cloud.is_secure:
        after = certificate(cloud, host)
        assert after.public_key() != before.public_key()
        assert not is_listed(cloud, host, after)
        assert is_listed(cloud, host, before)
        assert (
            cloud.on(host, "systemctl is-active appliance-certificates.timer").strip() == "active"
        )
    server = cloud.boot("newcomer", host)
    cloud.erase(server.id)


def test_a_backup_is_whole_and_is_refused_when_it_is_not(cloud, tmp_path):
    cloud.play("backup", "-e", f"backup_folder={tmp_path / 'saved'}")
    saved = tmp_path / "saved"
    assert {one.name for one in saved.iterdir()} >= {
        "whole",
        "secrets.yml",
        "images.tar",
        "nova.sql",
    }
    for dump in saved.glob("*.sql"):
        assert dump.read_text(errors="replace").rstrip().endswith("-- Dump completed"), dump
    (saved / "whole").unlink()
    with pytest.raises(AssertionError, match="is no whole backup"):
        cloud.play("restore", "-e", f"backup_folder={saved}")


def test_a_contracted_cloud_works_on(cloud, computes):
    cloud.play("contract")
    assert set(cloud.play("contract").values()) == {0}
    server = cloud.boot("contracted", computes[0])
    cloud.erase(server.id)
