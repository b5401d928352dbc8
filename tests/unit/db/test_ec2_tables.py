# SPDX-License-Identifier: Apache-2.0
"""EC2's ids, client tokens and tags in the database, many at once too; SQLite and MariaDB."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from nova_appliance.db import ec2_client_tokens, ec2_ids, ec2_tags, schema
from nova_appliance.db.ec2_client_tokens import Claim
from nova_appliance.db.engines import Database

NOW = dt.datetime(2030, 1, 1)
THREADS = 6


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path}/api.sqlite"
    if request.param == "mariadb":
        url = request.getfixturevalue("mariadb").url(f"ec2_{tmp_path.name}"[:60])
    found = Database(url)
    schema.bring_forward(found, "api", "expand")
    yield found
    found.dispose()


def at_once(work):
    """What several threads get that begin at the same moment."""
    gate = threading.Barrier(THREADS)

    def one(number):
        gate.wait(60)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def claim(answer="r-1", token="t", fingerprint="f"):
    return Claim(
        project_id="p", action="RunInstances", token=token, fingerprint=fingerprint,
        answer=answer, created_at=NOW,
    )  # fmt: skip


def test_all_who_ask_at_once_get_the_same_ids(database):
    things = [f"thing-{n}" for n in range(20)]

    def work(conn):
        return {thing: ec2_ids.add(conn, "i", thing) for thing in things}

    found = at_once(lambda _: database.transact(work))
    assert all(one == found[0] for one in found)
    with database.read() as conn:
        assert ec2_ids.known(conn, "i", things) == found[0]
        assert ec2_ids.find(conn, "i", found[0].values()) == {v: k for k, v in found[0].items()}
        assert ec2_ids.find(conn, "ami", found[0].values()) == {}


def test_a_taken_id_gives_way(database, monkeypatch):
    monkeypatch.setattr(ec2_ids, "_made", lambda prefix, _thing, salt: f"{prefix}-{salt}")
    with database.write() as conn:
        assert ec2_ids.add(conn, "i", "a") == "i-0"
        assert ec2_ids.add(conn, "i", "b") == "i-1"
        assert ec2_ids.add(conn, "i", "a") == "i-0"


def test_one_of_many_calls_with_a_token_wins(database):
    found = at_once(
        lambda n: database.transact(lambda conn: ec2_client_tokens.add(conn, claim(f"r-{n}")))
    )
    assert len({one.answer for one in found}) == 1


def test_an_old_claim_is_taken_over_once(database):
    with database.write() as conn:
        ec2_client_tokens.add(conn, claim())
    later = NOW + dt.timedelta(minutes=5)
    found = at_once(
        lambda n: database.transact(
            lambda conn: ec2_client_tokens.take_over(
                conn, claim(), later + dt.timedelta(microseconds=n)
            )
        )
    )
    assert found.count(True) == 1


def test_claims_end(database):
    with database.write() as conn:
        ec2_client_tokens.add(conn, claim())
        assert ec2_client_tokens.of_project(conn, "p", "RunInstances") == {"r-1": "t"}
        ec2_client_tokens.forget_before(conn, NOW)
        assert ec2_client_tokens.get(conn, claim()) == claim()
        ec2_client_tokens.remove(conn, claim())
        assert ec2_client_tokens.get(conn, claim()) is None
        old = msgspec.structs.replace(claim(), created_at=NOW - dt.timedelta(days=2))
        ec2_client_tokens.add(conn, old)
        ec2_client_tokens.forget_before(conn, NOW)
        assert ec2_client_tokens.get(conn, claim()) is None


def test_tags_are_merged_and_belong_to_a_project(database):
    with database.write() as conn:
        ec2_tags.merge(conn, "p", "i-1", {"a": "1", "A": "2", "é😀": ""})
        ec2_tags.merge(conn, "p", "i-1", {"a": "3"})
        ec2_tags.merge(conn, "q", "i-1", {"a": "other"})
        assert ec2_tags.of_one(conn, "p", "i-1") == {"a": "3", "A": "2", "é😀": ""}
        ec2_tags.remove(conn, "p", "i-1", ["A", "none"])
        assert ec2_tags.of_project(conn, "p") == {"i-1": {"a": "3", "é😀": ""}}
        ec2_tags.forget(conn, "p", "i-1")
        assert ec2_tags.of_project(conn, "p") == {}
        assert ec2_tags.of_project(conn, "q") == {"i-1": {"a": "other"}}
