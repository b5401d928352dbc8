# SPDX-License-Identifier: Apache-2.0
"""nova-manage cert: what the deployer gets from an authority in a folder."""

import datetime as dt
import io
import os
import shutil
import subprocess

import pytest

from nova_appliance.cert import hosts, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.place import Place
from nova_appliance.cmd import manage
from nova_appliance.common import clock, errors
from nova_appliance.domain.certificate import make_wish

NOW = dt.datetime(2026, 5, 1, 12)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An authority folder with a root; tests issue below it under names of their own."""
    folder = tmp_path_factory.mktemp("authority") / "a"
    assert manage.main(["cert", "root", "--dir", str(folder)]) == 0
    return folder


def _say(capsys, *words):
    capsys.readouterr()
    code = manage.main(["cert", *map(str, words)])
    out = capsys.readouterr()
    return code, out.out.strip(), out.err.strip()


def _issue(made, out, *more, name="one"):
    return ("issue", "--dir", made, "--name", name, "--out", out, *more)


def _openssl(*words):
    done = subprocess.run(
        ["openssl", *map(str, words)], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def _at(made, days):
    moved = clock.Clock(now=lambda: clock.SYSTEM.now() + dt.timedelta(days=days))
    return Authority(Folder(made), moved)


def test_a_root_is_made_once(made, capsys):
    assert _say(capsys, "root", "--dir", made) == (0, "changed=0", "")
    assert (made / "root.key").stat().st_mode & 0o777 == 0o600


def test_openssl_trusts_what_is_issued_for_what_it_is_for(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path, "--address", "10.0.0.1", "--dns", "a.example"))
    verify = ("verify", "-x509_strict", "-CAfile", tmp_path / "ca.pem")
    assert _openssl(*verify, "-verify_ip", "10.0.0.1", tmp_path / "cert.pem")[0] == 0
    assert _openssl(*verify, "-purpose", "sslclient", tmp_path / "cert.pem")[0] == 0
    assert _openssl(*verify, "-verify_hostname", "b.example", tmp_path / "cert.pem")[0] == 2
    _say(capsys, *_issue(made, tmp_path, "--use", "server", name="two"))
    assert _openssl(*verify, "-purpose", "sslclient", tmp_path / "cert.pem")[0] == 2


def test_keys_are_private_and_the_bundle_holds_both(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path))
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "bundle.pem").stat().st_mode & 0o777 == 0o600
    both = (tmp_path / "cert.pem").read_text() + (tmp_path / "key.pem").read_text()
    assert (tmp_path / "bundle.pem").read_text() == both


def test_issuing_again_changes_nothing_until_the_wish_changes(made, tmp_path, capsys):
    wish = ("--address", "10.0.0.2", "--address", "::1", "--dns", "B.example", "--dns", "a.example")
    assert _say(capsys, *_issue(made, tmp_path, *wish))[1] == "changed=1"
    key = (tmp_path / "key.pem").read_text()
    assert _say(capsys, *_issue(made, tmp_path, *wish))[1] == "changed=0"
    assert _say(capsys, *_issue(made, tmp_path, *wish, "--dns", "c.example"))[1] == "changed=1"
    assert (tmp_path / "key.pem").read_text() == key


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem", "key.pem"])
def test_what_a_killed_run_left_is_mended(made, tmp_path, capsys, name):
    _say(capsys, *_issue(made, tmp_path))
    whole = (tmp_path / name).read_text()
    (tmp_path / name).write_text("old half")
    assert _say(capsys, *_issue(made, tmp_path))[1] == "changed=1"
    assert (tmp_path / name).read_text() == whole


def test_a_broken_bundle_is_made_anew(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path))
    (tmp_path / "bundle.pem").write_text("nothing")
    assert _say(capsys, *_issue(made, tmp_path))[1] == "changed=1"
    assert _openssl("verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "cert.pem")[0] == 0


def test_a_key_shown_to_all_is_hidden_again_and_a_group_may_see_it(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path))
    (tmp_path / "key.pem").chmod(0o644)
    assert _say(capsys, *_issue(made, tmp_path))[1] == "changed=1"
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o640
    assert _say(capsys, *_issue(made, tmp_path))[1] == "changed=0"


def test_renewal_keeps_key_and_words_and_the_owner(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path, "--address", "10.0.0.3"))
    os.chown(tmp_path / "key.pem", 12345, 12345)
    os.chown(tmp_path / "cert.pem", 12345, 12345)
    before = reading.parse((tmp_path / "cert.pem").read_text())
    renew = ("renew", "--dir", made, "--out", tmp_path)
    assert _say(capsys, *renew)[1] == "changed=0"
    assert _say(capsys, *renew, "--force")[1] == "changed=1"
    after = reading.parse((tmp_path / "cert.pem").read_text())
    assert before.serial_number != after.serial_number
    assert reading.wish(before) == reading.wish(after)
    assert before.public_key() == after.public_key()
    assert (tmp_path / "cert.pem").stat().st_uid == 12345


@pytest.mark.parametrize(("days", "changes"), [(0, False), (59, False), (61, True), (200, True)])
def test_it_is_renewed_in_its_last_thirty_days(made, tmp_path, days, changes):
    terms = hosts.Terms(days=90, before=dt.timedelta(days=30))
    hosts.issue(_at(made, 0), make_wish("late"), Place(tmp_path), terms)
    assert hosts.renew(_at(made, days), Place(tmp_path), terms) is changes


def test_a_short_life_is_renewed_in_its_last_third(made, tmp_path):
    terms = hosts.Terms(days=7, before=dt.timedelta(days=30))
    hosts.issue(_at(made, 0), make_wish("short"), Place(tmp_path), terms)
    assert not hosts.renew(_at(made, 4), Place(tmp_path), terms)
    assert hosts.renew(_at(made, 5), Place(tmp_path), terms)


def test_a_renewed_root_trusts_what_the_old_one_signed(tmp_path):
    authority = _at(tmp_path / "a", 0)
    authority.ensure_root("root", 3650)
    authority.store.path.joinpath("root.pem").rename(tmp_path / "old-root.pem")
    (tmp_path / "a" / "root.pem").write_text((tmp_path / "old-root.pem").read_text())
    hosts.issue(authority, make_wish("h"), Place(tmp_path / "h"), hosts.Terms())
    later = _at(tmp_path / "a", 3650 - 100)
    assert later.ensure_root("root")
    assert not later.ensure_root("root")
    for trusted in (tmp_path / "old-root.pem", tmp_path / "a" / "root.pem"):
        assert _openssl(
            "verify", "-no_check_time", "-CAfile", trusted, tmp_path / "h" / "cert.pem"
        ) == (0, f"{tmp_path}/h/cert.pem: OK\n")


def test_nothing_outlives_its_root(tmp_path):
    authority = _at(tmp_path / "a", 0)
    authority.ensure_root("root", 30)
    hosts.issue(authority, make_wish("h"), Place(tmp_path / "h"), hosts.Terms(days=90))
    held = Place(tmp_path / "h").held().certificate
    assert held.not_valid_after_utc == authority.root().certificate.not_valid_after_utc


def test_a_revoked_certificate_is_listed_and_replaced_with_another_key(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path, name="lost"))
    _say(capsys, *_issue(made, tmp_path / "other", name="kept"))
    key, old = (tmp_path / "key.pem").read_text(), (tmp_path / "cert.pem").read_text()
    revoke = ("revoke", "--dir", made, "--name", "lost", "--reason", "key_compromise")
    assert _say(capsys, *revoke)[1] == "changed=1"
    assert _say(capsys, *revoke)[1] == "changed=0"
    check = ("verify", "-crl_check", "-CAfile", made / "root.pem", "-CRLfile", made / "crl.pem")
    code, said = _openssl(*check, tmp_path / "cert.pem")
    assert (code, "revoked" in said) == (2, True)
    assert _openssl(*check, tmp_path / "other" / "cert.pem")[0] == 0
    code, _out, said = _say(capsys, "renew", "--dir", made, "--out", tmp_path)
    assert (code, "is revoked" in said) == (1, True)
    assert _say(capsys, *_issue(made, tmp_path, name="lost"))[1] == "changed=1"
    assert (tmp_path / "key.pem").read_text() != key
    assert (tmp_path / "cert.pem").read_text() != old
    assert _openssl(*check, tmp_path / "cert.pem")[0] == 0
    assert "key_compromise" not in _say(capsys, "show", "--dir", made)[1]
    assert "revoked" in _say(capsys, "show", "--dir", made)[1]


def test_the_list_is_made_anew_before_it_ends_and_counts_up(tmp_path):
    authority, made = _at(tmp_path / "a", 0), tmp_path / "a"
    authority.ensure_root("root")
    authority.refresh_list(365)
    assert not authority.refresh_list(365)
    number = _number(authority)
    assert not _at(made, 200).refresh_list(365)
    assert _at(made, 300).refresh_list(365)
    assert _number(authority) > number


def _number(authority):
    return reading.number(authority.store.revocation_list())


def test_what_a_host_was_given_since_is_not_taken_away(tmp_path):
    """nova-cert renewed certificate and list on the host; the deployer's next run finds older ones."""
    authority, place, host = _at(tmp_path / "a", 0), Place(tmp_path / "p"), Place(tmp_path / "h")
    authority.ensure_root("root")
    authority.refresh_list(365)
    hosts.issue(authority, make_wish("h"), place, hosts.Terms())
    host.put(place.held(), (place.folder / "ca.pem").read_text())
    shutil.copytree(tmp_path / "a", tmp_path / "nova-cert")
    (tmp_path / "nova-cert" / "crl.pem").unlink()
    later = _at(tmp_path / "nova-cert", 40)
    later.refresh_list(365)
    hosts.renew(later, host, hosts.Terms(), now=True)
    said = "".join((host.folder / name).read_text() for name in ("cert.pem", "crl.pem"))

    assert hosts.issue(authority, make_wish("h"), place, hosts.Terms(), said)
    for name in ("bundle.pem", "cert.pem", "key.pem", "crl.pem"):
        assert (place.folder / name).read_text() == (host.folder / name).read_text()
    assert not hosts.issue(authority, make_wish("h"), place, hosts.Terms(), said)
    serial = reading.serial(host.held().certificate)
    assert authority.find(serial=serial), "the deployer could not revoke it"
    authority.revoke(authority.find(serial=serial), "unspecified")
    assert hosts.issue(authority, make_wish("h"), place, hosts.Terms(), said)
    assert reading.serial(place.held().certificate) != serial


