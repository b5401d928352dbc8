# SPDX-License-Identifier: Apache-2.0
"""Database, broker, caches and load balancer may be there already: what everybody is told of them then."""

from pathlib import Path

import pytest
import yaml
from ansible.template import trust_as_template

ROOT = Path(__file__).parents[3]
BUNDLE, ROOT_FILE = "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/qemu/ca.pem"
DATABASES = ("keystone", "glance", "neutron_server", "cinder")
THREE = """\
controllers:
  hosts:
    c1: {ansible_host: 192.0.2.11}
    c2: {ansible_host: 192.0.2.12}
    c3: {ansible_host: 192.0.2.13}
computes: {hosts: {k1: {ansible_host: 192.0.2.21}}}
""" + "".join(
    f"{group}: {{children: {{controllers: {{}}}}}}\n"
    for group in ("databases", "brokers", "caches", "identity", "images", "networks", "volumes", "loadbalancers")
)  # fmt: skip


def test_where_nothing_is_elsewhere_all_is_ours(rendering):
    told = rendering(hosts=THREE)
    assert told.ask("c1", "appliance_transport_url") == "rabbit://" + ",".join(
        f"openstack:pw-rabbitmq@192.0.2.1{n}:5671" for n in (1, 2, 3)
    ) + "/"  # fmt: skip
    assert told.ask("c1", "appliance_caches") == [f"192.0.2.1{n}:11211" for n in (1, 2, 3)]
    for name in DATABASES:
        base = name.removesuffix("_server")
        expected = f"mysql+pymysql://{base}:pw-{base}-db@192.0.2.10/{base}?ssl_ca={ROOT_FILE}"
        assert told.ask("c1", f"{name}_database") == expected
    nova = told.ask("c1", "nova_api_config")
    assert nova["api_database"]["connection"] == (
        f"mysql+pymysql://nova:pw-nova-db@192.0.2.10/nova_api?charset=utf8mb4&ssl_ca={ROOT_FILE}"
    )
    rabbit = nova["oslo_messaging_rabbit"]
    assert [bool(rabbit["ssl"]), rabbit["ssl_ca_file"]] == [True, ROOT_FILE]
    services = told.ask("c1", "haproxy_services")
    assert [one["name"] for one in services][:5] == ["mariadb", "keystone", "glance", "neutron", "cinder"]  # fmt: skip
    assert told.ask("c1", "preflight_places", "preflight_names") == [[], []]


def test_a_database_elsewhere_is_in_every_url_and_is_not_balanced_or_saved(rendering):
    told = rendering(appliance_neighbours={"mariadb": {"url": "mysql://db.example.org:3307"}})
    for name in DATABASES:
        base = name.removesuffix("_server")
        expected = f"mysql+pymysql://{base}:pw-{base}-db@db.example.org:3307/{base}?ssl_ca={BUNDLE}"
        assert told.ask("controller1", f"{name}_database") == expected
    conf = told.ask("controller1", "database_config")
    for group, base in (("database", "nova"), ("api_database", "nova_api")):
        place = f"mysql+pymysql://nova:pw-nova-db@db.example.org:3307/{base}?charset=utf8mb4"
        assert conf[group]["connection"] == f"{place}&ssl_ca={BUNDLE}"
    assert "mariadb" not in [one["name"] for one in told.ask("controller1", "haproxy_services")]
    assert told.ask("controller1", "backup_has_databases") is False
    assert "mariadb" not in str(told.ask("controller1", "certificates_commands"))
    assert told.ask("controller1", "preflight_places", "preflight_names") == [
        ["db.example.org:3307"], ["db.example.org"],
    ]  # fmt: skip
    # Hosts that are compute hosts only need not reach it, nor know its name.
    assert told.ask("compute1", "preflight_places", "preflight_names") == [[], []]


