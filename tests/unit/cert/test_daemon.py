# SPDX-License-Identifier: Apache-2.0
"""nova-cert over its message bus: projects, bundles, renewal by hosts, several of it."""

import dataclasses
import datetime as dt
import os
import subprocess

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from fixtures.cert_daemon import SECRET, cert_stage

from nova_appliance.cert import hosts, house, keys, possession, reading, signing
from nova_appliance.cert.adoption import adopt
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.keeper import Keeper
from nova_appliance.cert.place import Place
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.shelf import Shelf
from nova_appliance.cert.signing import Identity
from nova_appliance.cmd import manage
from nova_appliance.common import clock, errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import services
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables.api import AUTHORITIES
from nova_appliance.domain.certificate import make_wish
from nova_appliance.rpc import certificate_orders as orders

CONTEXT = RequestContext(user_id="u1", project_id="p1", overwrite=False)
TERMS = hosts.Terms(90, dt.timedelta(days=30))


def ask(stage, name, order):
    return stage.cloud.rpc.call("cert", name, order, CONTEXT)


def tidy(service):
    house.tidy(service._projects, service._options)


def trust(stage, project_id=None):
    return ask(stage, "trust", orders.TrustAsked(project_id=project_id))


def verifies(tmp_path, leaf, *, crl=None):
    """What openssl says of a chain: the first certificate of `leaf`, the rest untrusted."""
    (tmp_path / "leaf.pem").write_text(leaf)
    more = []
    if crl:
        (tmp_path / "crl.pem").write_text(crl)
        more = ["-crl_check", "-CRLfile", tmp_path / "crl.pem"]
    argv = ["openssl", "verify", "-CAfile", tmp_path / "root.pem", "-untrusted"]
    argv += [tmp_path / "leaf.pem", *more, tmp_path / "leaf.pem"]
    return subprocess.run(argv, check=False, capture_output=True, text=True)


@pytest.fixture
def root_file(stage, tmp_path):
    (tmp_path / "root.pem").write_text(trust(stage).certificate)


@pytest.mark.usefixtures("root_file")
def test_a_user_gets_a_key_and_a_certificate_that_the_root_vouches_for(stage, tmp_path):
    made = ask(stage, "issue", orders.IssueForUser(user_id="u1", project_id="p1"))
    leaf = reading.parse(made.certificate)
    assert keys.from_pem(made.private_key).public_key() == leaf.public_key()
    assert reading.name(leaf) == "u1"
    assert verifies(tmp_path, made.certificate).returncode == 0
    other = ask(stage, "issue", orders.IssueForUser(user_id="u1", project_id="p1"))
    assert other.private_key != made.private_key


def test_who_has_no_project_gets_nothing_from_the_root(stage):
    with pytest.raises(errors.Invalid, match="belongs to a project"):
        ask(stage, "issue", orders.IssueForUser(user_id="u1", project_id=""))


@pytest.mark.usefixtures("root_file")
def test_revoked_users_are_on_their_projects_list(stage, tmp_path):
    kept = ask(stage, "issue", orders.IssueForUser(user_id="kept", project_id="p2"))
    lost = ask(stage, "issue", orders.IssueForUser(user_id="lost", project_id="p2"))
    other = ask(stage, "issue", orders.IssueForUser(user_id="lost", project_id="p3"))
    order = orders.RevokeForUsers(user_id="lost", project_id="p2")
    assert ask(stage, "revoke", order).certificates == 1
    assert ask(stage, "revoke", order).certificates == 0
    listed = trust(stage, "p2").revocation_list
    assert "revoked" in verifies(tmp_path, lost.certificate, crl=listed).stderr
    assert verifies(tmp_path, kept.certificate, crl=listed).returncode == 0
    assert ask(stage, "revoke", orders.RevokeForUsers(user_id="lost")).certificates == 1
    listed = trust(stage, "p3").revocation_list
    assert "revoked" in verifies(tmp_path, other.certificate, crl=listed).stderr
    with pytest.raises(errors.Invalid, match="whose"):
        ask(stage, "revoke", orders.RevokeForUsers())


