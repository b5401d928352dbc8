# SPDX-License-Identifier: Apache-2.0
"""Private keys: made, written and read. RSA, which every consumer and EC2's bundles understand."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_appliance.common import errors

AUTHORITY_BITS = 3072
BITS = 2048
_EXPONENT = 65537


def new(bits: int = BITS) -> rsa.RSAPrivateKey:
    """A fresh private key."""
    return rsa.generate_private_key(public_exponent=_EXPONENT, key_size=bits)


def to_pem(key: rsa.RSAPrivateKey) -> str:
    """PKCS#8, not encrypted: the caller keeps it in a private file or encrypts the text."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def from_pem(text: str) -> rsa.RSAPrivateKey:
    """The key in a PEM. Raises Invalid when it holds none of our kind."""
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise errors.Invalid("There is no private key in this PEM.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise errors.Invalid("The private key is not RSA.")
    return key
