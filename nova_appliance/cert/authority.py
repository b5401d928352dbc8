# SPDX-License-Identifier: Apache-2.0
"""What an authority does for hosts: root, certificates, renewal, revocation and its list.

The same over both stores: a folder of the deployer (folder.py) and the database (shelf.py).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_appliance.cert import reading, signing
from nova_appliance.cert.signing import Identity
from nova_appliance.common import clock, errors
from nova_appliance.domain.certificate import Given, Wish, needs_renewal

ROOT_DAYS = 3650
ROOT_BEFORE = dt.timedelta(days=365)


Sign = Callable[[rsa.RSAPrivateKey, Identity | None], x509.Certificate]
"""Signs an authority's certificate, given its key and what was there before."""


class Store(Protocol):
    """Where an authority keeps what it knows; `alone` keeps other writers out."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold the store's lock."""

    def root(self) -> Identity | None:
        """The root certificate and its key."""

    def new_root_key(self) -> rsa.RSAPrivateKey:
        """A key for the first root."""

    def keep_root(self, identity: Identity) -> None:
        """Store a new or renewed root."""

    def keep(self, given: Given) -> None:
        """Store a certificate."""

    def all_(self) -> Iterable[Given]:
        """All certificates below the root, and the roots."""

    def revoked(self) -> Iterable[Given]:
        """The certificates that this authority signed and that count no more."""

    def revoke(self, serial: str, at: dt.datetime, reason: str) -> bool:
        """Note a revocation."""

    def is_revoked(self, serial: str) -> bool:
        """Whether one counts no more."""

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """The root's last list."""

    def keep_revocation_list(self, made: x509.CertificateRevocationList) -> None:
        """Store the root's new list."""


@dataclasses.dataclass(frozen=True)
class Authority:
    """One root and what it signed."""

    store: Store
    clock: clock.Clock = clock.SYSTEM

    def ensure_root(self, name: str, days: float = ROOT_DAYS) -> bool:
        """Have a root; one that ends within a year is renewed with its key. Whether it changed."""

        def sign(key: rsa.RSAPrivateKey, there: Identity | None) -> x509.Certificate:
            called = reading.name(there.certificate) if there else name
            return signing.root(key, called, signing.life(self.clock.now(), days))

        return self._ensure(sign)

    def ensure_below(self, root: Identity, project_id: str, days: float = ROOT_DAYS) -> bool:
        """Have a project's authority below the root, renewed likewise. Whether it changed."""

        def sign(key: rsa.RSAPrivateKey, _there: Identity | None) -> x509.Certificate:
            lasts = signing.life(self.clock.now(), days)
            return signing.project(root, key.public_key(), project_id, lasts)

        return self._ensure(sign)

    def root(self) -> Identity:
        """The root. Raises NotFound before there is one."""
        if found := self.store.root():
            return found
        raise errors.NotFound(
            "There is no root certificate yet: make it by `nova-manage cert root`."
        )

    def issue(self, wish: Wish, public: rsa.RSAPublicKey, days: float) -> x509.Certificate:
        """Sign a host's certificate and remember it."""
        lasts = signing.life(self.clock.now(), days)
        certificate = signing.host(self.root(), public, wish, lasts)
        self.store.keep(reading.describe(certificate))
        return certificate

    def still_good(self, certificate: x509.Certificate, before: dt.timedelta) -> bool:
        """Whether it is this authority's, not revoked, and does not end soon."""
        return self.is_ours(certificate) and not self._is_due(reading.describe(certificate), before)

    def is_ours(self, certificate: x509.Certificate) -> bool:
        """Whether this root signed it and has not revoked it."""
        revoked = self.store.is_revoked(reading.serial(certificate))
        return not revoked and reading.is_signed_by(certificate, self.root())

    def find(self, *, name: str | None = None, serial: str | None = None) -> tuple[Given, ...]:
        """Certificates by name or serial, ended or not. Raises NotFound."""
        number = (serial or "").replace(":", "").upper().zfill(40)
        found = tuple(
            given
            for given in self.store.all_()
            if given.kind != "root" and (given.name == name if name else given.serial == number)
        )
        if not found:
            raise errors.NotFound(f"There is no certificate {name or serial}.")
        return found

    def revoke(self, given: Iterable[Given], reason: str) -> bool:
        """Make certificates count no more; whether any did until now."""
        with self.store.alone():
            now = self.clock.now()
            return sum(self.store.revoke(one.serial, now, reason) for one in given) > 0

    def refresh_list(self, days: float) -> bool:
        """Make a new revocation list when something was revoked, or the old one is two thirds gone."""
        root = self.root()
        with self.store.alone():
            now = self.clock.now()
            revoked = [given for given in self.store.revoked() if _is_listed(given, now)]
            last = self.store.revocation_list()
            if last is not None and _is_current(last, root, revoked, now):
                return False
            # By the clock, so that of two lists the later is known also when two stores made them.
            number = max(reading.number(last) + 1, int(now.replace(tzinfo=dt.UTC).timestamp()))
            lasts = signing.life(now, days)
            self.store.keep_revocation_list(signing.revocation_list(root, revoked, number, lasts))
            return True

    def _ensure(self, sign: Sign) -> bool:
        with self.store.alone():
            there = self.store.root()
            if there and not self._is_due(reading.describe(there.certificate), ROOT_BEFORE):
                return False
            key = there.key if there else self.store.new_root_key()
            self.store.keep_root(Identity(sign(key, there), key))
            return True

    def _is_due(self, given: Given, before: dt.timedelta) -> bool:
        return needs_renewal(given, self.clock.now(), before)


def _is_listed(given: Given, now: dt.datetime) -> bool:
    """Hosts' for ever: proxies go by the list, not by the end, where a guest outlives a certificate."""
    return given.kind == "host" or given.not_after > now


def _is_current(
    last: x509.CertificateRevocationList, root: Identity, revoked: list[Given], now: dt.datetime
) -> bool:
    listed = {f"{entry.serial_number:040X}" for entry in last}
    begins = last.last_update_utc.replace(tzinfo=None)
    ends = begins if last.next_update_utc is None else last.next_update_utc.replace(tzinfo=None)
    return (
        reading.is_list_of(last, root.certificate)
        and listed == {given.serial for given in revoked}
        and ends - now > (ends - begins) / 3
    )
