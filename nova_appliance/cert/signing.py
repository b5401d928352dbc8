# SPDX-License-Identifier: Apache-2.0
"""X.509 as bytes: certificates by kind and revocation lists, signed by an issuer's key.

Pure: keeps nothing and reads no clock. Extensions follow RFC 5280; key usages are those that
GnuTLS (QEMU, libvirt) and OpenSSL (SPICE, RabbitMQ, MariaDB, HAProxy) ask for.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nova_appliance.domain.certificate import Given, Wish

ORGANIZATION = "nova-appliance"
SKEW = dt.timedelta(minutes=5)
"""Certificates begin this much earlier, for hosts whose clocks are behind."""
_EKU = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclasses.dataclass(frozen=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@dataclasses.dataclass(frozen=True)
class Life:
    """From when to when; naive UTC."""

    begins: dt.datetime
    ends: dt.datetime


def life(now: dt.datetime, days: float) -> Life:
    """From a little before now, for `days`."""
    return Life(now - SKEW, now + dt.timedelta(days=days))


def root(key: rsa.RSAPrivateKey, name: str, lasts: Life) -> x509.Certificate:
    """A self-signed certificate of an authority that may sign one level of others."""
    subject = _subject(name)
    builder = _begin(subject, subject, key.public_key(), lasts)
    builder = _as_authority(builder, levels=1)
    return builder.sign(key, hashes.SHA256())


def project(
    issuer: Identity, public: rsa.RSAPublicKey, project_id: str, lasts: Life
) -> x509.Certificate:
    """An authority of one project, below the root."""
    subject = _subject(f"Project {project_id}"[:64])
    builder = _begin(subject, issuer.certificate.subject, public, _within(lasts, issuer))
    builder = _as_authority(builder, levels=0)
    return builder.add_extension(_of(issuer), critical=False).sign(issuer.key, hashes.SHA256())


def host(issuer: Identity, public: rsa.RSAPublicKey, wish: Wish, lasts: Life) -> x509.Certificate:
    """A certificate by which a daemon shows who it is, to those that come and where it goes."""
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in wish.dns_names]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in wish.addresses]
    builder = _begin(
        _subject(wish.name), issuer.certificate.subject, public, _within(lasts, issuer)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _as_leaf(builder, issuer, wish.uses)


def user(
    issuer: Identity, public: rsa.RSAPublicKey, user_id: str, project_id: str, lasts: Life
) -> x509.Certificate:
    """A user's certificate within a project."""
    subject = _subject(user_id[:64], unit=project_id[:64])
    builder = _begin(subject, issuer.certificate.subject, public, _within(lasts, issuer))
    return _as_leaf(builder, issuer, ("client",))


def revocation_list(
    issuer: Identity, revoked: Iterable[Given], number: int, lasts: Life
) -> x509.CertificateRevocationList:
    """The issuer's list of certificates that count no more."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(lasts.begins)
        .next_update(lasts.ends)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_of(issuer), critical=False)
    )
    for given in revoked:
        builder = builder.add_revoked_certificate(_entry(given))
    return builder.sign(issuer.key, hashes.SHA256())


def to_pem(certificate: x509.Certificate | x509.CertificateRevocationList) -> str:
    """As text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _entry(given: Given) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(int(given.serial, 16))
    builder = builder.revocation_date(given.revoked_at or given.not_before)
    if given.reason and given.reason != "unspecified":
        flag = x509.ReasonFlags[given.reason]
        builder = builder.add_extension(x509.CRLReason(flag), critical=False)
    return builder.build()


def _subject(name: str, unit: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begin(
    subject: x509.Name, issuer: x509.Name, public: rsa.RSAPublicKey, lasts: Life
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(lasts.begins)
        .not_valid_after(lasts.ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _within(lasts: Life, issuer: Identity) -> Life:
    """No certificate outlives the one that signed it."""
    end = issuer.certificate.not_valid_after_utc.replace(tzinfo=None)
    begin = issuer.certificate.not_valid_before_utc.replace(tzinfo=None)
    return Life(max(lasts.begins, begin), min(lasts.ends, end))


def _as_authority(builder: x509.CertificateBuilder, levels: int) -> x509.CertificateBuilder:
    limits = x509.BasicConstraints(ca=True, path_length=levels)
    # EC2's bundles are encrypted for an authority's key as well
    usage = _usage("digital_signature", "key_encipherment", "key_cert_sign", "crl_sign")
    return builder.add_extension(limits, critical=True).add_extension(usage, critical=True)


def _as_leaf(
    builder: x509.CertificateBuilder, issuer: Identity, uses: tuple[str, ...]
) -> x509.Certificate:
    purposes = x509.ExtendedKeyUsage([_EKU[use] for use in uses])
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature", "key_encipherment"), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(_of(issuer), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _usage(*granted: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in granted for name in names})


def _of(issuer: Identity) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
