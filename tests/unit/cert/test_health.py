# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of certificates that nobody has seen to, and what it can mend."""

import argparse
import datetime as dt
import functools

import pytest
import sqlalchemy as sa
from fixtures.cert_daemon import cert_stage

from nova_appliance.cert import health, house, keys, reading, signing
from nova_appliance.cert.place import Place
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.shelf import Shelf
from nova_appliance.cert.signing import Identity
from nova_appliance.cmd import manage_doctor
from nova_appliance.common import clock
from nova_appliance.conductor.doctor import Finding
from nova_appliance.db import certificates
from nova_appliance.db.tables.api import AUTHORITIES, CERTIFICATES
from nova_appliance.domain.certificate import make_wish


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Its root is there before the first test, whichever that is."""
    with cert_stage(tmp_path_factory.mktemp("health")) as made:
        house.tidy(made.service._projects, made.service._options)
        yield made


@pytest.fixture
def stage(whole):
    """With a root and its list, and no host's certificate."""
    with whole.cloud.cells.api.write() as conn:
        conn.execute(sa.delete(CERTIFICATES))
    house.tidy(whole.service._projects, whole.service._options)
    return whole


def look(stage, days=0):
    """What is found so many days ahead: thing > ailment."""
    at = clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=days))
    found = health.look(stage.cloud.cells.api, stage.cloud.conf.certificates, at)
    return {one.thing: one for one in found}


def certificate(stage, name, days=90.0):
    """One that nova-cert knows."""
    root = stage.service._projects.root().root()
    lasts = signing.life(clock.SYSTEM.now(), days)
    made = signing.host(root, keys.new().public_key(), make_wish(name, ("10.0.0.1",)), lasts)
    shelf(stage).keep(reading.describe(made))
    return reading.describe(made)


def shelf(stage):
    return Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets))


def test_all_is_well_until_something_ends(stage):
    certificate(stage, "host1")
    assert look(stage) == {}
    assert look(stage, 75) == {}
    assert set(look(stage, 77)) == {"certificate of host1"}


def test_a_host_that_does_not_renew_is_named_until_it_does(stage):
    old = certificate(stage, "host1")
    found = look(stage, 80)["certificate of host1"]
    assert (found.where, found.mend) == ("host1", None)
    assert f"ends {old.not_after:%Y-%m-%d}" in found.why
    assert "has ended" in look(stage, 91)["certificate of host1"].why
    certificate(stage, "host1", days=170)
    assert look(stage, 91) == {}


def test_a_revoked_host_is_expected_to_end(stage):
    given = certificate(stage, "gone")
    shelf(stage).revoke(given.serial, clock.SYSTEM.now(), "cessation_of_operation")
    assert "certificate of gone" not in look(stage, 91)


def test_a_revoked_host_stays_on_the_list_and_in_the_database_after_its_end(stage):
    given = certificate(stage, "stolen")
    certificate(stage, "other")
    shelf(stage).revoke(given.serial, clock.SYSTEM.now(), "key_compromise")
    later = clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=400))
    with stage.cloud.cells.api.write() as conn:
        certificates.forget(conn, later.now())
    root = stage.again(clock=later)._projects.root()
    root.refresh_list(365)
    listed = [f"{entry.serial_number:040X}" for entry in root.store.revocation_list()]
    assert listed == [given.serial]
    assert [one.name for one in shelf(stage).all_()] == ["stolen"]


def test_a_list_that_is_not_renewed_is_found_and_mended(stage):
    with stage.cloud.cells.api.write() as conn:
        conn.execute(sa.update(AUTHORITIES).values(revocation_list=None))
    found = look(stage)
    assert found["revocation list"].why.startswith("There is none.")
    found["revocation list"].mend()
    assert look(stage) == {}
    assert set(look(stage, 352)) == {"revocation list"}
    assert "has ended" in look(stage, 366)["revocation list"].why
    look(stage, 366)["revocation list"].mend()
    assert look(stage, 366) == {}


