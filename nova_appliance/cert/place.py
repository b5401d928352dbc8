# SPDX-License-Identifier: Apache-2.0
"""Where one host keeps its certificate: `ca.pem`, `cert.pem`, `key.pem`, and `bundle.pem` of both.

The bundle is written first and counts: whoever dies in between leaves files that the next run mends.
Links give them the names that QEMU looks for, so that the folder can be its `x509_cert_dir`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from nova_appliance.cert import files, keys, reading
from nova_appliance.cert.signing import Identity, to_pem
from nova_appliance.common import errors

QEMU_NAMES = {
    "ca-cert.pem": "ca.pem",
    "ca-crl.pem": "crl.pem",
    "server-cert.pem": "cert.pem",
    "server-key.pem": "key.pem",
    "client-cert.pem": "cert.pem",
    "client-key.pem": "key.pem",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder on a host."""

    folder: Path

    def held(self) -> Identity | None:
        """The certificate and its key; None when nothing usable is there."""
        text = files.read(self.folder / "bundle.pem")
        try:
            identity = Identity(reading.parse(text or ""), keys.from_pem(_key_part(text or "")))
            matching = reading.public_key(identity.certificate) == identity.key.public_key()
        except errors.Invalid:
            return None
        return identity if matching else None

    def put(self, identity: Identity, authority: str) -> bool:
        """Make all files say this; whether any had to change."""
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        certificate, key = to_pem(identity.certificate), keys.to_pem(identity.key)
        wanted = (
            ("bundle.pem", certificate + key, files.PRIVATE),
            ("key.pem", key, files.PRIVATE),
            ("cert.pem", certificate, files.OPEN),
            ("ca.pem", authority, files.OPEN),
        )
        changed = [files.put(self.folder / name, text, mode) for name, text, mode in wanted]
        changed += [files.link(self.folder / name, there) for name, there in QEMU_NAMES.items()]
        return any(changed)

    def put_list(self, revocation_list: str) -> bool:
        """Keep the authority's revocation list beside them; whether it had to change."""
        return files.put(self.folder / "crl.pem", revocation_list, files.OPEN)


def _key_part(text: str) -> str:
    start = text.find("-----BEGIN PRIVATE KEY-----")
    return text[start:] if start >= 0 else ""
