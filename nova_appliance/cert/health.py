# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the cloud's certificates, as nova-cert's database knows them; for nova-manage doctor.

nova-cert and hosts see to all of it by themselves: what is found here was not seen to, for whatever reason.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator

from oslo_config import cfg

from nova_appliance.cert import ends, house, reading
from nova_appliance.cert.authority import ROOT_BEFORE
from nova_appliance.cert.projects import Projects
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.shelf import ROOT
from nova_appliance.common import clock, errors
from nova_appliance.db import certificates
from nova_appliance.db.certificates import AuthorityRow
from nova_appliance.db.engines import Database
from nova_appliance.domain.certificate import Given, needs_renewal

Mend = Callable[[], object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ailment:
    """Something that ends, or has; `mend` is None when only the host itself can help."""

    thing: str
    where: str
    why: str
    mend: Mend | None = None


def look(
    database: Database, options: cfg.ConfigOpts, clocks: clock.Clock = clock.SYSTEM
) -> Iterator[Ailment]:
    """All that is found; nothing where no nova-cert has begun. `options` are [certificates]."""
    now = clocks.now()
    with database.read() as conn:
        root, given = certificates.authority(conn, ROOT), certificates.list_(conn)
    if root is None:
        return
    keep_house = functools.partial(_keep_house, database, options, clocks)
    if needs_renewal(reading.describe(reading.parse(root.certificate), "root"), now, ROOT_BEFORE):
        yield _of_cloud(
            "root certificate", "It is in its last year, and is not renewed.", keep_house
        )
    if why := _list_ails(root, now):
        yield _of_cloud("revocation list", why, keep_house)
    yield from _hosts(given, now)


def _keep_house(database: Database, options: cfg.ConfigOpts, clocks: clock.Clock) -> None:
    """What nova-cert does from time to time. Raises Invalid without [certificates] secrets."""
    projects = Projects(database, Seal(options.secrets), clocks)
    house.ensure_root(projects, options)
    projects.root().refresh_list(options.crl_days)


def _of_cloud(thing: str, why: str, mend: Mend) -> Ailment:
    return Ailment(thing=thing, where="nova_api", why=f"{why} Does nova-cert run?", mend=mend)


def _list_ails(root: AuthorityRow, now: dt.datetime) -> str:
    """What is wrong with the root's list; empty when nothing is."""
    try:
        made = reading.parse_list(root.revocation_list or "")
    except errors.Invalid:
        return "There is none."
    if made.next_update_utc is None:
        return ""
    begins, until = (at.replace(tzinfo=None) for at in (made.last_update_utc, made.next_update_utc))
    if until <= now:
        return f"It has ended {until:%Y-%m-%d}."
    soon = until - now <= min(ends.SOON, (until - begins) / 3)
    return f"It ends {until:%Y-%m-%d}, and is not renewed." if soon else ""


def _hosts(given: Iterable[Given], now: dt.datetime) -> Iterator[Ailment]:
    """Hosts by their latest certificate; the revoked are expected to end."""
    latest: dict[str, Given] = {}
    for one in sorted(given, key=lambda each: each.not_after):
        if one.kind == "host":
            latest[one.name] = one
    for one in latest.values():
        if one.revoked_at is not None or not needs_renewal(one, now, ends.SOON):
            continue
        day = f"{one.not_after:%Y-%m-%d}"
        why = f"It ends {day}, and the host does not renew it: run certificates.yml."
        if one.not_after <= now:
            why = f"It has ended {day}: run certificates.yml, or revoke it if the host is gone."
        yield Ailment(thing=f"certificate of {one.name}", where=one.name, why=why)
