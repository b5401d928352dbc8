# SPDX-License-Identifier: Apache-2.0
"""The read path of servers, on SQLite and on a real MariaDB."""

import datetime as dt

import msgspec
import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, NOW, make_cells, make_server, put

from nova_appliance.common import errors
from nova_appliance.db import host_statuses, server_lists
from nova_appliance.db.cells import CELL0
from nova_appliance.db.server_query import ServerQuery, Sort
from nova_appliance.db.tables.cell import SERVERS, SERVICES
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Fault, Server


@pytest.fixture(params=["sqlite", "mariadb"])
def cells(request, tmp_path):
    if request.param == "sqlite":
        made = make_cells(lambda name: f"sqlite:///{tmp_path}/{name}.sqlite")
    else:
        made = make_cells(request.getfixturevalue("mariadb").url)
    yield made
    for cell in made.all_():
        made.database(cell.id).dispose()
    made.api.dispose()


def names(cells, **query):
    return [server.name for server in server_lists.page(cells, ServerQuery(**query)).servers]


def plain(server):
    """The server as its own class, without its row number."""
    return Server(**{**msgspec.structs.asdict(server), "row": 0})


NASTY = 'a "quoted" \\ back\nnew\ttab \x01 \u2028 é 😀 </b> \' % {0} :x'


def test_every_field_comes_back(cells):
    full = make_server(
        name=NASTY,
        description=NASTY,
        user_data="QUJD",
        config_drive=True,
        metadata={"k": NASTY},
        tags=(NASTY, "b"),
        locked_by="owner",
        locked_reason=NASTY,
        task="rebooting",
        fault=Fault(code=500, message=NASTY, created_at=NOW, details="x"),
        trusted_certs=("c1",),
        hints={"group": "g"},
        attachments=(
            Attachment(id="b1", device="/dev/vdb", volume_id="v1", delete_on_termination=True),
        ),
        launch_index=3,
        terminated_at=NOW,
        access_ip_v4="1.2.3.4",
    )
    put(cells, full)
    put(cells, make_server(2, image=None, host=None, launched_at=None, updated_at=None))
    second, first = server_lists.page(cells, ServerQuery()).servers
    assert plain(first) == full
    assert first.row > 0
    assert plain(server_lists.one(cells, full.id)) == full
    assert (second.image, second.host, second.launched_at) == (None, None, None)


def test_owner_deleted_and_foreign(cells):
    mine = make_server(1)
    gone = make_server(2, deleted=True, state="deleted", deleted_at=NOW)
    put(cells, mine, make_server(3, project_id="p2"))
    put(cells, gone, mapped=False)
    assert names(cells, equal={"project_id": ("p1",)}) == ["server-1"]
    assert names(cells, equal={"project_id": ("p1",)}, deleted=True) == ["server-2"]
    assert names(cells, deleted=None) == ["server-3", "server-2", "server-1"]
    assert server_lists.one(cells, mine.id, "p2") is None
    assert server_lists.one(cells, gone.id) is None
    assert server_lists.one(cells, gone.id, "p1", deleted=True).state == "deleted"
    assert server_lists.one(cells, gone.id, "p2", deleted=True) is None


def test_filters(cells):
    put(
        cells,
        make_server(1, name="Web-1", tags=("a", "b"), metadata={"x": "1"}),
        make_server(2, name="web-2", tags=("b",), task="rebooting", locked_by="admin"),
        make_server(3, name="db", tags=("A",), metadata={"X": "1"}, state="stopped", key_name="k"),
        make_server(4, name="soft", state="soft-delete", tags=()),
    )
    assert names(cells, match={"name": "^web"}) == ["web-2"]
    assert names(cells, match={"name": "eb-[12]$"}) == ["web-2", "Web-1"]
    assert names(cells, match={"name": "x' OR '1'='1"}) == []
    assert names(cells, match={"key_name": ".*"}) == ["db"]
    assert names(cells, statuses=("ACTIVE",)) == ["Web-1"]
    assert names(cells, statuses=("REBOOT", "SHUTOFF")) == ["db", "web-2"]
    assert names(cells, statuses=("NONSENSE",)) == []
    assert names(cells, equal={"locked": (1,)}) == ["web-2"]
    assert names(cells, tags=("a", "b")) == ["Web-1"]
    assert names(cells, tags_any=("a", "b")) == ["web-2", "Web-1"]
    assert names(cells, not_tags=("a", "b")) == ["db", "web-2"]
    assert names(cells, not_tags_any=("a", "b")) == ["db"]
    assert names(cells, metadata={"x": "1"}) == ["Web-1"]
    assert names(cells, statuses=("SOFT_DELETED",), soft_deleted=True) == ["soft"]
    assert names(cells, ids=()) == []
    with pytest.raises(errors.Invalid):
        names(cells, match={"name": "(unclosed"})


