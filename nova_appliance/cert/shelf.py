# SPDX-License-Identifier: Apache-2.0
"""An authority in the database: the root or one project's. Several nova-certs may work on it.

No lock is needed: what is there first counts, and everything else may be done twice.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_appliance.cert import keys, reading, signing
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.signing import Identity
from nova_appliance.common import clock
from nova_appliance.db import certificates
from nova_appliance.db.certificates import AuthorityRow
from nova_appliance.db.engines import Database
from nova_appliance.domain.certificate import Given

ROOT = ""


@dataclasses.dataclass(frozen=True)
class Shelf:
    """A store; see cert/authority.py. `project_id` is empty for the root."""

    database: Database
    seal: Seal
    project_id: str = ROOT
    clock: clock.Clock = clock.SYSTEM

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing to wait for."""
        yield

    def root(self) -> Identity | None:
        """The authority; None before there is one. Raises Invalid when no secret opens its key."""
        row = self._row()
        if row is None:
            return None
        key = keys.from_pem(self.seal.open_(row.sealed_key))
        return Identity(reading.parse(row.certificate), key)

    def new_root_key(self) -> rsa.RSAPrivateKey:
        """A fresh key."""
        return keys.new(keys.AUTHORITY_BITS)

    def keep_root(self, identity: Identity) -> None:
        """Store a first authority, or the renewed certificate of the one that is there."""
        kind = "project" if self.project_id else "root"
        certificate, now = signing.to_pem(identity.certificate), self.clock.now()
        row = AuthorityRow(
            project_id=self.project_id,
            certificate=certificate,
            sealed_key=self.seal.close(keys.to_pem(identity.key)),
        )
        there = self.root()
        if there is None:
            if not self.database.transact(lambda c: certificates.add_authority(c, row, now)):
                return  # another was faster
        elif there.key.public_key() != identity.key.public_key():
            return
        else:
            self._change(certificate=certificate)
        self.keep(reading.describe(identity.certificate, kind))

    def keep(self, given: Given) -> None:
        """Remember a certificate."""
        self.database.transact(lambda conn: certificates.add(conn, given))

    def all_(self) -> tuple[Given, ...]:
        """Every certificate, the oldest first."""
        with self.database.read() as conn:
            return certificates.list_(conn)

    def revoked(self) -> tuple[Given, ...]:
        """What counts no more of that which this authority signs."""
        with self.database.read() as conn:
            if self.project_id:
                return certificates.revoked(conn, "user", self.project_id)
            return certificates.revoked(conn, "host", None)

    def revoke(self, serial: str, at: dt.datetime, reason: str) -> bool:
        """Note that one counts no more; False when that was known."""
        return self.database.transact(lambda c: certificates.revoke(c, serial, at, reason))

    def is_revoked(self, serial: str) -> bool:
        """Whether one counts no more."""
        with self.database.read() as conn:
            return certificates.is_revoked(conn, serial)

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """The list that was made last."""
        row = self._row()
        if row is None or row.revocation_list is None:
            return None
        return x509.load_pem_x509_crl(row.revocation_list.encode())

    def keep_revocation_list(self, made: x509.CertificateRevocationList) -> None:
        """Put a new list in place."""
        self._change(revocation_list=signing.to_pem(made))

    def _row(self) -> AuthorityRow | None:
        with self.database.read() as conn:
            return certificates.authority(conn, self.project_id)

    def _change(self, **fields: str) -> None:
        now = self.clock.now()
        self.database.transact(
            lambda conn: certificates.change_authority(conn, self.project_id, now, **fields)
        )
