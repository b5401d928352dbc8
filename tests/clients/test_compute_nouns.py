# SPDX-License-Identifier: Apache-2.0
"""Unmodified openstackclient, openstacksdk and novaclient on flavors, keys, quotas and hosts.

The Compute API is served on loopback with tokens of the miniature identity service.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import novaclient.client
import openstack
import pytest
from clients.conftest import Cloud, Listener, write_clouds_yaml
from fixtures.compute_api import ComputeApi, agent, make_compute_api

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import app as identity_app
from nova_appliance.embedded.identity import seed
from nova_appliance.embedded.settings import Settings


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state_dir = tmp_path_factory.mktemp("compute")
    with contextlib.ExitStack() as stack:
        identity, compute = Listener(stack), Listener(stack)
        settings = Settings(
            state_dir,
            identity_port=identity.port,
            compute_port=compute.port,
            catalog=("identity", "compute"),
        )
        seed.seed(settings)
        identity.app = identity_app.make_app(settings)
        api = _compute(state_dir, settings)
        for name in ("h1", "h2"):
            api.add_host(name)
        api.add_host("controller", "nova-scheduler")
        compute.app = api.app
        stack.enter_context(agent(api, "h1"))
        yield Cloud(settings, write_clouds_yaml(settings))


def _compute(state_dir: Path, settings: Settings) -> ComputeApi:
    overrides = {
        "api": {"auth_strategy": "keystone"},
        "service_user": {
            "auth_url": settings.identity_url,
            "password": settings_.secrets(settings).service_passwords["nova"],
            "region_name": settings.region,
        },
    }
    return make_compute_api(state_dir, overrides)


@pytest.fixture(scope="module")
def sdk(cloud: Cloud) -> openstack.connection.Connection:
    return cloud.connect("admin", compute_default_microversion="2.104")


@pytest.fixture(scope="module")
def nova(sdk: openstack.connection.Connection) -> Any:
    return novaclient.client.Client("2.96", session=sdk.session, region_name="RegionOne")


def one(cloud: Cloud, words: str, who: str = "admin") -> Any:
    return cloud.run(f"{words} -f json", cloud=who)


def names(cloud: Cloud, words: str, column: str = "Name") -> list[str]:
    return [row[column] for row in one(cloud, words)]


def test_flavors(cloud: Cloud) -> None:
    made = one(cloud, "flavor create --ram 512 --disk 1 --vcpus 1 --swap 64 --id 77 m1.tiny")
    assert (made["id"], made["ram"], made["swap"]) == ("77", 512, 64)
    one(cloud, "flavor create --ram 64 --disk 0 --private --property hw:cpu_policy=shared small")
    assert names(cloud, "flavor list --public") == ["m1.tiny"]
    assert set(names(cloud, "flavor list --all")) == {"m1.tiny", "small"}
    assert names(cloud, "flavor list --min-ram 512") == ["m1.tiny"]
    cloud.run("flavor set --property quota:cpu_shares=10 --property mine=1 m1.tiny")
    cloud.run("flavor set --description words m1.tiny")
    cloud.run("flavor unset --property mine m1.tiny")
    shown = one(cloud, "flavor show m1.tiny")
    assert shown["properties"] == {"quota:cpu_shares": "10"}
    assert shown["description"] == "words"
    cloud.run("flavor set --project demo small")
    assert len(one(cloud, "flavor show small")["access_project_ids"]) == 1
    assert set(names(cloud, "flavor list", "Name")) >= {"m1.tiny"}
    assert len(one(cloud, "flavor list", who="demo")) == 2
    cloud.run("flavor unset --project demo small")
    said = cloud.run("flavor create --ram 1 --disk 1 --vcpus 1 m1.tiny", fails=True)
    assert "Flavor with name m1.tiny already exists." in said
    cloud.run("flavor delete m1.tiny small")
    assert one(cloud, "flavor list --all") == []


def test_keypairs(cloud: Cloud, tmp_path: Path) -> None:
    private = tmp_path / "key"
    cloud.run(f"keypair create --private-key {private} mine", cloud="demo")
    assert private.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert [row["Name"] for row in one(cloud, "keypair list", who="demo")] == ["mine"]
    shown = one(cloud, "keypair show mine", who="demo")
    public = tmp_path / "key.pub"
    public.write_text(cloud.run("keypair show --public-key mine", cloud="demo"))
    again = one(cloud, f"keypair create --public-key {public} again", who="demo")
    assert again["fingerprint"] == shown["fingerprint"]
    assert len(one(cloud, "keypair list --user demo")) == 2
    cloud.run("keypair delete mine again", cloud="demo")
    assert one(cloud, "keypair list", who="demo") == []


def test_quotas_and_limits(cloud: Cloud) -> None:
    cloud.run("quota set --cores 33 --instances 11 demo")
    shown = {row["Resource"]: row["Limit"] for row in one(cloud, "quota show --compute demo")}
    assert (shown["cores"], shown["instances"]) == (33, 11)
    usage = {row["Resource"]: row for row in one(cloud, "quota show --compute --usage demo")}
    assert usage["cores"]["In Use"] == 0
    cloud.run("quota set --class --ram 4096 default")
    defaults = {row["Resource"]: row["Limit"] for row in one(cloud, "quota show --default")}
    assert defaults["ram"] == 4096
    limits = {row["Name"]: row["Value"] for row in one(cloud, "limits show --absolute", who="demo")}
    assert limits["total_cores"] == 33
    cloud.run("quota delete --compute demo")
    shown = {row["Resource"]: row["Limit"] for row in one(cloud, "quota show --compute demo")}
    assert shown["cores"] == 20


def test_services(cloud: Cloud) -> None:
    listed = one(cloud, "compute service list")
    assert {row["Binary"] for row in listed} == {"nova-compute", "nova-scheduler"}
    cloud.run("compute service set --disable --disable-reason repair h2 nova-compute")
    (row,) = one(cloud, "compute service list --host h2 --long")
    assert (row["Status"], row["Disabled Reason"]) == ("disabled", "repair")
    cloud.run("compute service set --enable h2 nova-compute")
    cloud.run("--os-compute-api-version 2.11 compute service set --down h2 nova-compute")
    (row,) = one(cloud, "compute service list --host h2")
    assert (row["Status"], row["State"]) == ("enabled", "down")
    cloud.run("--os-compute-api-version 2.53 compute service set --up h2 nova-compute")
    (row,) = one(cloud, "compute service list --service nova-scheduler")
    cloud.run(f"compute service delete {row['ID']}")
    assert one(cloud, "compute service list --service nova-scheduler") == []


def test_hypervisors(cloud: Cloud) -> None:
    listed = one(cloud, "hypervisor list")
    assert [row["Hypervisor Hostname"] for row in listed] == ["h1.example.org", "h2.example.org"]
    shown = one(cloud, "hypervisor show h1.example.org")
    assert shown["state"] == "up"
    shown = one(cloud, "--os-compute-api-version 2.87 hypervisor show h1.example.org")
    assert shown["vcpus"] == 8
    stats = one(cloud, "--os-compute-api-version 2.87 hypervisor stats show")
    assert (stats["count"], stats["vcpus"]) == (2, 16)
    assert len(one(cloud, "hypervisor list --matching h2")) == 1


def test_aggregates_and_zones(cloud: Cloud) -> None:
    made = one(cloud, "aggregate create --zone z1 --property ssd=true fast")
    assert made["availability_zone"] == "z1"
    cloud.run("aggregate add host fast h1")
    cloud.run("aggregate set --property disks=4 --name faster fast")
    shown = one(cloud, "aggregate show faster")
    assert shown["hosts"] == ["h1"]
    assert shown["properties"]["disks"] == "4"
    zones = one(cloud, "availability zone list --compute")
    assert {row["Zone Name"] for row in zones} >= {"nova", "z1"}
    assert one(cloud, "availability zone list --compute", who="demo")
    cloud.run("aggregate unset --property ssd faster")
    cloud.run("aggregate remove host faster h1")
    assert names(cloud, "aggregate list") == ["faster"]
    cloud.run("aggregate delete faster")
    assert one(cloud, "aggregate list") == []


def test_server_groups(cloud: Cloud) -> None:
    made = one(
        cloud,
        "server group create --policy anti-affinity --rule max_server_per_host=2 g",
        who="demo",
    )
    assert made["policy"] == "anti-affinity"
    old = "--os-compute-api-version 2.15 server group create --policy soft-affinity old"
    assert one(cloud, old, who="demo")["policies"] == ["soft-affinity"]
    assert len(one(cloud, "server group list", who="demo")) == 2
    assert len(one(cloud, "server group list --all-projects")) == 2
    assert one(cloud, "server group show g", who="demo")["rules"] == {"max_server_per_host": 2}
    cloud.run("server group delete g old", cloud="demo")
    assert one(cloud, "server group list", who="demo") == []


def test_sdk(cloud: Cloud, sdk: openstack.connection.Connection) -> None:
    flavor = sdk.compute.create_flavor(name="sdk", ram=64, vcpus=1, disk=0)
    sdk.compute.create_flavor_extra_specs(flavor, {"hw:cpu_policy": "shared"})
    found = sdk.compute.find_flavor("sdk", get_extra_specs=True)
    assert found.extra_specs == {"hw:cpu_policy": "shared"}
    assert [each.name for each in sdk.compute.flavors(limit=1)] == ["sdk"]
    sdk.compute.delete_flavor(flavor)
    old = cloud.connect("admin", compute_default_microversion="2.91")
    assert old.compute.create_keypair(name="sdk").private_key
    sdk.compute.delete_keypair("sdk")
    assert sdk.compute.get_limits().absolute.instances == 10
    assert {each.name for each in sdk.compute.hypervisors(details=True)} == {
        "h1.example.org",
        "h2.example.org",
    }


def test_novaclient(nova: Any) -> None:
    flavor = nova.flavors.create("nc", 64, 1, 1)
    flavor.set_keys({"mine": "1"})
    assert flavor.get_keys() == {"mine": "1"}
    assert [each.name for each in nova.flavors.list(limit=1)] == ["nc"]
    flavor.delete()
    group = nova.server_groups.create("g", "affinity")
    assert group.policy == "affinity"
    group.delete()
    project = nova.client.session.get_project_id()
    assert nova.quotas.update(project, cores=40).cores == 40
    assert nova.limits.get().to_dict()["absolute"]["maxTotalCores"] == 40
    nova.quotas.delete(project)
    host = nova.services.list(binary="nova-compute")[0]
    nova.services.disable_log_reason(host.id, "because")
    assert nova.services.list(host=host.host)[0].disabled_reason == "because"
    nova.services.enable(host.id)
    aggregate = nova.aggregates.create("nc", "z7")
    assert aggregate.add_host("h1").hosts == ["h1"]
    aggregate.remove_host("h1")
    aggregate.delete()
    assert [zone.zoneName for zone in nova.availability_zones.list(detailed=False)] == ["nova"]
    assert len(nova.hypervisors.list()) == 2
    assert json.dumps(nova.hypervisors.list()[0].to_dict())
