# SPDX-License-Identifier: Apache-2.0
"""An authority in a folder of the deployer, before any daemon or database is there.

`root.pem root.key crl.pem issued/SERIAL.pem revoked/SERIAL.json`: every fact is one file that is
written once, so that nothing is half there.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_appliance.cert import files, keys, reading, signing
from nova_appliance.cert.signing import Identity
from nova_appliance.common import errors
from nova_appliance.domain.certificate import Given


class Revoked(msgspec.Struct, frozen=True):
    """When and why a certificate stopped to count; naive UTC."""

    at: dt.datetime
    reason: str


@dataclasses.dataclass(frozen=True)
class Folder:
    """The store of an offline authority; see cert/authority.py for what it is asked."""

    path: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One writer at a time."""
        with files.alone(self.path):
            yield

    def root(self) -> Identity | None:
        """The root; None before the first. Raises Invalid when its files do not fit each other."""
        certificate = files.read(self.path / "root.pem")
        key = files.read(self.path / "root.key")
        if certificate is None or key is None:
            return None
        found = Identity(reading.parse(certificate), keys.from_pem(key))
        if reading.public_key(found.certificate) != found.key.public_key():
            raise errors.Invalid(f"{self.path}: root.pem and root.key do not belong together.")
        return found

    def new_root_key(self) -> rsa.RSAPrivateKey:
        """The key for a first root: kept before its certificate is, so a second run finds it.

        Raises Invalid when a certificate is there whose key is lost.
        """
        if files.read(self.path / "root.pem") is not None:
            raise errors.Invalid(f"{self.path}: root.key is missing; put it back.")
        if (there := files.read(self.path / "root.key")) is not None:
            return keys.from_pem(there)
        key = keys.new(keys.AUTHORITY_BITS)
        files.put(self.path / "root.key", keys.to_pem(key), files.PRIVATE)
        return key

    def keep_root(self, identity: Identity) -> None:
        """Put a new or renewed root in place."""
        self.keep(reading.describe(identity.certificate, "root"))
        files.put(self.path / "root.pem", signing.to_pem(identity.certificate), files.OPEN)

    def keep(self, given: Given) -> None:
        """Remember a certificate."""
        folder = self.path / "issued"
        folder.mkdir(mode=0o755, exist_ok=True)
        files.put(folder / f"{given.serial}.pem", given.pem, files.OPEN)

    def all_(self) -> tuple[Given, ...]:
        """Every certificate that was signed, the oldest first."""
        found = (self._given(path) for path in (self.path / "issued").glob("*.pem"))
        return tuple(sorted(found, key=lambda given: (given.not_before, given.serial)))

    def revoked(self) -> tuple[Given, ...]:
        """What counts no more."""
        return tuple(given for given in self.all_() if given.revoked_at is not None)

    def revoke(self, serial: str, at: dt.datetime, reason: str) -> bool:
        """Note that one counts no more; False when that was known."""
        folder = self.path / "revoked"
        folder.mkdir(mode=0o755, exist_ok=True)
        path = folder / f"{serial}.json"
        if path.exists():
            return False
        return files.put(path, msgspec.json.encode(Revoked(at, reason)).decode(), files.OPEN)

    def is_revoked(self, serial: str) -> bool:
        """Whether one counts no more."""
        return (self.path / "revoked" / f"{serial}.json").exists()

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """The list that was made last."""
        text = files.read(self.path / "crl.pem")
        return x509.load_pem_x509_crl(text.encode()) if text else None

    def keep_revocation_list(self, made: x509.CertificateRevocationList) -> None:
        """Put a new list in place."""
        files.put(self.path / "crl.pem", signing.to_pem(made), files.OPEN)

    def _given(self, path: Path) -> Given:
        certificate = reading.parse(path.read_text())
        kind = "root" if certificate.issuer == certificate.subject else "host"
        given = reading.describe(certificate, kind)
        noted = files.read(self.path / "revoked" / f"{given.serial}.json")
        if noted is None:
            return given
        revoked = msgspec.json.decode(noted, type=Revoked)
        return msgspec.structs.replace(given, revoked_at=revoked.at, reason=revoked.reason)
