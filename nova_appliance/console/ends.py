# SPDX-License-Identifier: Apache-2.0
"""The two ends of a session, alike for the pump: a plain socket, and a WebSocket of websockify."""

from __future__ import annotations

import socket
import ssl
from typing import Protocol

from websockify.websockifyserver import CompatibleWebSocket

CHUNK = 65536
WAIT_READ = (BlockingIOError, ssl.SSLWantReadError)
WAIT_WRITE = (BlockingIOError, ssl.SSLWantWriteError)
"""Nothing came, or nothing can be sent, just now: of plain sockets, of TLS, and of websockify, whose
own errors are kinds of the latter."""
LONGEST = 1 << 20
"""Bytes a client may send in one message; keys and clipboards are much shorter."""
PONG = 0xA


class End(Protocol):
    """One side; `receive` and `flush` never wait."""

    def fileno(self) -> int:
        """For poll."""

    def receive(self) -> bytes | None:
        """What has come; empty when nothing has, None when the other side has closed."""

    def has_ended(self) -> bool:
        """Whether nothing will come after what `receive` gave last."""

    def send(self, data: bytes) -> None:
        """Take data to send; only when `flush` has said that nothing is left."""

    def flush(self) -> bool:
        """Send on; whether nothing is left."""


class SocketEnd:
    """A TCP connection, with TLS or without; `most` bytes are sent at once, which is a record of TLS."""

    def __init__(self, connection: socket.socket, most: int = CHUNK) -> None:
        connection.settimeout(0)
        self._socket, self._most = connection, most
        self._left = b""

    def fileno(self) -> int:
        """See End."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """See End."""
        try:
            return self._socket.recv(CHUNK) or None
        except WAIT_READ:
            return b""
        except OSError:
            return None

    def has_ended(self) -> bool:
        """See End; a plain socket tells by its next `receive`."""
        return False

    def send(self, data: bytes) -> None:
        """See End."""
        self._left += data

    def flush(self) -> bool:
        """See End."""
        sent, view = 0, memoryview(self._left)
        try:
            while sent < len(view):
                sent += self._socket.send(view[sent : sent + self._most])
        except WAIT_WRITE:
            pass
        finally:
            self._left = self._left[sent:]
        return not self._left


class MessageTooLong(OSError):
    """A client's message is longer than any console's client sends."""


class ConsoleWebSocket(CompatibleWebSocket):  # type: ignore[misc]
    """websockify's socket with bounds on what one client can make the proxy keep."""

    def handle_ping(self, data: bytes) -> None:
        """Queue the pong between whole frames; forget it when the client does not read."""
        if len(self._send_buffer) < CHUNK:
            self._send_buffer += self._encode_hybi(PONG, data)

    def _recv(self) -> bool:
        more = bool(super()._recv())
        if len(self._recv_buffer) > LONGEST or len(self._partial_msg) > LONGEST:
            raise MessageTooLong
        return more

    def has_unsent(self) -> bool:
        """Whether pongs or parts of a frame wait."""
        return bool(self._send_buffer)

    def push(self) -> None:
        """Send what waits. Raises one of WAIT_WRITE."""
        self._flush()

    def is_open(self) -> bool:
        """Whether the TCP connection is there."""
        return self.socket is not None


class WebSocketEnd:
    """A client behind a WebSocket."""

    def __init__(self, web_socket: ConsoleWebSocket) -> None:
        web_socket.socket.settimeout(0)
        self._web_socket = web_socket
        self._fd: int = web_socket.socket.fileno()
        self._waiting = b""
        self._ended = False

    def fileno(self) -> int:
        """See End."""
        return self._fd

    def receive(self) -> bytes | None:
        """See End."""
        parts = []
        while True:
            try:
                data = self._web_socket.recvmsg()
            except WAIT_READ:
                break
            except OSError:
                return None
            if data is None:
                self._ended = True
                break
            parts.append(data)
            if not self._web_socket.pending():
                break
        return b"".join(parts)

    def has_ended(self) -> bool:
        """See End."""
        return self._ended

    def send(self, data: bytes) -> None:
        """See End."""
        self._waiting = data

    def flush(self) -> bool:
        """See End."""
        try:
            if self._waiting:
                self._web_socket.sendmsg(self._waiting)
                self._waiting = b""
            elif self._web_socket.has_unsent():
                self._web_socket.push()
        except WAIT_WRITE:
            return False
        return True
