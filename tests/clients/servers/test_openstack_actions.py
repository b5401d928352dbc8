# SPDX-License-Identifier: Apache-2.0
"""Each action of a server by the unmodified `openstack` command and novaclient, on three hosts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import novaclient.client
import pytest
from fixtures.more_hosts import HOLD
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock

H2, H3 = "h2", "h3"
PAUSE_S = 0.1
"""Between two looks of a client that waits; its own five seconds are for clouds of many."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What is typed, the action that is recorded, and what the server then shows."""

    words: str
    action: str
    status: str = "ACTIVE"
    host: str | None = H2
    flavor: str = "m1.tiny"
    locked: bool = False
    version: str = "2.96"


LIFE = (
    Row("server pause one", "pause", "PAUSED"),
    Row("server unpause one", "unpause"),
    Row("server suspend one", "suspend", "SUSPENDED"),
    Row("server resume one", "resume"),
    Row("server stop one", "stop", "SHUTOFF"),
    Row("server start one", "start"),
    Row("server reboot --soft one", "reboot"),
    Row("server reboot --hard one", "reboot"),
    Row("server lock --reason no-one-else one", "lock", locked=True),
    Row("server unlock one", "unlock"),
    Row("server dump create one", "trigger_crash_dump"),
    Row("server backup create --name kept --type daily --rotate 1 one", "createBackup"),
    Row("server add volume one disk", "attach_volume"),
    Row("server remove volume one disk", "detach_volume"),
    Row("server add fixed ip --fixed-ip-address 10.30.0.88 one private", "attach_interface"),
    Row("server remove fixed ip one 10.30.0.88", "attach_interface", version="2.43"),
    Row("server add port one wan", "attach_interface"),
    Row("server remove port one wan", "detach_interface"),
    Row("server shelve --offload one", "shelveOffload", "SHELVED_OFFLOADED", host=None),
    Row("server unshelve --host h2 one", "unshelve"),
)
"""What a server does where it is; that an address was removed from its port is no action of Nova's."""

MOVES = (
    Row("server resize --flavor m1.more one", "resize", "VERIFY_RESIZE", H3, "m1.more"),
    Row("server resize revert one", "revertResize"),
    Row("server resize --flavor m1.more one", "resize", "VERIFY_RESIZE", H3, "m1.more"),
    Row("server resize confirm one", "confirmResize", host=H3, flavor="m1.more"),
    Row("server migrate --host h2 one", "migrate", "VERIFY_RESIZE", H2, "m1.more"),
    Row("server migration revert one", "revertResize", host=H3, flavor="m1.more"),
    Row("server migrate --host h2 one", "migrate", "VERIFY_RESIZE", H2, "m1.more"),
    Row("server migration confirm one", "confirmResize", flavor="m1.more"),
    Row(
        "server migrate --live-migration --host h3 one", "live-migration", host=H3, flavor="m1.more"
    ),
)
"""What it does between hosts."""

BY_NOVACLIENT: tuple[tuple[str, tuple[object, ...], str], ...] = (
    ("pause", (), "PAUSED"),
    ("unpause", (), "ACTIVE"),
    ("suspend", (), "SUSPENDED"),
    ("resume", (), "ACTIVE"),
    ("stop", (), "SHUTOFF"),
    ("start", (), "ACTIVE"),
    ("reboot", ("HARD",), "ACTIVE"),
    ("rescue", (), "RESCUE"),
    ("unrescue", (), "ACTIVE"),
    ("shelve", (), "SHELVED"),
    ("unshelve", (), "ACTIVE"),
    ("migrate", (), "VERIFY_RESIZE"),
    ("revert_resize", (), "ACTIVE"),
    ("backup", ("nova", "weekly", 1), "ACTIVE"),
    ("live_migrate", (None, "auto"), "ACTIVE"),
)
"""Method of its servers, what it is given beside the server, and the status that follows."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeCloud]:
    cloud = WholeCloud(
        tmp_path_factory.mktemp("hosts"), hosts=[H2, H3], allow_resize_to_same_host=False,
        shelved_offload_time=-1, reclaim_instance_interval=3600,
    )  # fmt: skip
    try:
        yield cloud.start()
    finally:
        cloud.stop()


@pytest.fixture
def typed(whole: WholeCloud, admin: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Types a command at a version; with ` -f json` its answer.

    By a token: passwords are hashed slowly, and each command would show one anew.
    """
    known = whole.credentials()
    auth = {word: known[word] for word in ("auth_url", "project_name", "project_domain_name")}
    told = {"auth_type": "v3token", "auth": auth | {"token": admin.auth_token}}
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(json.dumps({"clouds": {"admin": told | {"region_name": "RegionOne"}}}))
    monkeypatch.setattr(whole, "clouds_yaml", lambda: clouds)
    real = clock.SYSTEM.sleep
    monkeypatch.setattr("time.sleep", lambda seconds: real(min(seconds, PAUSE_S)))

    def type_(words: str, version: str = "2.96") -> Any:
        return whole.openstack("--os-compute-api-version", version, *words.split())

    return type_


@pytest.fixture(scope="module")
def wanted(admin: Any) -> dict[str, Any]:
    """Of a server on the second of three hosts; the first takes none."""
    hosts = {H2, H3}
    found = clock.wait_for(
        lambda: hosts <= {one.name for one in admin.compute.hypervisors()}, 60, 0.2
    )
    assert found, list(admin.compute.hypervisors())
    for service in admin.compute.services(binary="nova-compute"):
        if service.host not in hosts:
            admin.compute.disable_service(service)
    admin.compute.create_flavor(name="m1.more", vcpus=1, ram=128, disk=1)
    private = admin.network.find_network("private").id
    return {
        "name": "one", "image_id": admin.image.find_image("tiny").id, "host": H2,
        "flavor_id": admin.compute.find_flavor("m1.tiny").id, "networks": [{"uuid": private}],
    }  # fmt: skip


