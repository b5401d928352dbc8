# SPDX-License-Identifier: Apache-2.0
"""One request to a console proxy: a page, a file, or a WebSocket that becomes a session.

websockify does the handshake and the frames; who may come in is the desk's business.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from typing import Any

from websockify.websockifyserver import WebSockifyRequestHandler

from nova_appliance.common import clock
from nova_appliance.console import pages, reach
from nova_appliance.console.carry import carry
from nova_appliance.console.desk import NotAdmitted
from nova_appliance.console.ends import (
    WAIT_READ,
    WAIT_WRITE,
    ConsoleWebSocket,
    WebSocketEnd,
)
from nova_appliance.console.pump import Ended
from nova_appliance.console.sessions import TooManySessions
from nova_appliance.rpc.orders import Granted

LOG = logging.getLogger(__name__)
FAREWELL_S = 2.0
PROTOCOL = "Sec-WebSocket-Protocol"

FAREWELLS = {
    Ended.CLIENT: (1000, ""),
    Ended.GUEST: (1000, "The server's console was closed: it may be off now."),
    Ended.IDLE: (1000, "Nothing happened for long, so the session was ended."),
    Ended.EXPIRED: (1000, "The time of this session is over."),
}
UNREACHABLE = (1011, "The server's console cannot be reached.")
STOPPING = (1001, "The console service stops.")


class ConsoleHandler(WebSockifyRequestHandler):  # type: ignore[misc]
    """Made for each connection by the proxy's server; `server.proxy` is the proxy."""

    SocketClass = ConsoleWebSocket
    server_version = "nova-console"
    sys_version = ""
    timeout = 30
    """Seconds a client may take for its request."""
    granted: Granted

    def setup(self) -> None:
        """Keys are small and must not wait; dead clients must be noticed."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        """Serve a page or a file."""
        proxy = self.server.proxy
        if not proxy.site.has_console_at(self.path):
            self._answer(proxy.site.file(self.path))
            return
        try:
            granted = proxy.desk.look_up(self.path, self.headers.get("Cookie"))
        except NotAdmitted as error:
            self._answer(pages.sentence(error.status, error.sentence))
            return
        self._answer(proxy.site.console(granted.server_name))

    do_HEAD = do_GET  # noqa: N815

    def handle_upgrade(self) -> None:
        """Admit a WebSocket client, or refuse before the handshake."""
        proxy = self.server.proxy
        self.close_connection = True
        try:
            self.granted = proxy.desk.admit(self.path, self.headers)
            with proxy.sessions.place(self.granted.token.server_id):
                _choose_protocol(self.headers)
                super().handle_upgrade()
        except NotAdmitted as error:
            self._refuse(error.status, error.sentence)
        except TooManySessions as error:
            self._refuse(409, error.message)

    def new_websocket_client(self) -> None:
        """Carry the session; websockify calls this after the handshake."""
        token, proxy = self.granted.token, self.server.proxy
        try:
            guest = proxy.reach.open_(token)
        except OSError as error:
            LOG.warning("server %s: no %s console: %s", token.server_id, token.kind, error)
            self._say_farewell(*UNREACHABLE)
            return
        started = clock.SYSTEM.monotonic()
        with proxy.sessions.watch(guest):
            ended = carry(proxy, token, WebSocketEnd(self.request), reach.end_of(token, guest))
        took_s = clock.SYSTEM.monotonic() - started
        words = "server %s: %s session of %.0f s over: %s"
        LOG.info(words, token.server_id, token.kind, took_s, ended.value)
        stopping = ended is Ended.GUEST and proxy.sessions.over.is_set()
        self._say_farewell(*(STOPPING if stopping else FAREWELLS[ended]))

    def _say_farewell(self, code: int, reason: str) -> None:
        """Close the WebSocket in order: say why, wait a little for the other side's close."""
        web_socket: ConsoleWebSocket = self.request
        deadline = clock.SYSTEM.monotonic() + FAREWELL_S
        with contextlib.suppress(OSError, ValueError):  # the client may be gone, in any state
            if web_socket.is_open():
                web_socket.socket.settimeout(0)
                with contextlib.suppress(*WAIT_WRITE):
                    self.send_close(code, reason)
            while web_socket.is_open() and _is_readable(web_socket.socket, deadline):
                with contextlib.suppress(*WAIT_READ):
                    if web_socket.recvmsg() is None:
                        return

    def _refuse(self, status: int, sentence: str) -> None:
        """No handshake, and why in the status line: what comes behind the head is taken for frames."""
        self.send_response(status, sentence.encode("ascii", "replace").decode())
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _answer(self, page: pages.Page) -> None:
        self.send_response(page.status)
        headers = {
            "Content-Type": page.content_type,
            "Content-Length": str(len(page.body)),
            **pages.HEADERS,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - http.server's word
        """Keep tokens out of the log: without what follows the question mark."""
        words = " ".join(str(arg).partition("?")[0] for arg in args)
        LOG.debug("%s: %s", self.client_address[0], words)


def _is_readable(connection: socket.socket, deadline: float) -> bool:
    """Wait until something comes; False when the deadline passes before."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(max(0.0, 1000 * (deadline - clock.SYSTEM.monotonic()))))


def _choose_protocol(headers: Any) -> None:
    """`binary` if it is offered, else none, however the client writes its list."""
    offered = [name.strip() for name in headers.get(PROTOCOL, "").split(",")]
    del headers[PROTOCOL]
    if "binary" in offered:
        headers[PROTOCOL] = "binary"
