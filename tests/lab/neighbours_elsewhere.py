# SPDX-License-Identifier: Apache-2.0
"""Nova on neighbours that somebody else keeps: they are used, by TLS, and nothing of theirs is on Nova's own host.

Not named as a test, for most labs have neighbours of their own; the molecule scenario `neighbours` names this file.
"""

import urllib.parse
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)
THEIRS, OURS = "elsewhere", "one"
PACKAGES = (
    "mariadb-server", "galera-4", "rabbitmq-server", "memcached", "keystone", "glance-api", "glance-common",
    "neutron-server", "neutron-common", "neutron-linuxbridge-agent", "cinder-api",
)  # fmt: skip
WORDS = ("mariadb", "mysql", "rabbit", "memcached", "keystone", "glance", "neutron", "cinder")
PORTS = ("3306", "5672", "11211", "5000", "9292", "9696", "8776")
TYPES = ("identity", "image", "network")
ENTRY = "{}.0.10"
"""Where somebody else's balancer answers, behind the network's number."""


@pytest.fixture(scope="module")
def server(cloud):
    return cloud.boot("neighbours", OURS)


def test_a_server_has_a_port_and_an_image_of_theirs(cloud, server):
    for kind in TYPES:
        url = urllib.parse.urlsplit(cloud.api.endpoint_for(kind))
        assert (url.scheme, url.hostname) == ("https", ENTRY.format(cloud.lab.net)), url
    (port,) = cloud.api.network.ports(device_id=server.id)
    assert (port.binding_host_id, port.network_id) == (OURS, cloud.inside.id)
    assert port.binding_vif_type == "bridge"
    assert [one["addr"] for one in server.addresses[cloud.inside.name]] == [
        one["ip_address"] for one in port.fixed_ips
    ]
    assert cloud.api.image.get_image(server.image.id).status == "active"


def test_their_database_and_broker_hold_what_is_ours(cloud, server):
    asked = f"SELECT COUNT(*) FROM nova.servers WHERE id = '{server.id}'"
    assert cloud.on(THEIRS, f'mariadb -N -B -e "{asked}"').strip() == "1"
    said = cloud.on(
        THEIRS, "rabbitmqctl -q list_connections user vhost ssl peer_host --no-table-headers"
    )
    ours = cloud.lab.address(cloud.lab.host(OURS).number)
    rows = [line.split("\t") for line in said.splitlines()]
    assert {tuple(row[:3]) for row in rows if row[3] == ours} == {("nova", "nova", "true")}


def test_the_database_is_asked_by_tls_only(cloud):
    """Its user comes in by none but encrypted connections, and the daemons work all the same."""
    alter = "mariadb -e \"ALTER USER 'nova'@'%' REQUIRE {}\""
    cloud.on(THEIRS, alter.format("SSL"))
    try:
        cloud.on(OURS, "systemctl restart nova-conductor nova-scheduler nova-api")
        assert cloud.all_up()
        assert cloud.boot("by-tls", OURS).status == "ACTIVE"
    finally:
        cloud.on(THEIRS, alter.format("NONE"))


def test_both_authorities_are_believed_where_clients_are(cloud):
    """Nova's own API and Keystone have certificates of different ones."""
    trusted, _ = cloud.api.config.get_requests_verify_args()
    assert Path(trusted).read_text().count("BEGIN CERTIFICATE") == 2
    assert urllib.parse.urlsplit(cloud.api.endpoint_for("compute")).scheme == "https"


def test_ours_knows_no_account_of_theirs(cloud):
    """Whoever keeps them set these passwords; Nova's playbooks may change none of them."""
    found = cloud.on(THEIRS, "mariadb -N -B -e 'SELECT DISTINCT User FROM mysql.global_priv'")
    assert {"nova", "keystone", "glance", "neutron"} <= set(found.split())
    assert "cinder" not in found.split()
    names = {one.name for one in cloud.api.identity.users()}
    assert {"nova", "glance", "neutron"} <= names
    assert "cinder" not in names


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_of_theirs_is_on_our_host(cloud, package):
    said = cloud.on(
        OURS,
        f"dpkg-query --show --showformat='${{db:Status-Status}}' {package} 2>/dev/null || true",
    )
    assert said.strip() in ("", "not-installed")


def test_nothing_of_theirs_runs_on_our_host(cloud):
    units = cloud.on(
        OURS,
        "systemctl list-units --all --plain --no-legend; systemctl list-unit-files --no-legend",
    )
    assert [
        line for line in units.splitlines() if any(word in line.lower() for word in WORDS)
    ] == []
    listening = cloud.on(OURS, "ss -Hltn").splitlines()
    assert listening
    assert {line.split()[3].rpartition(":")[2] for line in listening} & set(PORTS) == set()


def test_what_is_looked_for_is_there_at_theirs(cloud):
    """Else the two tests above would see nothing anywhere."""
    said = cloud.on(THEIRS, "systemctl list-units --plain --no-legend")
    for word in ("mariadb", "rabbit", "memcached", "keystone", "glance", "neutron"):
        assert word in said
    for package in PACKAGES[:-1]:
        state = cloud.on(
            THEIRS, f"dpkg-query --show --showformat='${{db:Status-Status}}' {package}"
        )
        assert state == "installed", package