@pytest.fixture
def server(admin: Any, wanted: dict[str, Any]) -> Iterator[Any]:
    """A server `one` of the test's own."""
    made = admin.compute.create_server(**wanted)
    yield admin.compute.wait_for_server(made, interval=0.1, wait=180)
    admin.compute.delete_server(made, force=True)
    admin.compute.wait_for_delete(made, interval=0.1, wait=180)


def now(admin: Any, server: Any) -> tuple[object, ...]:
    seen = admin.compute.get_server(server.id)
    flavor = seen.flavor["original_name"]
    return seen.status, seen.task_state, seen.compute_host, flavor, seen.is_locked


def comes_to(admin: Any, server: Any, row: Row) -> None:
    wanted = (row.status, None, row.host, row.flavor, row.locked)
    assert clock.wait_for(lambda: now(admin, server) == wanted, 60), (row, now(admin, server))
    newest = next(iter(admin.compute.server_actions(server)))
    assert newest.action == row.action, (newest.action, row)


def test_what_a_server_does_where_it_is(admin: Any, server: Any, typed: Any) -> None:
    admin.network.create_port(name="wan", network_id=admin.network.find_network("private").id)
    volume = admin.block_storage.create_volume(name="disk", size=1)
    admin.block_storage.wait_for_status(volume, "available", interval=0.1, wait=90)
    for row in LIFE:
        typed(row.words, row.version)
        comes_to(admin, server, row)
    (kept,) = admin.image.images(name="kept")
    assert kept.properties["backup_type"] == "daily"


def test_what_it_does_between_hosts(admin: Any, server: Any, typed: Any) -> None:
    for row in MOVES:
        typed(row.words, row.version)
        comes_to(admin, server, row)
    listed = typed("server migration list --server one -f json")
    assert [one["Type"] for one in listed] == [
        "live-migration", "migration", "migration", "resize", "resize",
    ]  # fmt: skip
    assert [one["Status"] for one in listed] == [
        "completed", "confirmed", "reverted", "confirmed", "reverted",
    ]  # fmt: skip


@pytest.fixture
def hold(whole: WholeCloud) -> Iterator[Path]:
    """While the file is there no live migration ends by itself."""
    file = whole.settings.state_dir / HOLD
    file.touch()
    yield file
    file.unlink(missing_ok=True)


@pytest.mark.usefixtures("hold")
@pytest.mark.parametrize(
    ("row", "status"),
    [
        (Row("abort", "live_migration_cancel"), "cancelled"),
        (Row("force complete", "live_migration_force_complete", host=H3),
         "completed"),
    ],
    ids=["abort", "force"],
)  # fmt: skip
def test_a_live_migration_under_way(
    admin: Any, server: Any, typed: Any, row: Row, status: str
) -> None:
    typed("server migrate --live-migration --host h3 one")

    def runs() -> bool:
        return [one.status for one in admin.compute.server_migrations(server)] == ["running"]

    assert clock.wait_for(runs, 60), list(admin.compute.server_migrations(server))
    (under_way,) = typed("server migration list --server one --status running -f json")
    number, its_id = under_way["Id"], under_way["UUID"]
    shown = typed(f"server migration show one {its_id} -f json")  # by number it mixes its words up
    assert (shown["Source Compute"], shown["Dest Compute"]) == (H2, H3)
    typed(f"server migration {row.words} one {number}")
    comes_to(admin, server, row)
    (ended,) = [m for m in typed("server migration list -f json") if m["Id"] == number]
    assert ended["Status"] == status


def test_a_server_of_a_host_that_is_down_is_evacuated(admin: Any, server: Any, typed: Any) -> None:
    typed("compute service set --down h2 nova-compute")
    try:
        typed("server evacuate --host h3 one")
        comes_to(admin, server, Row("", "evacuate", "SHUTOFF", H3))
        typed("server start one")
        comes_to(admin, server, Row("", "start", host=H3))
    finally:
        typed("compute service set --up h2 nova-compute")


def test_a_deleted_server_is_restored(admin: Any, server: Any, typed: Any) -> None:
    typed("server delete one")
    comes_to(admin, server, Row("", "delete", "SOFT_DELETED"))
    typed(f"server restore {server.id}")
    comes_to(admin, server, Row("", "restore"))


def test_events_tell_what_was_done(admin: Any, server: Any, typed: Any) -> None:
    typed("server pause one")
    comes_to(admin, server, Row("", "pause", "PAUSED"))
    typed("server unpause one")
    comes_to(admin, server, Row("", "unpause"))
    listed = typed("server event list one -f json")
    assert [one["Action"] for one in listed[:2]] == ["unpause", "pause"]
    shown = typed(f"server event show one {listed[0]['Request ID']} -f json")
    assert shown["action"] == "unpause"
    assert [one["result"] for one in shown["events"]] == ["Success"]


def test_novaclient_acts_on_servers(whole: WholeCloud, admin: Any, server: Any) -> None:
    servers = novaclient.client.Client("2.96", session=admin.session).servers
    for method, given, status in BY_NOVACLIENT:
        getattr(servers.get(server.id), method)(*given)
        whole.rest()
        seen = servers.get(server.id)
        assert (seen.status, getattr(seen, "OS-EXT-STS:task_state")) == (status, None), method
    actions = novaclient.client.Client("2.96", session=admin.session).instance_action
    recorded = [one.action for one in actions.list(server.id)]
    assert recorded[:3] == ["live-migration", "createBackup", "revertResize"]
