# SPDX-License-Identifier: Apache-2.0
"""Schema revisions: complete, repeatable, additive in expand; on SQLite and on a real MariaDB."""

import importlib
import re

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from nova_appliance.db import schema
from nova_appliance.db.engines import Database

ADDS = {"create_table", "create_index", "add_column", "create_unique_constraint"}
REMOVES = {"drop_table", "drop_index", "drop_column", "drop_constraint", "alter_column"}
TREES = pytest.mark.parametrize("tree", schema.TREES)


@pytest.fixture(params=["sqlite", "mariadb"])
def make_database(request, tmp_path):
    made = []

    def make(name="test"):
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/{name}.sqlite"
        else:
            url = request.getfixturevalue("mariadb").url(f"{name}_{tmp_path.name}"[:60])
        made.append(Database(url))
        return made[-1]

    yield make
    for database in made:
        database.dispose()


def metadata(tree):
    return importlib.import_module(f"nova_appliance.db.tables.{tree}").METADATA


@TREES
def test_the_revisions_add_up_to_the_declared_tables(tree, make_database):
    database = make_database()
    assert schema.bring_forward(database, tree, "expand")
    schema.bring_forward(database, tree, "contract")
    with database.engine.connect() as connection:
        options = {"version_table": f"alembic_version_{tree}", "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata(tree)) == []


@TREES
def test_a_second_run_changes_nothing(tree, make_database):
    database = make_database()
    for branch in schema.BRANCHES:
        schema.bring_forward(database, tree, branch)
        assert schema.is_at_head(database, tree, branch)
        assert not schema.bring_forward(database, tree, branch)


@TREES
def test_every_revision_may_run_again_after_a_crash_before_its_mark(tree, make_database):
    database = make_database()
    schema.bring_forward(database, tree, "expand")
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM alembic_version_{tree}"))
    assert schema.bring_forward(database, tree, "expand")
    assert schema.is_at_head(database, tree, "expand")


@TREES
@pytest.mark.parametrize(("branch", "banned"), [("expand", REMOVES), ("contract", ADDS)])
def test_a_branch_does_only_its_own_kind(tree, branch, banned, monkeypatch):
    script = schema.scripts(tree)
    own = [r for r in script.walk_revisions() if f"/{branch}/" in r.path]
    assert own
    called = []
    for name in dir(Operations):
        if not name.startswith("_"):
            monkeypatch.setattr(op, name, lambda *_, _n=name, **__: called.append(_n), False)
    monkeypatch.setattr(op, "f", str, raising=False)
    for revision in own:
        revision.module.upgrade()
    assert not banned & set(called)
    assert "execute" not in called


@TREES
def test_revisions_are_numbered_without_a_gap_and_never_go_back(tree):
    for branch in schema.BRANCHES:
        own = [r for r in schema.scripts(tree).walk_revisions() if f"/{branch}/" in r.path]
        numbers = sorted(int(re.search(r"/(\d{4})_\w+\.py$", r.path)[1]) for r in own)
        assert numbers == list(range(1, len(own) + 1))
        assert not [r for r in own if hasattr(r.module, "downgrade")]
