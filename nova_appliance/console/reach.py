# SPDX-License-Identifier: Apache-2.0
"""How a proxy reaches guests' consoles: plain, by VeNCrypt (VNC), or by TLS (SPICE, serial ports)."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import socket
import ssl

from oslo_config import cfg

from nova_appliance.common import clock, errors
from nova_appliance.console import rfb, tls
from nova_appliance.console.ends import CHUNK, SocketEnd
from nova_appliance.domain.console import KINDS, ConsoleAddress, ConsoleToken

LOG = logging.getLogger(__name__)
CONNECT_S = 10.0
LONGEST_ANSWER = 8192
ONLY_TLS = "The guest's console speaks TLS alone, and [{}] ca_certs does not say whom to believe."
GROUPS = {"vnc": "vnc", "spice": "spice", "serial": "serial_console"}
"""Device > group of its options."""
TAKEN = {"vnc": 4096, "serial": 1}
"""Device > bytes that QEMU takes at once. 7.2 lets the rest of a TLS record lie until the next comes."""
OLD = (
    "server %s: its %s console shows a certificate that has ended, and is not revoked: a live migration "
    "or a hard reboot lets it show the present one"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reach:
    """What one proxy may do on the way to a hypervisor."""

    vnc_schemes: tuple[str, ...] = ("none",)
    vencrypt: tls.Followed | None = None
    spice: tls.Followed | None = None
    serial: tls.Followed | None = None

    def is_greeter(self, token: ConsoleToken) -> bool:
        """Whether the proxy speaks the first words of VNC, so that clients need no VeNCrypt."""
        return KINDS[token.kind].device == "vnc" and self.vnc_schemes != ("none",)

    def open_(self, token: ConsoleToken) -> socket.socket:
        """A connection to the guest's console, its security agreed. Raises OSError."""
        secure = self._for_tls(token)
        with contextlib.ExitStack() as undo:
            guest = undo.enter_context(_connect(token.address, secure=secure is not None))
            if secure is not None:
                guest = undo.enter_context(_by_tls(guest, token, secure.context()))
            elif self.is_greeter(token):
                context = self.vencrypt.context() if self.vencrypt else None
                guest = undo.enter_context(rfb.enter(guest, token.host, self.vnc_schemes, context))
            undo.pop_all()
        return guest

    def _for_tls(self, token: ConsoleToken) -> tls.Followed | None:
        """What to show and to believe where the guest's console has a port with TLS."""
        device = KINDS[token.kind].device
        known = {"spice": self.spice, "serial": self.serial}.get(device) if token.tls_port else None
        if known is None and not token.port:
            raise ConnectionError(ONLY_TLS.format(GROUPS[device]))
        return known


def end_of(token: ConsoleToken, guest: socket.socket) -> SocketEnd:
    """The guest's side of a session, over what `open_` gave."""
    most = TAKEN.get(KINDS[token.kind].device, CHUNK)
    return SocketEnd(guest, most) if isinstance(guest, ssl.SSLSocket) else SocketEnd(guest)


def make(conf: cfg.ConfigOpts) -> Reach:
    """As nova.conf says. Raises Invalid when certificates cannot be used."""
    vnc, schemes = conf.vnc, tuple(conf.vnc.auth_schemes)
    unknown = set(schemes) - {"none", "vencrypt"}
    if unknown or not schemes:
        raise errors.Invalid(f"[vnc] auth_schemes are none and vencrypt, not {list(schemes)}.")
    vencrypt = None
    if "vencrypt" in schemes:
        if not vnc.vencrypt_ca_certs:
            raise errors.Invalid("[vnc] auth_schemes has vencrypt: set vencrypt_ca_certs.")
        vencrypt = tls.Trust(
            authorities=vnc.vencrypt_ca_certs,
            cert=vnc.vencrypt_client_cert,
            key=vnc.vencrypt_client_key,
        ).followed()
    spice = serial = None
    if conf.spice.ca_certs:
        trust = tls.Trust(authorities=conf.spice.ca_certs, revoked=conf.spice.revocation_list)
        spice = trust.followed()
    told = conf.serial_console
    if told.ca_certs:
        serial = tls.Trust(
            authorities=told.ca_certs,
            cert=told.client_cert,
            key=told.client_key,
            revoked=told.revocation_list,
        ).followed()
    return Reach(vnc_schemes=schemes, vencrypt=vencrypt, spice=spice, serial=serial)


def _by_tls(plain: socket.socket, token: ConsoleToken, context: ssl.SSLContext) -> ssl.SSLSocket:
    """QEMU shows the certificate of the guest's start for as long as the guest runs."""
    inside = context.wrap_socket(plain, server_hostname=token.host)
    if tls.has_ended(inside, clock.SYSTEM.now()):
        LOG.warning(OLD, token.server_id, token.kind)
    return inside


def _connect(address: ConsoleAddress, *, secure: bool) -> socket.socket:
    port = address.tls_port if secure and address.tls_port else address.port
    guest = socket.create_connection((address.host, port), CONNECT_S)
    try:
        guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if address.access_path:
            _ask_for_path(guest, address.access_path)
    except OSError:
        guest.close()
        raise
    return guest


def _ask_for_path(guest: socket.socket, path: str) -> None:
    """The CONNECT request that some hypervisors want first."""
    guest.sendall(f"CONNECT {path} HTTP/1.1\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = guest.recv(1)  # byte by byte: what follows the header is the console's
        if not got or len(answer) > LONGEST_ANSWER:
            raise ConnectionError("The hypervisor did not answer.")
        answer += got
    if b" 200 " not in answer.partition(b"\r\n")[0] + b" ":
        raise ConnectionError("The hypervisor refused the console.")
