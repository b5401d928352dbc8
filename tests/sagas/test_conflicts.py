# SPDX-License-Identifier: Apache-2.0
"""Two operations at once on one server: one wins. The pairs are those of server-actions.tsv."""

import csv
import dataclasses
import itertools
import threading
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.saga_drive import ASK, clean_up, settle
from fixtures.world import World

from nova_appliance.actions import boot, delete, live_migrate, moves, reboot, resize
from nova_appliance.common import errors
from nova_appliance.db import server_mappings, server_migrations, servers
from nova_appliance.db.tables import cell

TABLE = Path(__file__).parents[1] / "contract" / "reference" / "server-actions.tsv"
ASKED = {
    "os-start": ASK["start"],
    "os-stop": ASK["stop"],
    "reboot SOFT": lambda w, s: reboot.reboot(w.cloud, w.context(), s, hard=False),
    "reboot HARD": ASK["reboot"],
    "pause": ASK["pause"],
    "unpause": ASK["unpause"],
    "suspend": ASK["suspend"],
    "resume": ASK["resume"],
    "rescue": ASK["rescue"],
    "resize": ASK["resize"],
    "migrate (cold)": lambda w, s: resize.migrate(w.cloud, w.context(), s),
    "rebuild": ASK["rebuild"],
    "os-migrateLive": ASK["live_migrate"],
    "shelve": ASK["shelve"],
    "createImage": ASK["create_image"],
    "createBackup": ASK["create_backup"],
    "changePassword": ASK["change_password"],
}
"""Operation of the table > how it is asked for. Of these all pairs are tried."""
MORE = {
    "unrescue": ASK["unrescue"],
    "unshelve": ASK["take_down"],
    "shelveOffload": ASK["shelve_offload"],
    "confirmResize": ASK["confirm_resize"],
    "revertResize": ASK["revert_resize"],
    "evacuate": ASK["evacuate"],
    "delete": lambda w, s: delete.force(w.cloud, w.context(), s),
    "delete (soft)": ASK["soft_delete"],
    "restore": ASK["restore"],
    "trigger_crash_dump": ASK["trigger_crash_dump"],
    "attach volume": ASK["attach_volume"],
    "attach interface": ASK["attach_interface"],
    "detach interface": ASK["detach_interface"],
    "force_complete (live migration)": lambda w, s: live_migrate.force(
        w.cloud, w.context(), s, w.migration
    ),
    "abort live migration": lambda w, s: live_migrate.abort(
        w.cloud, w.context(), s, w.migration, early=True
    ),
}
"""Of these the pairs with one another of RIVALS, and with themselves."""
RIVALS = {
    "os-stop", "reboot HARD", "resize", "unrescue", "unshelve", "confirmResize", "revertResize",
    "evacuate", "delete", "delete (soft)", "restore", "abort live migration",
}  # fmt: skip
WITHOUT_SAGA = {"force_complete (live migration)", "abort live migration"}
"""They are a wish that the host hears of."""
ONCE = {"delete", "delete (soft)"}
"""Asked twice, these are done once."""
DONE = {("soft-delete", "delete (soft)")}
"""Nothing is left to do then."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is true of a server to which nothing else must have happened."""

    power: int
    task: str | None = None
    kind: str = "resize"
    migration: str = "error"
    """Status of its newest migration."""


STATES = {
    "active": Setting(1),
    "stopped": Setting(4),
    "paused": Setting(3),
    "suspended": Setting(4),
    "resized": Setting(1, migration="finished"),
    "rescued": Setting(1),
    "shelved": Setting(4),
    "error": Setting(0),
    "soft-delete": Setting(4),
}
UNDER_WAY = {"active": Setting(1, task="migrating", kind="live-migration", migration="running")}
"""A server that is just moving."""
NONE = "none"


def _rows():
    with TABLE.open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["operation"] in ASKED | MORE:
                states = {word.strip() for word in row["required_vm_state"].split(",")}
                tasks = {word.strip() for word in row["required_task_state"].split(",")}
                sets = row["task_state_set_by_api"]
                yield row["operation"], states, tasks, None if "unchanged" in sets else sets


ROWS = {operation: (states, tasks, sets) for operation, states, tasks, sets in _rows()}


def pairs_of(state, task=NONE):
    """The pairs of operations that each may begin with a server that is so."""
    able = [
        name
        for name, (states, tasks, _) in ROWS.items()
        if states & {state, "any"} and tasks & {task, "any"} and (state, name) not in DONE
    ]
    return [
        pair
        for pair in itertools.combinations_with_replacement(able, 2)
        if set(pair) <= set(ASKED) or len(set(pair)) == 1 or set(pair) & RIVALS
    ]


