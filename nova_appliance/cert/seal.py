# SPDX-License-Identifier: Apache-2.0
"""Encrypts private keys for the database, by the texts of [certificates] secrets."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nova_appliance.common import errors

SHORTEST = 32
_PURPOSE = b"nova-cert private keys"


class Seal:
    """The first secret closes, all open: put a new one in front, and leave the old one behind it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Raises Invalid when there is no secret, or one that is too short."""
        if not secrets:
            raise errors.Invalid("nova.conf has no [certificates] secrets: private keys need one.")
        if any(len(secret) < SHORTEST for secret in secrets):
            raise errors.Invalid(
                f"Each of [certificates] secrets needs {SHORTEST} letters or more."
            )
        self._fernet = MultiFernet([Fernet(_key(secret)) for secret in secrets])

    def close(self, text: str) -> str:
        """Encrypt."""
        return self._fernet.encrypt(text.encode()).decode()

    def open_(self, sealed: str) -> str:
        """Decrypt. Raises Invalid when none of the secrets fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise errors.Invalid("No text of [certificates] secrets opens this key.") from error


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(derived.derive(secret.encode()))