def test_addresses(cells):
    put(cells, *(make_server(number) for number in (1, 2, 9, 19)))
    assert names(cells, address_v4=r"^10\.0\.0\.2") == ["server-19", "server-1"]
    assert names(cells, address_v4=r"\.3$") == ["server-2"]
    assert names(cells, address_v6="10") == []


def test_changes(cells):
    put(cells, *(make_server(number) for number in (1, 2, 3)))
    second = NOW + dt.timedelta(seconds=2)
    assert names(cells, changed_since=second) == ["server-3", "server-2"]
    assert names(cells, changed_before=second) == ["server-2", "server-1"]


SORTS = (
    (Sort("created_at"), Sort("id")),
    (Sort("name", descending=False), Sort("id")),
    (Sort("key_name", descending=False), Sort("created_at", descending=False)),
    (Sort("key_name"), Sort("power"), Sort("id", descending=False)),
    (Sort("locked"), Sort("terminated_at"), Sort("id")),
)


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_pages_join_to_the_whole_list(cells, sort):
    kinds = [(number, key) for number in range(6) for key in (None, "k1", "k2")]
    for place, (number, key) in enumerate(kinds):
        put(cells, make_server(number, key_name=key, cell_id=(CELL0, CELL1)[place % 2],
                               locked_by="owner" if place % 3 else None))  # fmt: skip
    whole = server_lists.page(cells, ServerQuery(sort=sort)).servers
    assert len(whole) == len(kinds)
    got, marker = [], None
    while True:
        query = ServerQuery(sort=sort, limit=4, marker=marker)
        servers = server_lists.page(cells, query).servers
        if not servers:
            break
        got += servers
        marker = servers[-1].id
    assert [s.id for s in got] == [s.id for s in whole]


def test_unknown_marker(cells):
    with pytest.raises(errors.NotFound, match="marker"):
        names(cells, marker="nothing")


def test_a_server_in_two_cells_is_shown_once_where_the_mapping_says(cells):
    server = make_server(1)
    put(cells, server)
    put(cells, msgspec.structs.replace(server, cell_id=CELL0, name="old"), mapped=False)
    assert names(cells) == ["server-1"]
    assert server_lists.one(cells, server.id).name == "server-1"


def test_statements_do_not_grow_with_rows(cells):
    counted = []
    for cell in cells.all_():
        sa.event.listen(
            cells.database(cell.id).engine,
            "before_cursor_execute",
            lambda _c, _cur, statement, *_rest: counted.append(statement),
        )

    def statements():
        counted.clear()
        page = server_lists.page(cells, ServerQuery())
        host_statuses.of_servers(cells, page.servers, NOW, 60)
        return len([text for text in counted if "servers" in text or "services" in text])

    put(cells, *(make_server(number) for number in range(3)))
    few = statements()
    put(cells, *(make_server(number) for number in range(3, 60)))
    assert statements() == few == 3


def test_host_statuses(cells):
    put(cells, *(make_server(number) for number in range(5)))
    rows = [
        {"host": f"host{place}", "forced_down": place == 1, "disabled": place == 2,
         "last_seen_at": NOW - dt.timedelta(seconds=100 if place == 3 else 1)}
        for place in range(4)
    ]  # fmt: skip
    common = {"binary": "nova-compute", "topic": "compute", "version": 1, "started_at": NOW}
    with cells.database(CELL1).write() as connection:
        for number, row in enumerate(rows):
            values = {**common, **row, "id": f"s{number}", "created_at": NOW}
            connection.execute(sa.insert(SERVICES).values(values))
    servers = server_lists.page(cells, ServerQuery()).servers
    assert host_statuses.of_servers(cells, servers, NOW, 60) == {
        "host0": "UP",
        "host1": "DOWN",
        "host2": "MAINTENANCE",
        "host3": "UNKNOWN",
        "host4": "UNKNOWN",
    }


def test_a_cell_that_is_down(cells, monkeypatch):
    put(cells, make_server(1), make_server(2, cell_id=CELL0))
    real = cells.database

    def database(cell_id):
        if cell_id == CELL1:
            raise errors.Unavailable("down")
        return real(cell_id)

    monkeypatch.setattr(cells, "database", database)
    page = server_lists.page(cells, ServerQuery())
    assert [s.name for s in page.servers] == ["server-2"]
    assert page.down == (CELL1,)
    rows = server_lists.mappings_in(cells, page.down, "p1", None)
    assert [row.cell_id for row in rows] == [CELL1]


def test_every_sort_key_is_a_field_or_told_how_to_read(cells):
    (server,) = put(cells, make_server(1))
    for key in server_lists.server_query.SORTED_BY:
        assert names(cells, sort=(Sort(key), Sort("id"))) == [server.name]
    assert SERVERS.c.keys()