def test_the_table_has_what_is_asked():
    assert set(ROWS) == set(ASKED | MORE)
    assert sum(len(pairs_of(state)) for state in STATES) > 400


def may_follow(first, second, task):
    """Whether the second may begin while the task of the first is under way, by the table."""
    return bool(ROWS[second][1] & {ROWS[first][2] or task or NONE, "any"})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Sagas begin and are not run."""
    world = World(tmp_path_factory.mktemp("world"))
    world.stand_by("host1", "host2")
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    world.one = server.id
    yield world
    clean_up(world, server.id)
    world.stop()


@pytest.fixture
def put(world):
    """Put the server into a state in which nothing is under way; and so again at the end."""
    clean = world.server(world.one)

    def into(state, setting):
        world.migration = msgspec.structs.replace(
            moves.new(world.cloud, world.context(), clean, setting.kind, clean.flavor),
            status=setting.migration,
        )
        with world.cloud.cells.database(CELL1).write() as conn:
            conn.execute(sa.update(cell.SERVICES).values(forced_down=False))
            conn.execute(sa.delete(cell.SAGAS))
            conn.execute(sa.update(cell.MIGRATIONS).values(status="error"))
            server_migrations.add(conn, world.migration)
            servers.change(conn, world.one, attachments=clean.attachments)
            values = {"state": state, "task": setting.task, "power": setting.power}
            conn.execute(sa.update(cell.SERVERS).values(**values))
        counted = (clean.flavor.vcpus, clean.flavor.memory_mib)
        world.cloud.cells.api.transact(
            lambda conn: server_mappings.resize(conn, world.one, *counted)
        )
        return world.server(world.one)

    yield into
    into("active", STATES["active"])


@pytest.mark.parametrize("state", STATES)
def test_of_two_at_once_one_wins(world, put, state):
    """All pairs of that state, one after the other; the loser hears of a conflict, by its name."""
    for pair in pairs_of(state):
        compare(world, put(state, STATES[state]), pair)


@pytest.mark.parametrize("state", UNDER_WAY)
def test_of_two_at_once_about_a_move_one_wins(world, put, state):
    setting = UNDER_WAY[state]
    for pair in pairs_of(state, setting.task):
        compare(world, put(state, setting), pair, errors.Invalid)


def compare(world, server, names, *also):
    """Ask for both; who wins is what the table allows, and each has begun one saga."""
    won, lost = race(world, server, names, *also)
    both = may_follow(*names, server.task) or may_follow(*reversed(names), server.task)
    assert len(won) == 1 or (both and len(won) == 2), (server.state, names, won, lost)
    sagas = [name for name in won if name not in WITHOUT_SAGA]
    wanted = len(set(sagas)) if ONCE & set(sagas) else len(sagas)
    assert len(world.open_sagas()) == wanted, (server.state, names, won)
    for error in lost:
        lost_host = "evacuate" in won and "Service is unavailable" in error.message
        assert world.one in error.message or lost_host, (names, error.message)


def race(world, server, names, *also):
    """Ask for both at the same time: names of the winners, errors of the losers.

    A loser hears of a conflict, or of one of those errors `also`.
    """
    start, won, lost, broken = threading.Barrier(2), [], [], []

    def ask(name):
        start.wait(60)
        try:
            (ASKED | MORE | ASK)[name](world, server)
            won.append(name)
        except (errors.Conflict, *also) as error:
            lost.append(error)
        except Exception as error:  # noqa: BLE001 - a bug, which the test shows
            broken.append((name, error))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert broken == []
    return won, lost


ON_A_VOLUME = ("detach_volume", "swap_volume", "snapshot_volume")
BEFORE = {"merge_volume": ("attach_volume", "snapshot_volume")}
"""What must be there for it, beside the volume."""
BOTH_AT_ONCE = {("detach_volume", "detach_volume")}
"""A volume that leaves may be told so twice."""


@pytest.mark.parametrize(
    "pair",
    [
        *itertools.combinations_with_replacement(ON_A_VOLUME, 2),
        *((name, "merge_volume") for name in (*ON_A_VOLUME, "merge_volume")),
    ],
)
def test_a_volume_has_one_saga_at_a_time(world, pair):
    """No task keeps them apart, so they look for one another."""
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    for first in BEFORE.get(pair[1], ("attach_volume",)):
        ASK[first](world, world.server(server.id))
        settle(world)
    won, lost = race(world, world.server(server.id), pair, errors.Invalid)
    assert len(won) == (2 if pair in BOTH_AT_ONCE else 1), (won, lost)
    assert all("is just being" in error.message for error in lost), lost
    settle(world)
    assert world.server(server.id).task is None
    clean_up(world, server.id)
