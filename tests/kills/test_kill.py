# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the whole cloud at every saga step: after the next start nothing is stuck or left."""

import contextlib

import openstack.exceptions
import pytest
import requests
from fixtures.cloud_seed import seed, server_body
from fixtures.kill_verbs import (
    AT_REST,
    KEPT,
    OFFLOADED,
    TWO_HOSTS,
    VERBS,
    forget_snapshots,
    shares_in_use,
)
from fixtures.share_service import ShareService
from fixtures.whole_cloud import WholeCloud
from keystoneauth1 import exceptions as ksa

from nova_appliance.common import clock
from nova_appliance.conductor.sagas.registry import SAGAS

CASES = [
    (name, step.name, when)
    for name, saga in SAGAS.items()
    if name in VERBS
    for step in saga.steps
    for when in ("before", "after")
]
CASES.sort(key=lambda case: sorted(VERBS[case[0]].options.items()))
GONE = (openstack.exceptions.SDKException, ksa.ClientException, requests.RequestException)


def test_every_saga_has_its_verb():
    assert set(SAGAS) == set(VERBS) | TWO_HOSTS


class Stage:
    """A running cloud without servers, used for one case after the other; a failed case ends it."""

    def __init__(self, folders):
        self._folders, self._cloud, self._options = folders, None, None
        self.shares = ShareService()

    def cloud(self, options):
        if self._cloud is None or self._options != options:
            self.end()
            self._cloud, self._options = (
                WholeCloud(self._folders.mktemp("kill"), **options, groups=self.shares.options),
                options,
            )
            seed(self._cloud.start())
        return self._cloud

    def end(self):
        if self._cloud:
            self._cloud.stop()
        self._cloud = None


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    found = Stage(tmp_path_factory)
    yield found
    found.end()
    found.shares.close()


@pytest.mark.parametrize(("saga", "step", "when"), CASES, ids=map("-".join, CASES))
def test_nothing_is_stuck_after_a_kill(saga, step, when, stage):
    cloud, is_well = stage.cloud(VERBS[saga].options), False
    try:
        server = None
        if saga != "boot":
            server = _make(cloud, VERBS[saga])
        cloud.arm(saga, step, when)
        with contextlib.suppress(*GONE):
            if saga == "boot":
                cloud.connect().compute.post("/servers", json={"server": server_body(cloud, "a")})
            else:
                VERBS[saga].ask(cloud.connect(), server)
        assert cloud.wait_until_dead() == -9
        cloud.start()
        _settled(cloud)
        _clean(cloud, gone=saga == "delete")
        assert stage.shares.let_in() == shares_in_use(cloud.connect())
        _empty(cloud)
        assert not stage.shares.let_in()
        is_well = True
    finally:
        if not is_well:
            stage.end()


def _make(cloud, asked):
    connection = cloud.connect()
    usual = {
        "name": "a",
        "image_id": cloud.wanted["image_id"],
        "flavor_id": cloud.wanted["flavor_id"],
        "networks": [{"uuid": cloud.wanted["network"]}],
    }
    server = connection.compute.create_server(**usual | asked.server(cloud.wanted))
    connection.compute.wait_for_server(server, interval=0.1, wait=180)
    for verb, status in asked.first:
        VERBS[verb].ask(connection, server.id)
        connection.compute.wait_for_server(server, status, interval=0.1, wait=180)
    return server.id


def _settled(cloud):
    """Wait until no server is in a transitional state and no saga is open."""
    compute = cloud.connect().compute

    def moving():
        """What has not ended yet: sagas first, since a server moves no more after its saga."""
        open_sagas = cloud.open_sagas()
        servers = [s for s in compute.servers() if s.task_state or s.status == "BUILD"]
        return open_sagas, servers

    settled = clock.wait_for(lambda: not any(moving()), 180, 0.2)
    assert settled, (moving(), cloud.log.read_text()[-4000:])


def _empty(cloud):
    """Remove what the case made; nothing is left of it."""
    connection = cloud.connect()
    for server in (*connection.compute.servers(), *connection.compute.servers(status=KEPT)):
        connection.compute.delete_server(server, force=True)
    _settled(cloud)
    forget_snapshots(connection)
    for volume in connection.block_storage.volumes():
        connection.block_storage.delete_volume(volume)
    for image in connection.image.images(name="copy"):
        connection.image.delete_image(image)
    _settled(cloud)
    _clean(cloud, gone=True)


def _clean(cloud, *, gone):
    """What exists belongs to a living server; a living server has what it needs."""
    connection = cloud.connect()
    servers = list(connection.compute.servers())
    servers += connection.compute.servers(status=KEPT)
    ids = {s.id for s in servers}
    hosted = {s.id for s in servers if s.status != OFFLOADED}
    twice = [s.id for s in servers if s.status == "VERIFY_RESIZE"]
    assert not (gone and ids)
    assert {s.status for s in servers} <= AT_REST
    assert {image.status for image in connection.image.images()} == {"active"}
    claims = cloud.rows("nova_api", "SELECT server_id FROM claims")
    assert sorted(row["server_id"] for row in claims) == sorted([*hosted, *twice])
    mappings = cloud.rows("nova_api", "SELECT server_id FROM server_mappings")
    assert {row["server_id"] for row in mappings} == ids
    ports = [p for p in connection.network.ports() if p.device_owner.startswith("compute:")]
    assert {p.device_id for p in ports} == ids
    assert {v.status for v in connection.block_storage.volumes()} <= {"available", "in-use"}
    attached = {a["server_id"] for v in connection.block_storage.volumes() for a in v.attachments}
    assert attached <= ids
    used = cloud.rows("nova_api", "SELECT vcpus_used, servers FROM hosts")
    assert sum(row["vcpus_used"] for row in used) == len(claims)
    fake = cloud.settings.state_dir / "nova" / "instances"
    for kind in ("guests", "disks"):
        assert {path.name[:36] for path in (fake / kind).glob("*-*-*-*-*")} == hosted, kind