@pytest.mark.parametrize("project_id", [None, "bundles"])
def test_a_bundles_key_is_decrypted_by_the_project_or_by_the_root(stage, project_id):
    public = reading.public_key(reading.parse(trust(stage, project_id).certificate))
    key = os.urandom(16).hex()
    encrypted = public.encrypt(key.encode(), padding.PKCS1v15()).hex()
    order = orders.Decrypt(project_id="bundles", text=encrypted)
    assert ask(stage, "decrypt", order).text == key
    if project_id:
        with pytest.raises(errors.Invalid, match="not encrypted for"):
            ask(stage, "decrypt", orders.Decrypt(project_id="strangers", text=encrypted))


@pytest.mark.parametrize("text", ["", "zz", "00", "ab" * 256, "ab" * 5000, "abc"])
def test_what_is_no_bundles_key_is_refused_in_one_sentence(stage, text):
    trust(stage)
    with pytest.raises(errors.Invalid, match=r"not encrypted for|not hexadecimal"):
        ask(stage, "decrypt", orders.Decrypt(project_id="p1", text=text))


def test_something_else_than_a_key_is_not_told(stage):
    """A decrypting service that tells any plain text would be everybody's."""
    public = reading.public_key(reading.parse(trust(stage).certificate))
    for plain in (b"secret words", b"a" * 33, b""):
        encrypted = public.encrypt(plain, padding.PKCS1v15()).hex()
        with pytest.raises(errors.Invalid):
            ask(stage, "decrypt", orders.Decrypt(project_id="p1", text=encrypted))


def test_keys_are_encrypted_at_rest_and_secrets_can_be_changed(stage):
    ask(stage, "issue", orders.IssueForUser(user_id="u", project_id="sealed"))
    with stage.cloud.cells.api.read() as conn:
        kept = conn.execute(sa.select(AUTHORITIES.c.sealed_key)).scalars().all()
    assert kept
    assert not [text for text in kept if "PRIVATE" in text]
    old, new = "o" * 32, "n" * 40
    closed = Seal([old]).close("key")
    assert Seal([new, old]).open_(closed) == "key"
    assert Seal([new]).open_(Seal([new, old]).close("key")) == "key"
    with pytest.raises(errors.Invalid, match="opens"):
        Seal([new]).open_(closed)


@pytest.mark.parametrize(("secret", "words"), [("", "has no"), ("short", "32 letters")])
def test_without_a_good_secret_it_does_not_start(tmp_path, secret, words):
    with pytest.raises(errors.Invalid, match=words), cert_stage(tmp_path, secret):
        pass


def test_two_of_them_agree_on_one_root(tmp_path):
    """Both find no root, and both make one: what was stored first counts."""
    with cert_stage(tmp_path) as stage:
        seal = Seal(stage.cloud.conf.certificates.secrets)
        one, other = (Authority(Shelf(stage.cloud.cells.api, seal)) for _ in range(2))
        key = keys.new()
        late = Identity(signing.root(key, "late", signing.life(clock.SYSTEM.now(), 10)), key)
        one.ensure_root("root")
        other.store.keep_root(late)
        assert reading.name(other.root().certificate) != "late"
        assert trust(stage).certificate == signing.to_pem(one.root().certificate)
        again = stage.again()
        again.check_in()
        tidy(again)
        assert trust(stage).certificate == signing.to_pem(one.root().certificate)


@pytest.fixture
def adopted(stage, tmp_path):
    """A host's place with a certificate of a root that the daemon goes on with."""
    trust(stage)  # there is a root from then on
    seal = Seal(stage.cloud.conf.certificates.secrets)
    root = Shelf(stage.cloud.cells.api, seal).root()
    authority = Authority(Folder(tmp_path / "authority"))
    authority.store.path.mkdir()
    (tmp_path / "authority" / "root.key").write_text(keys.to_pem(root.key))
    (tmp_path / "authority" / "root.pem").write_text(signing.to_pem(root.certificate))
    place = Place(tmp_path / "host")
    hosts.issue(authority, make_wish(f"h-{tmp_path.name}"[:60], ("10.0.0.9",)), place, TERMS)
    return authority, place


def keeper(stage, place, **changes):
    return Keeper(
        [str(place.folder)],
        lambda order: ask(stage, "renew", order),
        lambda: trust(stage),
        dataclasses.replace(TERMS, **changes),
        every_s=3600,
    )