def test_what_a_host_says_counts_only_if_this_authority_signed_it(tmp_path):
    authority, foreign = _at(tmp_path / "a", 0), _at(tmp_path / "f", 40)
    place, host = Place(tmp_path / "p"), Place(tmp_path / "h")
    for one in (authority, foreign):
        one.ensure_root("root")
        one.refresh_list(365)
    hosts.issue(authority, make_wish("h"), place, hosts.Terms())
    hosts.issue(foreign, make_wish("h"), host, hosts.Terms())
    theirs = "".join((host.folder / name).read_text() for name in ("cert.pem", "crl.pem"))
    for said in (theirs, "", "no PEM", theirs.replace("M", "N")):
        assert not hosts.issue(authority, make_wish("h"), place, hosts.Terms(), said)


def test_a_foreign_certificate_is_replaced_and_not_renewed(made, tmp_path, capsys):
    other = _at(tmp_path / "foreign", 0)
    other.ensure_root("nova-appliance root")
    hosts.issue(other, make_wish("one"), Place(tmp_path / "h"), hosts.Terms())
    code, _out, said = _say(capsys, "renew", "--dir", made, "--out", tmp_path / "h")
    assert (code, "another authority" in said) == (1, True)
    assert _say(capsys, *_issue(made, tmp_path / "h"))[1] == "changed=1"
    assert _openssl("verify", "-CAfile", made / "root.pem", tmp_path / "h/cert.pem")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--name", "bad name"), "cannot be named"),
        (("--name", "a" * 65), "cannot be named"),
        (("--name", "a", "--address", "10.0.0.256"), "is no IP address"),
        (("--name", "a", "--dns", "a b"), "is no DNS name"),
        (("--name", "a", "--dns", "a." * 130), "is no DNS name"),
        (("--name", "a", "--use", "peer"), "is for server or client"),
        (("--name", "a", "--use", ""), "is for server or client"),
    ],
)
def test_a_wrong_wish_is_refused_and_leaves_nothing(made, tmp_path, capsys, words, sentence):
    code, _out, said = _say(capsys, "issue", "--dir", made, *words, "--out", tmp_path / "out")
    assert (code, sentence in said) == (1, True), said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("issue", "--name", "a", "--out", "out"),
        ("renew", "--out", "out"),
        ("revoke", "--name", "a"),
        ("revoke", "--serial", "1F"),
        ("revoke",),
        ("crl",),
    ],
)
def test_without_a_root_one_sentence_says_so(tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    code, out, said = _say(capsys, words[0], "--dir", tmp_path / "none", *words[1:])
    assert (code, out) == (1, "")
    assert said.endswith(".") or "--serial" in said
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "out").exists()


