# SPDX-License-Identifier: Apache-2.0
"""Shows that who asks for a renewal holds the certificate's key; it never leaves the host."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from nova_appliance.cert import reading, signing
from nova_appliance.cert.signing import Identity
from nova_appliance.common import errors
from nova_appliance.rpc.certificate_orders import Renew

FRESH = dt.timedelta(minutes=15)


def ask(held: Identity, now: dt.datetime) -> Renew:
    """The order by which a host asks."""
    words = _words(held.certificate, now)
    signature = held.key.sign(words, padding.PKCS1v15(), hashes.SHA256())
    pem = signing.to_pem(held.certificate)
    return Renew(certificate=pem, asked_at=now, signature=signature.hex())


def check(order: Renew, now: dt.datetime) -> x509.Certificate:
    """The certificate whose holder asks. Raises Invalid, or Forbidden when it is not its holder."""
    certificate = reading.parse(order.certificate)
    if abs(now - order.asked_at) > FRESH:
        raise errors.Forbidden("This was asked too long ago: compare the hosts' clocks.")
    try:
        reading.public_key(certificate).verify(
            bytes.fromhex(order.signature),
            _words(certificate, order.asked_at),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, ValueError) as error:
        raise errors.Forbidden("This was not signed by the certificate's key.") from error
    return certificate


def _words(certificate: x509.Certificate, asked_at: dt.datetime) -> bytes:
    return f"renew {reading.serial(certificate)} {asked_at.isoformat()}".encode()