def test_a_keeper_without_nova_cert_warns_of_what_has_ended(adopted, caplog):
    _authority, place = adopted
    place.put_list("no list at all")

    def nobody(*_order):
        raise errors.Unavailable("nova-cert does not answer.")

    lonely = Keeper([str(place.folder)], nobody, nobody, TERMS, every_s=3600)
    lonely.start()
    try:
        words = f"{place.folder}: revocation list: missing"
        assert clock.wait_for(lambda: words in caplog.text, 60)
        assert "certificate: " not in caplog.text
    finally:
        lonely.stop()


@pytest.mark.usefixtures("root_file")
def test_a_hosts_keeper_renews_what_ends_soon_and_nothing_else(stage, adopted, tmp_path):
    _authority, place = adopted
    before = place.held()
    assert keeper(stage, place).look() == 1  # the revocation list is new here
    assert keeper(stage, place).look() == 0
    short = signing.life(clock.SYSTEM.now(), 1 / 1440)  # a minute left of six
    root = stage.service._projects.root().root()
    wish = reading.wish(before.certificate)
    old = signing.host(root, before.key.public_key(), wish, short)
    place.put(Identity(old, before.key), signing.to_pem(root.certificate))
    assert keeper(stage, place).look() == 1
    after = place.held()
    assert after.certificate.serial_number != old.serial_number
    assert after.key.private_numbers() == before.key.private_numbers()
    assert reading.wish(after.certificate) == wish
    assert (after.certificate.not_valid_after_utc - old.not_valid_after_utc).days == 89
    crl = (place.folder / "crl.pem").read_text()
    assert verifies(tmp_path, (place.folder / "cert.pem").read_text(), crl=crl).returncode == 0


def test_only_the_holder_of_a_certificate_that_counts_is_given_the_next(stage, adopted):
    _authority, place = adopted
    held, now = place.held(), clock.SYSTEM.now()
    good = possession.ask(held, now)
    ask(stage, "renew", good)
    thief = Identity(held.certificate, keys.new())
    late = possession.ask(held, now - dt.timedelta(hours=1))
    moved = orders.Renew(
        certificate=good.certificate,
        asked_at=now + dt.timedelta(minutes=1),
        signature=good.signature,
    )
    ended = signing.host(
        stage.service._projects.root().root(), held.key.public_key(), make_wish("x"),
        signing.life(now - dt.timedelta(minutes=1), 1e-5),
    )  # fmt: skip
    foreign_key = keys.new()
    lasts = signing.life(now, 9)
    foreign = Identity(signing.root(foreign_key, "r", lasts), foreign_key)
    strange = signing.host(foreign, held.key.public_key(), make_wish("x"), lasts)
    for order in (
        possession.ask(thief, now),
        late,
        moved,
        possession.ask(Identity(ended, held.key), now),
        possession.ask(Identity(strange, held.key), now),
    ):
        with pytest.raises(errors.Forbidden):
            ask(stage, "renew", order)
    with pytest.raises(errors.Invalid):
        ask(stage, "renew", orders.Renew(certificate="x", asked_at=now, signature="00"))


def test_a_users_certificate_is_not_renewed_as_a_hosts(stage):
    made = ask(stage, "issue", orders.IssueForUser(user_id="u1", project_id="p1"))
    held = Identity(reading.parse(made.certificate), keys.from_pem(made.private_key))
    with pytest.raises(errors.Forbidden):
        ask(stage, "renew", possession.ask(held, clock.SYSTEM.now()))


def test_a_folder_is_adopted_once_and_revocations_follow(stage, adopted):
    authority, place = adopted
    shelf = Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets))
    assert adopt(authority.store, shelf)
    assert not adopt(authority.store, shelf)
    given = reading.describe(place.held().certificate)
    assert given.serial in {one.serial for one in shelf.all_()}
    authority.revoke(authority.find(serial=given.serial), "superseded")
    assert adopt(authority.store, shelf)
    listed = x509.load_pem_x509_crl(trust(stage).revocation_list.encode())
    assert listed.get_revoked_certificate_by_serial_number(int(given.serial, 16))
    with pytest.raises(errors.Forbidden):
        ask(stage, "renew", possession.ask(place.held(), clock.SYSTEM.now()))


