# SPDX-License-Identifier: Apache-2.0
"""Conductor, scheduler and a host with the fake driver, each a daemon on one in-process bus."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures import hosts as made

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context, errors, ids
from nova_appliance.common.clock import wait_for
from nova_appliance.compute.agent import Neighbours
from nova_appliance.compute.service import Service as Compute
from nova_appliance.conductor.service import Service as Conductor
from nova_appliance.conf import load
from nova_appliance.db import hosts, services
from nova_appliance.db.cells import CELL0
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.host import Host
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.orders import Chosen, ConsoleOutput, Empty, NoHostFits
from nova_appliance.scheduler.service import Service as Scheduler

CONTEXT = context.for_background()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    options = {
        "host": "h1",
        "compute_driver": "fake",
        "state_path": str(tmp_path / "state"),
    }
    file = tmp_path / "nova.conf"
    file.write_text(f"[DEFAULT]\ntransport_url = fake://{ids.new_id()}/\n")
    conf = load.load(files=[str(file)], overrides={"DEFAULT": options})
    cells = made.make_cells(tmp_path)
    nobody: Any = None
    cloud = Cloud(
        conf=conf, cells=cells, rpc=Client(conf), images=nobody, networks=nobody, volumes=nobody
    )
    yield cloud
    cloud.rpc.close()
    cells._databases.dispose()


@contextlib.contextmanager
def running(*daemons: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for daemon in daemons:
            daemon.start()
            stack.callback(daemon.stop)
        yield


def compute(cloud: Cloud) -> Compute:
    nobody: Any = None
    return Compute(cloud.conf, Neighbours(rpc=cloud.rpc, images=nobody, volumes=nobody))


def known(cloud: Cloud) -> tuple[Host, ...]:
    with cloud.cells.api.read() as conn:
        return hosts.list_(conn)


def test_a_host_joins_gets_a_server_and_answers(cloud: Cloud) -> None:
    host = compute(cloud)
    with running(Conductor(cloud), Scheduler(cloud), host):
        assert host.in_line.wait(60)
        (node,) = known(cloud)
        assert (node.host, node.cell_id) == ("h1", made.CELL1)
        assert node.limits.memory_mib == node.inventory.memory_mib - 512
        assert wait_for(lambda: _binaries(cloud, made.CELL1) == {"nova-compute"}, 60)
        assert wait_for(lambda: "nova-scheduler" in _binaries(cloud, CELL0), 60)
        answer = cloud.rpc.call("scheduler", "choose_hosts", made.order(cloud.cells), CONTEXT)
        assert isinstance(answer, Chosen)
        assert answer.host_id == node.id
        none = cloud.rpc.call("scheduler", "choose_hosts", made.order(vcpus=10_000), CONTEXT)
        assert isinstance(none, NoHostFits)
        assert "1 lacks vCPUs (needs 10000" in none.reason
        assert cloud.rpc.call("compute", "uptime", Empty(), CONTEXT, "h1").text == ""
        lost = ConsoleOutput(server_id=ids.new_id(), max_bytes=10)
        with pytest.raises(errors.NotFound, match="no guest"):
            cloud.rpc.call("compute", "console_output", lost, CONTEXT, "h1")


def _binaries(cloud: Cloud, cell_id: str) -> set[str]:
    with cloud.cells.database(cell_id).read() as conn:
        return {service.binary for service in services.list_(conn)}


def test_a_host_waits_for_the_conductor_and_its_guests_run_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = ids.new_id()
    host = compute(cloud)
    guest = Guest(
        server_id=server_id, name="i-1", display_name="one", project_id="p", user_id="u",
        flavor_name="f", vcpus=1, memory_mib=64,
    )  # fmt: skip
    host.agent.driver.disks.create(guest)
    host.agent.driver.lifecycle.start_new(guest)
    away = {"left": 3}
    real = cloud.rpc.call

    def call(topic: str, name: str, *arguments: Any) -> Any:
        if topic == "conductor" and away["left"] > 0:
            away["left"] -= 1
            raise errors.Unavailable("nova-conductor did not answer in time.")
        return real(topic, name, *arguments)

    monkeypatch.setattr(cloud.rpc, "call", call)
    with running(Conductor(cloud), host):
        assert host.in_line.wait(60)
        assert len(known(cloud)) == 1
        assert host.agent.driver.lifecycle.find(server_id) is not None  # nobody said it was deleted
    assert host.agent.driver.lifecycle.find(server_id) is not None
