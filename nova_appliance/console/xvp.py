# SPDX-License-Identifier: Apache-2.0
"""nova-xvpvncproxy: the dialect of Java viewers. CONNECT with a token, then plain RFB both ways.

`CONNECT /console?token=T` (the XVP viewer) is answered as HTTP/1.1, `CONNECT T:port` (TightVNC's
HTTPConnectSocketFactory, the token as host) as HTTP/1.0: each viewer looks for its own version.
"""

from __future__ import annotations

import functools
import http
import logging
import socket
from http.server import BaseHTTPRequestHandler
from typing import Any

from oslo_config import cfg

from nova_appliance.console import reach, tls
from nova_appliance.console.carry import carry
from nova_appliance.console.desk import Desk, NotAdmitted
from nova_appliance.console.ends import SocketEnd
from nova_appliance.console.proxy import Listener, ask
from nova_appliance.console.sessions import Sessions, TooManySessions
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.orders import Granted

LOG = logging.getLogger(__name__)
NOT_REACHED = "The server's console cannot be reached."


class XvpHandler(BaseHTTPRequestHandler):
    """One viewer. Its reading is not buffered: what follows the header is RFB."""

    timeout = 30
    rbufsize = 0
    server: Any

    def setup(self) -> None:
        """Keys are small and must not wait; dead viewers must be noticed."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def do_CONNECT(self) -> None:
        """Admit a viewer and carry its session, or refuse in one line."""
        proxy = self.server.proxy
        self.close_connection = True
        try:
            granted = self._admit(proxy.desk)
            with proxy.sessions.place(granted.token.server_id):
                self._carry(proxy, granted)
        except NotAdmitted as error:
            self._refuse(error.status, error.sentence)
        except TooManySessions as error:
            self._refuse(409, error.message)

    def _admit(self, desk: Desk) -> Granted:
        if self.path.startswith("/") or "?" in self.path:
            return desk.admit(self.path, self.headers)
        return desk.look_up_token(self.path.rpartition(":")[0] or self.path)

    def _carry(self, proxy: Any, granted: Granted) -> None:
        token = granted.token
        try:
            guest = proxy.reach.open_(token)
        except OSError as error:
            LOG.warning("server %s: no VNC console: %s", token.server_id, error)
            self._refuse(502, NOT_REACHED)
            return
        with proxy.sessions.watch(guest):
            version = "1.1" if self.path.startswith("/") else "1.0"
            self.wfile.write(f"HTTP/{version} 200 Connection established\r\n\r\n".encode())
            ended = carry(proxy, token, SocketEnd(self.connection), reach.end_of(token, guest))
        LOG.info("server %s: XVP session over: %s", token.server_id, ended.value)

    def _refuse(self, status: int, sentence: str) -> None:
        version = "1.1" if self.path.startswith("/") else "1.0"
        body = f"{sentence}\n".encode()
        words = http.HTTPStatus(status).phrase
        head = (
            f"HTTP/{version} {status} {words}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's word
        """Say nothing: the request's line carries the token."""


class XvpProxy:
    """Listens from `start` to `stop`; `port` is known after it is made."""

    def __init__(self, conf: cfg.ConfigOpts, rpc: Client) -> None:
        self.desk = Desk(
            kind="xvpvnc",
            check=functools.partial(ask, rpc),
            allowed_origins=tuple(conf.console.allowed_origins),
        )
        self.sessions = Sessions(conf.console.connections_per_server)
        self.reach, self.tls = reach.make(conf), tls.ServerSide(conf)
        self.conf = conf
        host, port = conf.vnc.xvpvncproxy_host, conf.vnc.xvpvncproxy_port
        self._listener = Listener(host, port, XvpHandler, self)
        self.port = self._listener.port

    def start(self) -> None:
        """Let viewers in; returns at once."""
        self._listener.start("nova-xvpvncproxy")

    def stop(self) -> None:
        """End all sessions and close the port."""
        self.sessions.end_all()
        self._listener.stop()