def test_a_root_in_its_last_year_is_found_and_mended(tmp_path):
    with cert_stage(tmp_path) as stage:
        house.tidy(stage.service._projects, stage.service._options)
        assert "root certificate" not in look(stage, 3650 - 367)
        found = look(stage, 3650 - 364)
        assert "root certificate" in found
        before = shelf(stage).root().certificate.not_valid_after_utc
        found["root certificate"].mend()
        assert shelf(stage).root().certificate.not_valid_after_utc > before
        assert "root certificate" not in look(stage, 3650 - 364)


def test_where_no_nova_cert_has_begun_nothing_is_said(tmp_path, stage):
    with cert_stage(tmp_path) as empty:
        with empty.cloud.cells.api.write() as conn:
            conn.execute(sa.delete(AUTHORITIES))
        assert look(empty) == {}


def doctor(stage, monkeypatch, *, fix):
    """The rows about certificates, and whether all is sound."""
    monkeypatch.setattr(manage_doctor.wiring, "make_cloud", lambda _conf: stage.cloud)
    monkeypatch.setattr(manage_doctor.doctor, "look", lambda _cloud: iter(()))
    given = argparse.Namespace(fix=fix)
    answer = manage_doctor.examine(stage.cloud.conf, stage.cloud.cells, given)
    return [(row["of"], row["done"]) for row in answer.rows], answer.is_sound


def test_the_command_finds_and_mends_and_its_exit_code_says_so(stage, monkeypatch):
    assert doctor(stage, monkeypatch, fix=False) == ([], True)
    certificate(stage, "host1", days=1 / 1440)  # a minute left of six
    with stage.cloud.cells.api.write() as conn:
        conn.execute(sa.update(AUTHORITIES).values(revocation_list=None))
    both = ["revocation list", "certificate of host1"]
    assert doctor(stage, monkeypatch, fix=False) == ([(one, "found") for one in both], False)
    mended = [(both[0], "mended"), (both[1], "left alone")]
    assert doctor(stage, monkeypatch, fix=True) == (mended, False)


def test_without_the_secrets_it_says_what_it_lacks(stage, monkeypatch):
    with stage.cloud.cells.api.write() as conn:
        conn.execute(sa.update(AUTHORITIES).values(revocation_list=None))
    conf = stage.cloud.conf
    conf.set_override("secrets", [], "certificates")
    try:
        ((_thing, done),), is_sound = doctor(stage, monkeypatch, fix=True)
    finally:
        conf.clear_override("secrets", "certificates")
    assert "has no [certificates] secrets" in done
    assert not is_sound


def test_this_hosts_own_folders_are_looked_at_and_asked_for(stage, monkeypatch, tmp_path):
    conf = stage.cloud.conf
    conf.set_override("folders", [str(tmp_path)], "certificates")
    place, root = Place(tmp_path), stage.service._projects.root()
    key = keys.new()
    lasts = signing.life(clock.SYSTEM.now(), 1 / 720)  # two minutes left of seven
    made = signing.host(root.root(), key.public_key(), make_wish("here", ("10.0.0.1",)), lasts)
    place.put(Identity(made, key), signing.to_pem(root.root().certificate))
    try:
        rows, is_sound = doctor(stage, monkeypatch, fix=False)
        assert (rows, is_sound) == ([("certificate", "found"), ("revocation list", "found")], False)
        rows, is_sound = doctor(stage, monkeypatch, fix=True)
        assert (rows, is_sound) == (
            [("certificate", "mended"), ("revocation list", "mended")],
            True,
        )
        assert doctor(stage, monkeypatch, fix=False) == ([], True)
    finally:
        conf.clear_override("folders", "certificates")


def test_each_finding_is_mended_before_the_next_is_looked_for(stage, monkeypatch):
    mended = []

    def find(_cloud):
        for number in range(2):
            assert mended == list(range(number))
            mend = functools.partial(mended.append, number)
            yield Finding(kind="claim", thing=str(number), where="", why="", mend=mend)

    monkeypatch.setattr(manage_doctor.wiring, "make_cloud", lambda _conf: stage.cloud)
    monkeypatch.setattr(manage_doctor.doctor, "look", find)
    given = argparse.Namespace(fix=True)
    answer = manage_doctor.examine(stage.cloud.conf, stage.cloud.cells, given)
    assert ([row["done"] for row in answer.rows], answer.is_sound) == (["mended"] * 2, True)
