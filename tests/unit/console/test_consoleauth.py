# SPDX-License-Identifier: Apache-2.0
"""Tokens: given out, kept as hashes, checked by any nova-consoleauth, ended; and the API over them."""

import datetime as dt

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server
from fixtures.console_stage import CONTEXT, secret_of

from nova_appliance.actions import console_access
from nova_appliance.common import errors
from nova_appliance.console.consoleauth import Service
from nova_appliance.db import console_tokens, servers
from nova_appliance.db.tables.cell import CONSOLE_TOKENS
from nova_appliance.rpc.orders import CheckToken, Granted, NotGranted, RevokeTokens


def check(consoles, secret, kind="novnc"):
    order = CheckToken(token=secret, kind=kind)
    return consoles.cloud.rpc.call("consoleauth", "check", order, CONTEXT)


@pytest.fixture
def database(consoles):
    return consoles.cloud.cells.database(CELL1)


def test_a_token_is_never_stored(consoles, server, database):
    secret = consoles.secret(server, "novnc")
    with database.read() as conn:
        rows = conn.execute(sa.select(CONSOLE_TOKENS)).all()
    assert rows
    assert not any(secret in str(value) for row in rows for value in row)


def test_tokens_are_all_different(consoles, server):
    secrets = {consoles.secret(server, "novnc") for _ in range(20)}
    assert len(secrets) == 20


def test_any_consoleauth_knows_what_another_gave_out(consoles, server):
    secret = consoles.secret(server, "serial")
    another = Service(consoles.cloud)
    answer = another.check(CONTEXT, CheckToken(token=secret, kind="serial"))
    assert isinstance(answer, Granted)
    assert answer.token.server_id == server.id
    assert answer.server_name == server.name


def test_the_life_of_a_token_is_an_option(consoles, server):
    consoles.cloud.conf.set_override("token_ttl", 5, "consoleauth")
    try:
        secret = consoles.secret(server, "novnc")
    finally:
        consoles.cloud.conf.clear_override("token_ttl", "consoleauth")
    assert isinstance(check(consoles, secret), Granted)
    consoles.clock.ahead = dt.timedelta(seconds=6)
    assert isinstance(check(consoles, secret), NotGranted)


def test_revoking_ends_all_tokens_of_the_server_and_no_others(consoles, server, guest):
    other = consoles.add_server()
    consoles.put(other, guest.port)
    mine = [consoles.secret(server, "novnc"), consoles.secret(server, "novnc")]
    foreign = consoles.secret(other, "novnc")
    order = RevokeTokens(server_id=server.id)
    assert consoles.cloud.rpc.call("consoleauth", "revoke", order, CONTEXT).tokens == 2
    assert all(isinstance(check(consoles, secret), NotGranted) for secret in mine)
    assert isinstance(check(consoles, foreign), Granted)


def left(database, server):
    with database.read() as conn:
        found = conn.execute(sa.select(CONSOLE_TOKENS).filter_by(server_id=server.id))
        return len(found.all())


@pytest.mark.parametrize("verb", ["os-stop", "seen off"])
def test_tokens_end_when_the_server_stops(consoles, server, database, verb):
    consoles.secret(server, "novnc")
    with database.write() as conn:
        if verb == "os-stop":
            assert servers.move(conn, server.id, verb)
            assert servers.settle(conn, server.id, verb, power=4)
        else:
            assert servers.settle(conn, server.id, verb, power=4)
    assert left(database, server) == 0


def test_tokens_stay_when_the_stop_did_not_happen(consoles, server, database):
    consoles.secret(server, "novnc")
    with database.write() as conn:
        assert not servers.settle(conn, server.id, "os-stop", power=4)
    assert left(database, server) == 1


def test_tokens_end_when_the_server_changes_its_host_or_goes(consoles, server, database):
    consoles.secret(server, "novnc")
    with database.write() as conn:
        servers.change(conn, server.id, host="host2")
    assert left(database, server) == 0
    with database.write() as conn:
        servers.change(conn, server.id, host="host1")
    consoles.secret(server, "novnc")
    with database.write() as conn:
        servers.erase(conn, server.id)
    assert left(database, server) == 0


def test_ended_tokens_are_swept(consoles, server, database):
    consoles.secret(server, "novnc")
    consoles.clock.ahead = dt.timedelta(seconds=601)
    fresh = consoles.secret(server, "novnc")
    consoles.consoleauth.sweep()
    assert left(database, server) == 1
    assert isinstance(check(consoles, fresh), Granted)


@pytest.mark.parametrize(
    ("kind", "base", "form"),
    [
        ("novnc", "http://c/vnc_auto.html", "http://c/vnc_auto.html?path=%3Ftoken%3D{}"),
        ("xvpvnc", "http://c:6081/console", "http://c:6081/console?token={}"),
        ("serial", "wss://c/", "wss://c/?token={}"),
        ("spice-html5", "http://c/s.html?a=b", "http://c/s.html?a=b&token={}"),
        ("novnc", "http://c/v.html?autoconnect=1", "http://c/v.html?autoconnect=1&path=%3Ftoken%3D{}"),
    ],
)  # fmt: skip
def test_urls_have_the_form_that_clients_read(kind, base, form):
    url = console_access.with_token(base, kind, "T0-ken")
    assert url == form.format("T0-ken")
    assert secret_of(url) == "T0-ken"


@pytest.mark.parametrize("kind", ["webmks", "rdp-html5"])
def test_kinds_that_no_hypervisor_here_has_are_refused(consoles, server, kind):
    with pytest.raises(errors.Invalid, match="Unavailable console type"):
        consoles.url(server, kind)


def test_kinds_that_are_switched_off_are_refused(consoles, server):
    consoles.cloud.conf.set_override("enabled", False, "spice")
    try:
        with pytest.raises(errors.Invalid, match="Unavailable console type spice-html5"):
            consoles.url(server, "spice-html5")
    finally:
        consoles.cloud.conf.clear_override("enabled", "spice")


def test_a_server_without_host_is_not_ready(consoles):
    with pytest.raises(errors.Conflict, match="is not ready"):
        consoles.url(make_server(host=None), "novnc")


@pytest.mark.parametrize("task", ["deleting", "migrating"])
def test_a_server_on_its_way_has_no_console(consoles, task):
    with pytest.raises(errors.Conflict, match=task):
        consoles.url(make_server(host="host1", task=task), "novnc")


def test_a_guest_that_is_not_there_gives_no_token(consoles, database):
    server = consoles.add_server()
    with pytest.raises(errors.NotFound):
        consoles.url(server, "novnc")
    assert left(database, server) == 0


def test_an_unknown_token_is_not_found(consoles):
    with pytest.raises(errors.NotFound):
        console_access.token(consoles.cloud, "nonsense")


def test_the_same_secret_twice_is_refused_by_the_database(consoles, server, database):
    secret = consoles.secret(server, "novnc")
    _, token = console_access.token(consoles.cloud, secret)
    with pytest.raises(Exception, match=r"UNIQUE|Duplicate"), database.write() as conn:
        console_tokens.add(conn, secret, token)
