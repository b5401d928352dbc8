# SPDX-License-Identifier: Apache-2.0
"""Gives places their certificates: makes what is missing, renews what ends, replaces the revoked."""

from __future__ import annotations

import dataclasses
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_appliance.cert import keys, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.place import Place
from nova_appliance.cert.signing import Identity
from nova_appliance.common import errors
from nova_appliance.domain.certificate import Wish

DAYS = 90
LIST_DAYS = 365
BEFORE = dt.timedelta(days=30)


@dataclasses.dataclass(frozen=True)
class Terms:
    """How long certificates last, and when they are renewed."""

    days: float = DAYS
    before: dt.timedelta = BEFORE


def issue(authority: Authority, wish: Wish, place: Place, terms: Terms, on_host: str = "") -> bool:
    """Have a certificate that says `wish`; whether anything at the place changed.

    `on_host` are the PEMs that the host has now: what nova-cert gave it since is not taken away.
    """
    held = _later(authority, place.held(), on_host)
    good = held and authority.still_good(held.certificate, terms.before)
    if held is None or not good or reading.wish(held.certificate) != wish:
        key = _kept_key(authority, held) or keys.new()
        held = Identity(authority.issue(wish, key.public_key(), terms.days), key)
    return _settle(authority, held, place, on_host)


def renew(authority: Authority, place: Place, terms: Terms, *, now: bool = False) -> bool:
    """Give a place a new certificate of the same words and key when the old one ends soon.

    Raises NotFound when nothing is there, Conflict when what is there is revoked or foreign.
    """
    held = place.held()
    if held is None:
        raise errors.NotFound(f"There is no certificate in {place.folder}.")
    if not authority.is_ours(held.certificate):
        raise errors.Conflict(
            f"The certificate in {place.folder} is revoked or another authority's: issue a new one."
        )
    if now or not authority.still_good(held.certificate, terms.before):
        wish = reading.wish(held.certificate)
        held = Identity(authority.issue(wish, held.key.public_key(), terms.days), held.key)
    return _settle(authority, held, place)


def learn(authority: Authority, name: str, on_host: str) -> None:
    """Remember the certificate that a host of this name has now, if this authority gave it."""
    try:
        seen = reading.parse(on_host)
    except errors.Invalid:
        return
    if reading.name(seen) == name and authority.is_ours(seen):
        authority.store.keep(reading.describe(seen))


def _settle(authority: Authority, held: Identity, place: Place, on_host: str = "") -> bool:
    changed = place.put(held, signing.to_pem(authority.root().certificate))
    listed = _latest_list(authority, on_host)
    return (listed is not None and place.put_list(signing.to_pem(listed))) or changed


def _later(authority: Authority, held: Identity | None, on_host: str) -> Identity | None:
    """The host's own certificate when this authority gave it later, for the same key."""
    try:
        seen = reading.parse(on_host)
    except errors.Invalid:
        return held
    if (
        held is None
        or reading.public_key(seen) != held.key.public_key()
        or seen.not_valid_before_utc <= held.certificate.not_valid_before_utc
        or not authority.is_ours(seen)
    ):
        return held
    authority.store.keep(reading.describe(seen))
    return Identity(seen, held.key)


def _latest_list(authority: Authority, on_host: str) -> x509.CertificateRevocationList | None:
    made = authority.store.revocation_list()
    try:
        seen = reading.parse_list(on_host)
    except errors.Invalid:
        return made
    ours = reading.is_list_of(seen, authority.root().certificate)
    return seen if ours and reading.number(seen) > reading.number(made) else made


def _kept_key(authority: Authority, held: Identity | None) -> rsa.RSAPrivateKey | None:
    """The key stays while its certificate counts: no daemon ever sees halves of two pairs."""
    return held.key if held and authority.is_ours(held.certificate) else None
