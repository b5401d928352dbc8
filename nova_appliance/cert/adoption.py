# SPDX-License-Identifier: Apache-2.0
"""Hands the authority in a deployer's folder on to nova-cert's database; may run again and again."""

from __future__ import annotations

from cryptography import x509

from nova_appliance.cert import reading
from nova_appliance.cert.authority import Authority, Store
from nova_appliance.cert.shelf import Shelf
from nova_appliance.common import errors
from nova_appliance.domain.certificate import Given

FOREIGN = (
    "The database holds another authority's root: hosts would trust one of the two only. "
    "Adopt the folder before nova-cert starts for the first time."
)


def adopt(folder: Store, shelf: Shelf) -> bool:
    """Copy root, certificates, revocations and a later list of them; whether anything was new.

    Raises NotFound when the folder has no root, Conflict when the database has another one.
    """
    root = Authority(folder).root()
    there = shelf.root()
    if there is not None and there.key.public_key() != root.key.public_key():
        raise errors.Conflict(FOREIGN)
    changed = there is None or _is_newer(root.certificate, there.certificate)
    if changed:
        shelf.keep_root(root)
    known = {given.serial: given for given in shelf.all_()}
    for given in folder.all_():
        if given.serial not in known:
            shelf.keep(given)
            changed = True
        elif given.revoked_at and shelf.revoke(
            given.serial, given.revoked_at, given.reason or "unspecified"
        ):
            changed = True
    changed = _end_with_their_keys(shelf) or changed
    return _adopt_list(folder, shelf) or changed


def _end_with_their_keys(shelf: Shelf) -> bool:
    """Renewals that the folder never saw have the key of what it revoked: they go too."""
    found = [(given, _key(given)) for given in shelf.all_() if given.kind == "host"]
    ended = {key: given for given, key in found if given.revoked_at}
    changed = False
    for given, key in found:
        why = ended.get(key)
        if given.revoked_at is None and why is not None and why.revoked_at is not None:
            reason = why.reason or "unspecified"
            changed = shelf.revoke(given.serial, why.revoked_at, reason) or changed
    return changed


def _key(given: Given) -> int:
    return reading.public_key(reading.parse(given.pem)).public_numbers().n


def _adopt_list(folder: Store, shelf: Shelf) -> bool:
    """What hosts were given by the folder is not older than what nova-cert gives them."""
    made = folder.revocation_list()
    if made is None or reading.number(made) <= reading.number(shelf.revocation_list()):
        return False
    shelf.keep_revocation_list(made)
    return True


def _is_newer(one: x509.Certificate, other: x509.Certificate) -> bool:
    return one.not_valid_after_utc > other.not_valid_after_utc
