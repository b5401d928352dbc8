# SPDX-License-Identifier: Apache-2.0
"""nova-manage cert: the authority in a folder, for the deployer before any daemon runs."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path

from nova_appliance.cert import ends, hosts
from nova_appliance.cert.authority import ROOT_DAYS, Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.place import Place
from nova_appliance.cmd import certificates
from nova_appliance.cmd.manage_command import Findings, OfflineCommand, Outcome
from nova_appliance.common import clock, errors
from nova_appliance.conf import load
from nova_appliance.domain.certificate import REASONS, Given, make_wish, state


def root(given: argparse.Namespace) -> Outcome:
    """The root and an empty revocation list."""
    authority = _authority(given)
    changed = authority.ensure_root(given.name, given.days)
    return authority.refresh_list(hosts.LIST_DAYS) or changed


def issue(given: argparse.Namespace) -> Outcome:
    """A host's certificate, its key, the root and a bundle in --out."""
    uses = tuple(given.use.split(","))
    wish = make_wish(given.name, tuple(given.address), tuple(given.dns), uses)
    on_host = sys.stdin.read() if given.on_host else ""
    return hosts.issue(_authority(given), wish, Place(Path(given.out)), _terms(given), on_host)


def renew(given: argparse.Namespace) -> Outcome:
    """A new certificate with the old words and key, when the old one ends soon."""
    place = Place(Path(given.out))
    return hosts.renew(_authority(given), place, _terms(given), now=given.force)


def revoke(given: argparse.Namespace) -> Outcome:
    """End certificates before their time, and write the revocation list."""
    if bool(given.name) == bool(given.serial):
        raise errors.Invalid("Say which certificate: --name or --serial.")
    authority = _authority(given)
    if given.on_host:
        hosts.learn(authority, given.name or "", sys.stdin.read())
    found = authority.find(name=given.name, serial=given.serial)
    changed = authority.revoke(found, given.reason)
    return authority.refresh_list(hosts.LIST_DAYS) or changed


def crl(given: argparse.Namespace) -> Outcome:
    """The revocation list, in DIR/crl.pem."""
    return _authority(given).refresh_list(given.days)


def show(given: argparse.Namespace) -> Outcome:
    """Every certificate with its end and state."""
    return rows(_authority(given).store.all_(), clock.SYSTEM.now())


def tend(given: argparse.Namespace) -> Outcome:
    """Ask nova-cert for the next certificates of [certificates] folders that end soon."""
    keeper = certificates.keeper(load.load(files=given.config_file))
    if keeper is None:
        raise errors.Invalid("nova.conf has no [certificates] folders.")
    return keeper.look() > 0


def check(given: argparse.Namespace) -> Outcome:
    """When the certificates and lists of [certificates] folders end; sound when all last."""
    folders = given.out or load.load(files=given.config_file).certificates.folders
    if not folders:
        raise errors.Invalid("Say --out, or name [certificates] folders in nova.conf.")
    now = clock.SYSTEM.now()
    found = [end for folder in folders for end in ends.of(Place(Path(folder)), now)]
    table: list[dict[str, object]] = [
        {
            "folder": end.folder,
            "what": end.what,
            "ends": end.at.isoformat(" ", "seconds") if end.at else "",
            "state": end.state,
        }
        for end in found
    ]
    return Findings(table, all(end.state == "good" for end in found))


def rows(found: Iterable[Given], now: dt.datetime) -> list[dict[str, object]]:
    """Certificates as a table shows them."""
    return [
        {
            "serial": one.serial,
            "kind": one.kind,
            "name": one.name,
            "ends": one.not_after.isoformat(" ", "seconds"),
            "days left": max(0, (one.not_after - now).days),
            "state": state(one, now),
        }
        for one in found
    ]


def _authority(given: argparse.Namespace) -> Authority:
    return Authority(Folder(Path(given.dir)))


def _terms(given: argparse.Namespace) -> hosts.Terms:
    return hosts.Terms(given.days, dt.timedelta(days=given.before))


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 36500:
        raise argparse.ArgumentTypeError("between 0 and 36500 days")
    return days


_DIR = {"--dir": {"required": True, "metavar": "DIR", "help": "the authority's folder"}}
_OUT = {"--out": {"required": True, "metavar": "DIR", "help": "the host's folder"}}
_TERMS = {
    "--days": {"type": _days, "default": hosts.DAYS, "help": "how long it lasts"},
    "--before": {
        "type": _days,
        "default": hosts.BEFORE.days,
        "help": "renew when it ends within so many days, or within its last third",
    },
}
COMMANDS = (
    OfflineCommand(
        "cert",
        "root",
        "have a root certificate; renew it in its last year",
        root,
        {
            **_DIR,
            "--name": {"default": "nova-appliance root", "help": "its common name"},
            "--days": {"type": _days, "default": ROOT_DAYS, "help": "how long it lasts"},
        },
    ),
    OfflineCommand(
        "cert",
        "issue",
        "have a host's certificate in a folder",
        issue,
        {
            **_DIR,
            "--name": {"required": True, "metavar": "HOST", "help": "its common name"},
            "--address": {"action": "append", "default": [], "metavar": "IP", "help": "repeatable"},
            "--dns": {"action": "append", "default": [], "metavar": "NAME", "help": "repeatable"},
            "--use": {"default": "server,client", "help": "server, client or both"},
            **_OUT,
            **_TERMS,
            "--on-host": {
                "action": "store_true",
                "help": "read what the host has now (PEM) from standard input, and keep it if it is later",
            },
        },
    ),
    OfflineCommand(
        "cert",
        "renew",
        "renew the certificate in a folder before it ends",
        renew,
        {**_DIR, **_OUT, **_TERMS, "--force": {"action": "store_true", "help": "even if it lasts"}},
    ),
    OfflineCommand(
        "cert",
        "revoke",
        "end certificates before their time",
        revoke,
        {
            **_DIR,
            "--name": {"metavar": "HOST", "help": "all of that name"},
            "--serial": {"metavar": "HEX", "help": "this one"},
            "--reason": {"choices": REASONS, "default": REASONS[0], "help": "why"},
            "--on-host": {
                "action": "store_true",
                "help": "read what the host has now (PEM) from standard input: nova-cert may have given it since",
            },
        },
    ),
    OfflineCommand(
        "cert",
        "crl",
        "write the revocation list when it must be",
        crl,
        {
            **_DIR,
            "--days": {"type": _days, "default": hosts.LIST_DAYS, "help": "how long it counts"},
        },
    ),
    OfflineCommand("cert", "tend", "renew this host's certificates by nova-cert", tend),
    OfflineCommand(
        "cert",
        "check",
        "say when the certificates and revocation lists of this host end",
        check,
        {
            "--out": {
                "action": "append",
                "metavar": "DIR",
                "help": "a host's folder, repeatable; without it those of [certificates] folders",
            }
        },
    ),
    OfflineCommand("cert", "show", "show the certificates and their ends", show, _DIR),
)