def test_a_lost_root_key_is_not_replaced_silently(tmp_path, capsys):
    _say(capsys, "root", "--dir", tmp_path / "a")
    (tmp_path / "a" / "root.key").unlink()
    code, _out, said = _say(capsys, "root", "--dir", tmp_path / "a")
    assert (code, "root.key is missing" in said) == (1, True)


def test_a_root_killed_after_its_key_goes_on_with_it(tmp_path):
    store = Folder(tmp_path / "a")
    with store.alone():
        key = store.new_root_key()
    Authority(store).ensure_root("root")
    assert store.root().key.private_numbers() == key.private_numbers()


def test_files_of_two_roots_are_refused(tmp_path, made, capsys):
    _say(capsys, "root", "--dir", tmp_path / "a")
    (tmp_path / "a" / "root.key").write_text((made / "root.key").read_text())
    with pytest.raises(errors.Invalid):
        Folder(tmp_path / "a").root()


def test_check_says_when_a_hosts_files_end(made, tmp_path, capsys):
    _say(capsys, "crl", "--dir", made)
    _say(capsys, *_issue(made, tmp_path / "good", name="good"))
    code, out, _ = _say(capsys, "check", "--out", tmp_path / "good")
    assert (code, out.count(" good "), "ends soon" in out) == (0, 3, False), out
    _say(capsys, *_issue(made, tmp_path / "short", "--days", "10", name="short"))
    code, out, _ = _say(capsys, "check", "--out", tmp_path / "good", "--out", tmp_path / "short")
    assert code == 1
    assert "ends soon" in out
    code, out, _ = _say(capsys, "check", "--out", tmp_path / "empty")
    assert (code, out.count("missing")) == (1, 3)


