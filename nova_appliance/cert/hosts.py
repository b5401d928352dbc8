# SPDX-License-Identifier: Apache-2.0
"""Gives places their certificates: makes what is missing, renews what ends, replaces the revoked."""

from __future__ import annotations

import dataclasses
import datetime as dt

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


def issue(authority: Authority, wish: Wish, place: Place, terms: Terms) -> bool:
    """Have a certificate that says `wish`; whether anything at the place changed."""
    held = place.held()
    good = held and authority.still_good(held.certificate, terms.before)
    if held is None or not good or reading.wish(held.certificate) != wish:
        key = _kept_key(authority, held) or keys.new()
        held = Identity(authority.issue(wish, key.public_key(), terms.days), key)
    return _settle(authority, held, place)


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


def _settle(authority: Authority, held: Identity, place: Place) -> bool:
    changed = place.put(held, signing.to_pem(authority.root().certificate))
    listed = authority.store.revocation_list()
    return (listed is not None and place.put_list(signing.to_pem(listed))) or changed


def _kept_key(authority: Authority, held: Identity | None) -> rsa.RSAPrivateKey | None:
    """The key stays while its certificate counts: no daemon ever sees halves of two pairs."""
    return held.key if held and authority.is_ours(held.certificate) else None