@pytest.mark.parametrize(
    ("facts", "tls", "words"),
    [({}, False, ""), ({"ca_file": "/etc/db.pem"}, True, "?ssl_ca=/etc/db.pem"), ({"ca_file": ""}, True, "")],
    ids=["all in the clear", "another authority", "this in the clear"],
)  # fmt: skip
def test_who_is_trusted_of_a_database_elsewhere(rendering, facts, tls, words):
    said = {"url": "mysql://db.example.org", **facts}
    told = rendering(appliance_neighbours={"mariadb": said}, appliance_tls=tls)
    place = "mysql+pymysql://glance:pw-glance-db@db.example.org/glance"
    assert told.ask("controller1", "glance_database") == place + words
    assert told.ask("controller1", "preflight_places") == ["db.example.org:3306"]


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("rabbit://mq1", "rabbit://openstack:pw-rabbitmq@mq1:5671/"),
        ("rabbit://mq1:5999,mq2/", "rabbit://openstack:pw-rabbitmq@mq1:5999,openstack:pw-rabbitmq@mq2:5671/"),
        ("rabbit://nova@192.0.2.9:5671/cloud", "rabbit://nova:pw-rabbitmq@192.0.2.9:5671/cloud"),
    ],
)  # fmt: skip
def test_a_broker_elsewhere_is_in_every_transport(rendering, url, transport):
    told = rendering(appliance_neighbours={"rabbitmq": {"url": url}})
    conf = told.ask("compute1", "nova_compute_config")
    assert conf["DEFAULT"]["transport_url"] == transport
    assert conf["oslo_messaging_rabbit"]["ssl_ca_file"] == BUNDLE
    assert bool(conf["oslo_messaging_rabbit"]["rabbit_quorum_queue"]) is ("mq2" in url)
    for name in ("neutron_server", "neutron_agent", "cinder"):
        assert told.ask("controller1", f"{name}_transport", f"{name}_broker_ca") == [transport, BUNDLE]  # fmt: skip
    assert told.ask("controller1", "certificates_config")["DEFAULT"]["transport_url"] == transport
    assert "rabbitmqctl" not in str(told.ask("controller1", "certificates_commands"))
    reached = told.ask("compute1", "preflight_places")
    assert [place.split(":")[0] for place in reached] == [
        part.rpartition("@")[2].split(":")[0] for part in transport.removeprefix("rabbit://").rstrip("/cloud").split(",")
    ]  # fmt: skip


def test_caches_elsewhere_are_asked_by_all(rendering):
    url = "memcached://one.example.org,two.example.org:11311"
    told = rendering(appliance_neighbours={"memcached": {"url": url}})
    places = ["one.example.org:11211", "two.example.org:11311"]
    for name in DATABASES:
        assert told.ask("controller1", f"{name}_caches") == places
    assert told.ask("controller1", "preflight_places") == places


@pytest.mark.parametrize("tls", [True, False])
def test_an_entry_elsewhere_is_the_address_of_every_api(rendering, tls):
    url = "https://cloud.example.org"
    told = rendering(appliance_neighbours={"haproxy": {"url": url}}, appliance_vip="", appliance_tls=tls)  # fmt: skip
    catalog = [one["url"] for one in told.ask("controller1", "identity_services")]
    assert len(catalog) == 5
    assert all(
        one.startswith(f"{url}:") for one in [*catalog, told.ask("controller1", "keystone_url")]
    )
    conf = told.ask("controller1", "nova_api_config")
    assert conf["serial_console"]["base_url"] == "wss://cloud.example.org:6083/"
    assert conf["service_user"]["cafile"] == BUNDLE
    assert told.ask("controller1", "preflight_tls", "preflight_shares_vip") == [False, False]
    assert told.ask("controller1", "appliance_databases_at") == "192.0.2.11"
    assert told.ask("controller1", "certificates_names") == ["controller1", "cloud.example.org"]
    assert "cloud.example.org" not in told.ask("controller1", "certificates_addresses")
    # The deployer trusts what Python trusts, not the cloud's own authority.
    assert told.ask("controller1", "appliance_cloud_trust") == {}


@pytest.mark.parametrize(
    ("facts", "volumes"),
    [
        ({}, "https://192.0.2.10:8776/v3/%(project_id)s"),
        ({"appliance_volumes": False}, None),
        (
            {
                "appliance_volumes": False,
                "appliance_neighbours": {"cinder": {"url": "http://volumes.example.org/v3"}},
            },
            "http://volumes.example.org/v3",
        ),
    ],
)
def test_the_catalog_names_no_volume_service_where_there_is_none(rendering, facts, volumes):
    told = rendering(hosts=THREE, **facts)
    catalog = {one["type"]: one["url"] for one in told.ask("c1", "identity_services")}
    assert catalog.get("volumev3") == volumes


@pytest.mark.parametrize("tls", [True, False])
def test_what_the_deployer_trusts_beside_a_keystone_by_https(rendering, tls):
    asked = "appliance_cloud_trust", "smoke_ca_file", "compute_host_ca_file"
    https = {"keystone": {"url": "https://identity.example.org/v3"}}
    told = rendering(appliance_neighbours=https, appliance_tls=tls)
    folder = told.ask("controller1", "certificates_authority")
    both = f"{folder}/trusted.pem" if tls else ""
    assert told.ask("controller1", *asked) == [{"cacert": both} if tls else {}, both, both]
    assert Path(told.ask("controller1", "certificates_deployer_trusts")).is_file()
    # Daemons come with packages of their own, which would not go by Debian's list.
    assert told.ask("controller1", "nova_api_config")["service_user"]["cafile"] == BUNDLE
    # With nobody by https elsewhere the cloud's own authority is enough.
    http = {"keystone": {"url": "http://identity.example.org:5000/v3"}}
    told = rendering(appliance_neighbours=http, appliance_tls=tls)
    alone = told.ask("controller1", "smoke_ca_file")
    assert alone.rpartition("/")[2] == ("root.pem" if tls else "")
    assert told.ask("controller1", "certificates_deployer_trusts") == ""


