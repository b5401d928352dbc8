# SPDX-License-Identifier: Apache-2.0
"""The first words of VNC (RFC 6143, 7.1), spoken by the proxy: with the hypervisor, then the client.

Between the two stands the hypervisor's security type; to the client the proxy always offers None.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Sequence

from nova_appliance.console.ends import End
from nova_appliance.console.talk import Talk

VERSION = b"RFB 003.008\n"
INVALID, NONE, VENCRYPT = 0, 1, 19
VENCRYPT_VERSION = b"\0\2"
X509_NONE = 260
GREETING_S = 30.0
LONGEST = 1024


class NotRfb(ConnectionError):
    """The other side says what the protocol does not foresee, or agrees to nothing we may do."""


def enter(
    guest: socket.socket, host: str, schemes: Sequence[str], context: ssl.SSLContext | None
) -> socket.socket:
    """Agree with a hypervisor on the first of its and our schemes; the socket to go on with.

    `schemes` are `vencrypt` and `none`, the better one first. Raises OSError.
    """
    version = _take(guest, 12)
    if not version.startswith(b"RFB 003.") or version < VERSION:
        raise NotRfb(f"It speaks {version!r}, not RFB 3.8.")
    guest.sendall(VERSION)
    offered = _take(guest, _take(guest, 1)[0])
    if not offered:
        raise NotRfb(f"It refused: {_reason(guest)}")
    for scheme in schemes:
        if scheme == "vencrypt" and VENCRYPT in offered and context is not None:
            guest = _vencrypt(guest, host, context)
            break
        if scheme == "none" and NONE in offered:
            guest.sendall(bytes([NONE]))
            break
    else:
        raise NotRfb(f"It offers security types {list(offered)}, and only {schemes} are allowed.")
    if struct.unpack(">I", _take(guest, 4)) != (0,):
        raise NotRfb(f"It refused: {_reason(guest)}")
    return guest


def greet(client: End) -> bytes:
    """Offer the client no security but ours; what it has sent beyond that. Raises OSError."""
    talk = Talk(client, NotRfb, GREETING_S)
    talk.say(VERSION)
    version = talk.hear(12)
    if version[:8] != b"RFB 003." or not version[8:11].isdigit():
        raise NotRfb(f"The client speaks {version!r}.")
    minor = int(version[8:11])
    if minor < 7:
        talk.say(struct.pack(">I", NONE))
        return talk.left
    talk.say(bytes([1, NONE]))
    if talk.hear(1)[0] != NONE:
        raise NotRfb("The client chose what was not offered.")
    if minor >= 8:
        talk.say(struct.pack(">I", 0))
    return talk.left


def _vencrypt(guest: socket.socket, host: str, context: ssl.SSLContext) -> socket.socket:
    """VeNCrypt 0.2 with X509None: TLS in which both sides show certificates."""
    guest.sendall(bytes([VENCRYPT]))
    version = _take(guest, 2)
    if version != VENCRYPT_VERSION:
        raise NotRfb(f"It speaks VeNCrypt {version!r}, not 0.2.")
    guest.sendall(VENCRYPT_VERSION)
    if _take(guest, 1) != b"\0":
        raise NotRfb("It refused VeNCrypt 0.2.")
    count = _take(guest, 1)[0]
    offered = struct.unpack(f">{count}I", _take(guest, 4 * count))
    if X509_NONE not in offered:
        raise NotRfb(f"It offers VeNCrypt types {offered}, not X509None.")
    guest.sendall(struct.pack(">I", X509_NONE))
    if _take(guest, 1) != b"\1":
        raise NotRfb("It refused X509None.")
    return context.wrap_socket(guest, server_hostname=host)


def _take(guest: socket.socket, size: int) -> bytes:
    """Exactly so many bytes."""
    got = b""
    while len(got) < size:
        more = guest.recv(size - len(got))
        if not more:
            raise NotRfb("It hung up amid the first words.")
        got += more
    return got


def _reason(guest: socket.socket) -> str:
    (size,) = struct.unpack(">I", _take(guest, 4))
    return _take(guest, min(size, LONGEST)).decode(errors="replace")
