# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of key pairs: fingerprints as Nova writes them, and new ones."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nova_appliance.common import clock, errors

BITS = 2048
CERTIFICATE_DAYS = 3650
COMMENT = "Generated-by-Nova"
LONGEST_COMMON_NAME = 64
_PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A new key pair; the private half is kept by nobody but who asked for it."""

    private_key: str
    public_key: str


def fingerprint(kind: str, public_key: str) -> str:
    """Hexadecimal pairs: MD5 of an ssh key, SHA-1 of an x509 certificate. Raises Invalid."""
    return _of_certificate(public_key) if kind == "x509" else _of_ssh_key(public_key)


def make(kind: str, user_id: str) -> Made:
    """A new RSA key (PEM), or a certificate for WinRM with its key (PKCS 12 in base64)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return _make_certificate(key, user_id) if kind == "x509" else _make_ssh_key(key)


def _of_ssh_key(public_key: str) -> str:
    try:
        serialization.load_ssh_public_key(public_key.strip().encode())
        data = base64.b64decode(public_key.split()[1])
    except (ValueError, IndexError, UnsupportedAlgorithm, binascii.Error) as error:
        raise errors.Invalid("Keypair data is invalid: failed to generate fingerprint") from error
    return _pairs(hashlib.md5(data, usedforsecurity=False).digest())


def _of_certificate(pem: str) -> str:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise errors.Invalid(
            f"Keypair data is invalid: failed to generate X509 fingerprint. Error message: {error}"
        ) from error
    return _pairs(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - a name, not a proof


def _pairs(digest: bytes) -> str:
    return digest.hex(":")


def _make_ssh_key(key: rsa.RSAPrivateKey) -> Made:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return Made(private_key=private.decode(), public_key=f"{public.decode()} {COMMENT}")


def _make_certificate(key: rsa.RSAPrivateKey, user_id: str) -> Made:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_id[:LONGEST_COMMON_NAME])])
    now = clock.SYSTEM.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_principal(user_id)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    bundle = pkcs12.serialize_key_and_certificates(
        None, key, certificate, None, serialization.NoEncryption()
    )
    return Made(
        private_key=base64.b64encode(bundle).decode(),
        public_key=certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


def _principal(user_id: str) -> x509.OtherName:
    """user@localhost as a Windows user principal name: a UTF8String in DER."""
    text = f"{user_id[:LONGEST_COMMON_NAME]}@localhost".encode()[:127]
    return x509.OtherName(_PRINCIPAL_NAME, bytes((_UTF8_STRING, len(text))) + text)
