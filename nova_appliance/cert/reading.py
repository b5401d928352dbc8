# SPDX-License-Identifier: Apache-2.0
"""What a certificate says, as our own words. Raises Invalid at a text that holds none."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nova_appliance.cert.signing import Identity, to_pem
from nova_appliance.common import errors
from nova_appliance.domain.certificate import Given, Wish

_LIST = "-----BEGIN X509 CRL-----"
_USES = {ExtendedKeyUsageOID.SERVER_AUTH: "server", ExtendedKeyUsageOID.CLIENT_AUTH: "client"}


def parse(text: str) -> x509.Certificate:
    """The first certificate of a PEM."""
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise errors.Invalid("There is no certificate in this PEM.") from error


def describe(certificate: x509.Certificate, kind: str = "host") -> Given:
    """What an authority remembers of a certificate it signed."""
    return Given(
        serial=serial(certificate),
        kind=kind,
        name=name(certificate),
        pem=to_pem(certificate),
        not_before=certificate.not_valid_before_utc.replace(tzinfo=None),
        not_after=certificate.not_valid_after_utc.replace(tzinfo=None),
    )


def serial(certificate: x509.Certificate) -> str:
    """Hexadecimal, as openssl prints it."""
    return f"{certificate.serial_number:040X}"


def name(certificate: x509.Certificate) -> str:
    """The common name, empty when it has none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def wish(certificate: x509.Certificate) -> Wish:
    """What a host's certificate was asked to say."""
    addresses: list[str] = []
    dns_names: list[str] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            addresses = [str(a) for a in extension.value.get_values_for_type(x509.IPAddress)]
            dns_names = extension.value.get_values_for_type(x509.DNSName)
    return Wish(
        name=name(certificate),
        addresses=tuple(sorted(addresses)),
        dns_names=tuple(sorted(dns_names)),
        uses=_uses(certificate),
    )


def public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """Raises Invalid when the key is not of our kind."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise errors.Invalid("The certificate's key is not RSA.")
    return key


def is_signed_by(certificate: x509.Certificate, issuer: Identity) -> bool:
    """Whether the issuer's key signed it, also when the issuer was renewed since."""
    try:
        certificate.verify_directly_issued_by(issuer.certificate)
    except Exception:  # noqa: BLE001 - of many kinds; each says that it did not
        return False
    return True


def parse_list(text: str) -> x509.CertificateRevocationList:
    """The first revocation list of a PEM."""
    try:
        return x509.load_pem_x509_crl(text[max(0, text.find(_LIST)) :].encode())
    except ValueError as error:
        raise errors.Invalid("There is no revocation list in this PEM.") from error


def is_list_of(made: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed the revocation list."""
    return made.is_signature_valid(public_key(issuer))


def number(made: x509.CertificateRevocationList | None) -> int:
    """CRLNumber of RFC 5280, section 5.2.3: the later a list, the higher; 0 for none."""
    if made is None:
        return 0
    return made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _uses(certificate: x509.Certificate) -> tuple[str, ...]:
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            found = {_USES.get(purpose) for purpose in extension.value}
            return tuple(use for use in ("server", "client") if use in found)
    return ()
