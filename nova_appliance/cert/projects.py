# SPDX-License-Identifier: Apache-2.0
"""Projects' authorities: certificates of users, and the keys of EC2's bundles.

A bundle's key is encrypted for the project's certificate or for the root's, whichever its maker had.
"""

from __future__ import annotations

import dataclasses
import logging
import re

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from nova_appliance.cert import keys, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.shelf import ROOT, Shelf
from nova_appliance.cert.signing import Identity
from nova_appliance.common import clock, errors
from nova_appliance.db import certificates
from nova_appliance.db.engines import Database
from nova_appliance.rpc.certificate_orders import IssuedForUser

LOG = logging.getLogger(__name__)
NOT_OURS = "This was not encrypted for the certificate of the project or of the cloud."
_LONGEST = 4096
_AES_KEY = re.compile(rb"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64}")
"""What a bundle encrypts: a key or start vector of AES, written in hexadecimal."""


@dataclasses.dataclass(frozen=True)
class Projects:
    """The root's shelf and one for each project."""

    database: Database
    seal: Seal
    clock: clock.Clock = clock.SYSTEM

    def root(self) -> Authority:
        """The root authority."""
        return Authority(Shelf(self.database, self.seal, ROOT, self.clock), self.clock)

    def authority(self, project_id: str) -> Authority:
        """A project's authority, made on first use and renewed before it ends. Raises Invalid without."""
        if not project_id:
            raise errors.Invalid("A certificate belongs to a project: ask with a token of one.")
        made = Authority(Shelf(self.database, self.seal, project_id, self.clock), self.clock)
        if made.ensure_below(self.root().root(), project_id):
            LOG.info("project %s: a new certificate of its authority", project_id)
        return made

    def issue(self, user_id: str, project_id: str, days: float) -> IssuedForUser:
        """A key and a certificate for a user; the key is told once and kept nowhere."""
        issuer, key = self.authority(project_id).root(), keys.new()
        lasts = signing.life(self.clock.now(), days)
        certificate = signing.user(issuer, key.public_key(), user_id, project_id, lasts)
        given = msgspec.structs.replace(
            reading.describe(certificate, "user"), user_id=user_id, project_id=project_id
        )
        self.database.transact(lambda conn: certificates.add(conn, given))
        LOG.info("project %s: certificate %s for user %s", project_id, given.serial, user_id)
        return IssuedForUser(
            private_key=keys.to_pem(key),
            certificate=given.pem + signing.to_pem(issuer.certificate),
        )

    def revoke(self, user_id: str | None, project_id: str | None) -> int:
        """End users' certificates, and bring the lists of their projects up to date; how many.

        Raises Invalid when neither is said.
        """
        if user_id is None and project_id is None:
            raise errors.Invalid("Say whose certificates are to end: a user's or a project's.")
        now = self.clock.now()
        with self.database.read() as conn:
            found = certificates.of_users(conn, now, user_id, project_id)
        return sum(
            self.database.transact(
                lambda conn, s=given.serial: certificates.revoke(  # type: ignore[misc]
                    conn, s, now, "cessation_of_operation"
                )
            )
            for given in found
        )

    def decrypt(self, project_id: str, text: str) -> str:
        """The key or start vector of a bundle, in hexadecimal. Raises Invalid."""
        try:
            encrypted = bytes.fromhex(text if len(text) <= _LONGEST else "no")
        except ValueError as error:
            raise errors.Invalid("What is to be decrypted is not hexadecimal.") from error
        for authority in self._authorities(project_id):
            if plain := _opened(authority.key, encrypted):
                return plain.decode().lower()
        raise errors.Invalid(NOT_OURS)

    def _authorities(self, project_id: str) -> list[Identity]:
        project = Shelf(self.database, self.seal, project_id, self.clock).root()
        return [found for found in (project, self.root().root()) if found]


def _opened(key: rsa.RSAPrivateKey, encrypted: bytes) -> bytes | None:
    """OpenSSL answers a wrong key by random bytes, so that nobody learns from errors: look at them."""
    try:
        plain = key.decrypt(encrypted, padding.PKCS1v15())
    except ValueError:
        return None
    return plain if _AES_KEY.fullmatch(plain) else None
