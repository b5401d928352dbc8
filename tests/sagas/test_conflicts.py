# SPDX-License-Identifier: Apache-2.0
"""Two operations at once on one server: one wins. The pairs are those of server-actions.tsv."""

import csv
import itertools
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.saga_drive import ASK, clean_up, settle
from fixtures.world import World

from nova_appliance.actions import boot, reboot, resize
from nova_appliance.common import errors
from nova_appliance.db import server_mappings
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
"""Operation of the table > how it is asked for."""
STATES = {"active": 1, "stopped": 4, "paused": 3, "suspended": 4}
"""State > power, of a server that nothing else must have happened to."""


def _rows():
    with TABLE.open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["operation"] in ASKED:
                states = {word.strip() for word in row["required_vm_state"].split(",")}
                tasks = {word.strip() for word in row["required_task_state"].split(",")}
                yield row["operation"], states, tasks, row["task_state_set_by_api"]


ROWS = {operation: (states, tasks, sets) for operation, states, tasks, sets in _rows()}
PAIRS = [
    (state, first, second)
    for state in STATES
    for first, second in itertools.combinations_with_replacement(
        [name for name, (states, _, _) in ROWS.items() if state in states], 2
    )
]


def test_the_table_has_what_is_asked():
    assert set(ROWS) == set(ASKED)
    assert len(PAIRS) > 120


def may_follow(first, second):
    """Whether the second may begin while the task of the first is under way, by the table."""
    return ROWS[first][2] in ROWS[second][1]


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

    def into(state):
        flavor = world.server(world.one).flavor
        with world.cloud.cells.database(CELL1).write() as conn:
            conn.execute(sa.delete(cell.SAGAS))
            conn.execute(sa.update(cell.MIGRATIONS).values(status="error"))
            values = {"state": state, "task": None, "power": STATES[state]}
            conn.execute(sa.update(cell.SERVERS).values(**values))
        counted = (flavor.vcpus, flavor.memory_mib)
        world.cloud.cells.api.transact(
            lambda conn: server_mappings.resize(conn, world.one, *counted)
        )
        return world.server(world.one)

    yield into
    into("active")


@pytest.mark.parametrize("state", STATES)
def test_of_two_at_once_one_wins(world, put, state):
    """All pairs of that state, one after the other; the loser hears of a conflict, by its name."""
    for _, *names in [pair for pair in PAIRS if pair[0] == state]:
        won, lost = race(world, put(state), names)
        both = may_follow(*names) or may_follow(*reversed(names))
        assert len(won) == 1 or (both and len(won) == 2), (state, names, won, lost)
        assert len(world.open_sagas()) == len(won), (state, names)
        for error in lost:
            assert world.one in error.message, (names, error.message)


def race(world, server, names):
    """Ask for both at the same time: names of the winners, errors of the losers."""
    start, won, lost, broken = threading.Barrier(2), [], [], []

    def ask(name):
        start.wait(60)
        try:
            ASKED[name](world, server)
            won.append(name)
        except errors.Conflict as error:
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
BOTH_AT_ONCE = {("detach_volume", "detach_volume")}
"""A volume that leaves may be told so twice."""


@pytest.mark.parametrize(
    "pair", [*itertools.product(ON_A_VOLUME, repeat=2), ("snapshot_volume", "merge_volume")]
)
def test_a_volume_has_one_saga_at_a_time(world, pair):
    """No task keeps them apart, so they look for one another."""
    first, second = pair
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    ASK["attach_volume"](world, world.server(server.id))
    settle(world)
    ASK[first](world, world.server(server.id))
    if pair in BOTH_AT_ONCE:
        ASK[second](world, world.server(server.id))
    else:
        with pytest.raises((errors.Conflict, errors.Invalid), match="is just being"):
            ASK[second](world, world.server(server.id))
    settle(world)
    assert world.server(server.id).task is None
    clean_up(world, server.id)