def test_check_says_that_a_list_has_ended(made, tmp_path, capsys):
    _say(capsys, *_issue(made, tmp_path, name="listed"))
    lasts = signing.life(clock.SYSTEM.now() - dt.timedelta(days=9), 1)
    ended = signing.revocation_list(Authority(Folder(made)).root(), (), 1, lasts)
    (tmp_path / "crl.pem").write_text(signing.to_pem(ended))
    code, out, _ = _say(capsys, "check", "--out", tmp_path)
    assert code == 1
    assert "ended" in out
    assert _say(capsys, "check")[0] == 1


def test_check_says_that_the_authority_is_in_its_last_year(made, tmp_path, capsys):
    last = tmp_path / "last"
    assert _say(capsys, "root", "--dir", last, "--days", "300")[0] == 0
    _say(capsys, *_issue(last, tmp_path / "out", name="late"))
    code, out, _ = _say(capsys, "check", "--out", tmp_path / "out")
    assert (code, out.count("ends soon")) == (1, 1), out


def test_who_was_stolen_is_revoked_with_what_has_ended_already(tmp_path, capsys):
    """Keys stay when certificates are renewed, so the old ones must go too."""
    folder, place = tmp_path / "a", Place(tmp_path / "out")
    long_ago = _at(folder, -120)
    long_ago.ensure_root("root")
    hosts.issue(long_ago, make_wish("thief"), place, hosts.Terms())
    old = place.held().certificate.serial_number
    hosts.renew(Authority(Folder(folder)), place, hosts.Terms())
    both = {old, place.held().certificate.serial_number}
    assert len(both) == 2
    assert _say(capsys, "revoke", "--dir", folder, "--name", "thief")[1] == "changed=1"
    assert both == {entry.serial_number for entry in Folder(folder).revocation_list()}
    assert _say(capsys, "revoke", "--dir", folder, "--name", "thief")[1] == "changed=0"


def test_who_parts_is_revoked_with_what_nova_cert_gave_it_since(tmp_path, capsys, monkeypatch):
    folder, place, host = tmp_path / "a", Place(tmp_path / "out"), Place(tmp_path / "host")
    authority = _at(folder, -40)
    authority.ensure_root("root")
    hosts.issue(authority, make_wish("gone"), place, hosts.Terms())
    hosts.issue(authority, make_wish("other"), Place(tmp_path / "other"), hosts.Terms())
    host.put(place.held(), signing.to_pem(authority.root().certificate))
    shutil.copytree(folder, tmp_path / "nova-cert")
    hosts.renew(_at(tmp_path / "nova-cert", 0), host, hosts.Terms(), now=True)

    def revoke(name, *pems):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(pems)))
        return _say(capsys, "revoke", "--dir", folder, "--name", name, "--on-host")

    theirs = (tmp_path / "other" / "cert.pem").read_text()
    mine = (host.folder / "cert.pem").read_text()
    code, _out, said = revoke("never-seen", theirs)
    assert (code, said) == (1, "There is no certificate never-seen.")
    assert revoke("gone", mine)[:2] == (0, "changed=1")
    assert revoke("gone", mine)[:2] == (0, "changed=0")
    assert revoke("gone")[:2] == (0, "changed=0")
    ended = {place.held().certificate.serial_number, host.held().certificate.serial_number}
    listed = {entry.serial_number for entry in Folder(folder).revocation_list()}
    assert (len(ended), listed) == (2, ended)