def test_a_renewal_that_the_deployer_never_saw_ends_with_the_key_of_what_it_revoked(stage, adopted):
    authority, place = adopted
    shelf = Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets))
    adopt(authority.store, shelf)
    held = place.held()
    renewed = reading.parse(next_of(stage, held))
    later = reading.parse(next_of(stage, Identity(renewed, held.key)))
    authority.revoke(authority.find(name=reading.name(held.certificate)), "superseded")
    assert adopt(authority.store, shelf)
    assert not adopt(authority.store, shelf)
    listed = x509.load_pem_x509_crl(trust(stage).revocation_list.encode())
    for one in (renewed, later):
        assert listed.get_revoked_certificate_by_serial_number(one.serial_number)
        with pytest.raises(errors.Forbidden):
            next_of(stage, Identity(one, held.key))
    hosts.issue(authority, reading.wish(held.certificate), place, TERMS)
    adopt(authority.store, shelf)
    assert next_of(stage, place.held())


def next_of(stage, held):
    return ask(stage, "renew", possession.ask(held, clock.SYSTEM.now())).certificate


def test_of_two_lists_the_later_stays_whoever_made_it(stage, adopted):
    """Both the deployer and nova-cert write a host's list: neither brings an older one back."""
    authority, place = adopted
    deployers = Authority(authority.store, later_by(1))
    deployers.refresh_list(365)
    brought = signing.to_pem(authority.store.revocation_list())
    place.put_list(brought)
    keeper(stage, place).look()
    assert (place.folder / "crl.pem").read_text() == brought
    shelf = Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets))
    assert adopt(authority.store, shelf)
    keeper(stage, place).look()
    kept = (place.folder / "crl.pem").read_text()
    assert kept == trust(stage).revocation_list
    assert reading.number(reading.parse_list(kept)) >= reading.number(reading.parse_list(brought))
    Authority(shelf, later_by(300)).refresh_list(365)
    assert not adopt(authority.store, shelf)
    keeper(stage, place).look()
    assert (place.folder / "crl.pem").read_text() == trust(stage).revocation_list != kept


def later_by(days):
    return clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=days))


def test_another_root_is_not_adopted(stage, tmp_path):
    trust(stage)
    authority = Authority(Folder(tmp_path / "other"))
    authority.ensure_root("other")
    with pytest.raises(errors.Conflict, match="another authority"):
        adopt(
            authority.store,
            Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets)),
        )


def test_what_ended_long_ago_is_forgotten_and_ends_are_told(stage, adopted, caplog):
    _authority, place = adopted
    shelf = Shelf(stage.cloud.cells.api, Seal(stage.cloud.conf.certificates.secrets))
    given = reading.describe(place.held().certificate)
    shelf.keep(given)
    moved = clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=80))
    tidy(stage.again(clock=moved))
    assert f"{given.name}: its certificate ends" in caplog.text
    later = clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=181))
    tidy(stage.again(clock=later))
    assert given.serial not in {one.serial for one in shelf.all_()}


def test_the_daemon_reports_itself(stage):
    stage.service.check_in()
    with stage.cloud.cells.database(CELL0).read() as conn:
        assert "nova-cert" in {service.binary for service in services.list_(conn)}


def test_an_operator_adopts_and_lists_by_nova_manage(stage, adopted, tmp_path, capsys):
    authority, place = adopted
    database = stage.cloud.cells.api.url
    conf = tmp_path / "manage.conf"
    conf.write_text(
        f"[api_database]\nconnection = {database}\n[certificates]\nsecrets = {SECRET}\n"
    )
    for changed in (1, 0):
        words = ["--config-file", str(conf), "cert", "adopt", "--dir", str(authority.store.path)]
        assert manage.main(words) == 0
        assert capsys.readouterr().out == f"changed={changed}\n"
    assert manage.main(["--config-file", str(conf), "cert", "list"]) == 0
    assert reading.describe(place.held().certificate).serial in capsys.readouterr().out


def test_without_folders_a_host_has_nothing_to_tend(tmp_path, capsys):
    conf = tmp_path / "tend.conf"
    conf.write_text("[DEFAULT]\ntransport_url = fake://\n")
    assert manage.main(["--config-file", str(conf), "cert", "tend"]) == 1
    assert "folders" in capsys.readouterr().err