def test_several_databases_of_ours_are_balanced_elsewhere(rendering):
    told = rendering(hosts=THREE, appliance_neighbours={"haproxy": {"url": "https://lb"}})
    assert told.ask("c2", "appliance_databases_at") == "lb"


def test_what_is_elsewhere_takes_no_port_here(rendering):
    urls = {"mariadb": "mysql://db", "rabbitmq": "rabbit://mq", "memcached": "memcached://mc"}
    ours = rendering().ask("controller1", "preflight_ports")
    told = rendering(appliance_neighbours={name: {"url": url} for name, url in urls.items()})
    assert set(ours) - set(told.ask("controller1", "preflight_ports")) == {
        "3306", "5671", "5672", "11211",
    }  # fmt: skip


def _roles(playbook):
    for play in yaml.safe_load((ROOT / "playbooks" / playbook).read_text()):
        for role in play.get("roles", ()):
            yield role if isinstance(role, dict) else {"role": role}


@pytest.mark.parametrize(
    "name", ["mariadb", "rabbitmq", "memcached", "haproxy", "keystone", "glance"]
)
def test_a_role_is_left_out_where_its_service_is_elsewhere(rendering, name):
    row = next(row for row in _roles("neighbours.yml") if row["role"] == name)
    ours, elsewhere = rendering(), rendering(appliance_neighbours={name: {"url": "x://y"}})
    assert [told.ask("controller1", row["when"]) for told in (ours, elsewhere)] == [True, False]


def test_statements_for_somebody_elses_database_remove_nothing_of_theirs(rendering):
    told = rendering().on("controller1", __mariadb_is_elsewhere=True)
    source = (ROOT / "roles/mariadb/templates/databases.sql.j2").read_text()
    theirs = told.template(trust_as_template(source))
    ours = rendering().on("controller1").template(trust_as_template(source))
    assert "DROP DATABASE IF EXISTS test" in ours
    assert "DROP" not in theirs
    for base in ("nova", "nova_api", "nova_cell0", "keystone", "glance", "neutron", "cinder"):
        assert f"GRANT ALL PRIVILEGES ON `{base}`.*" in theirs
    assert "IDENTIFIED BY 'pw-nova-db'" in theirs


THEIRS = {
    name: {"url": url}
    for name, url in {
        "keystone": "http://k:5000/v3", "glance": "http://g", "neutron": "http://n", "cinder": "http://c/v3",
    }.items()
}  # fmt: skip


def _asked(told, *names):
    found = told.ask("controller1", *names)
    return [[row["name"] for row in rows] for rows in found]


def test_passwords_and_places_of_others_in_a_keystone_elsewhere_are_left_alone(rendering):
    """Else Glance and Neutron there would come with passwords that Nova's playbook has changed."""
    asked = "identity_users", "identity_services"
    assert _asked(rendering(appliance_neighbours=THEIRS), *asked) == [["nova"], ["nova", "ec2"]]
    alone = rendering(appliance_neighbours={"keystone": THEIRS["keystone"]})
    all_of_them = [
        ["nova", "glance", "neutron", "cinder"],
        ["nova", "ec2", "glance", "neutron", "cinderv3"],
    ]
    assert _asked(alone, *asked) == all_of_them
    # A Keystone of ours is to know whoever comes to it.
    ours = {name: facts for name, facts in THEIRS.items() if name != "keystone"}
    assert _asked(rendering(appliance_neighbours=ours), *asked) == all_of_them


def test_volumes_that_are_not_wanted_stand_in_no_keystone_elsewhere(rendering):
    told = rendering(appliance_neighbours={"keystone": THEIRS["keystone"]}, appliance_volumes=False)
    users, services = _asked(told, "identity_users", "identity_services")
    assert "cinder" not in users
    assert "cinderv3" not in services


def test_no_database_is_asked_for_whoever_is_elsewhere(rendering):
    """It may be in the same MariaDB, under the same name and user, whose password would change."""
    told = rendering(appliance_neighbours=THEIRS | {"mariadb": {"url": "mysql://db"}})
    source = (ROOT / "roles/mariadb/templates/databases.sql.j2").read_text()
    theirs = told.on("controller1", __mariadb_is_elsewhere=True).template(trust_as_template(source))
    assert [row["name"] for row in told.ask("controller1", "mariadb_databases")] == [
        "nova_api", "nova", "nova_cell0",
    ]  # fmt: skip
    for name in THEIRS:
        assert name not in theirs
