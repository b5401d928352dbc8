# SPDX-License-Identifier: Apache-2.0
"""A console proxy: one class, told by its row what kind of client it serves and where."""

from __future__ import annotations

import dataclasses
import functools
import logging
import socket
import socketserver
import sys
import threading
import urllib.parse
from http.server import HTTPServer
from pathlib import Path
from typing import Any

from oslo_config import cfg

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.console import reach, tls
from nova_appliance.console.desk import Desk
from nova_appliance.console.handler import ConsoleHandler
from nova_appliance.console.pages import Site
from nova_appliance.console.sessions import Sessions
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.orders import CheckToken, Granted, NotGranted

LOG = logging.getLogger(__name__)
MOST = 4000
"""Connections at once of one proxy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """What differs between the proxies."""

    kind: str
    group: str
    host: str
    port: str
    base_url: str
    """Names of its options in `group`."""
    names: frozenset[str]
    """Where its page is, beside the name in base_url."""
    client: str = ""
    script: str = ""
    library: str = ""
    """Option of [console] with the folder of the client's library; its first word is the path."""
    sockets: int = 1
    """Connections that one session of this client makes."""
    alone: bool = False
    """The guest's device talks to one client at a time."""


ROWS: dict[str, Row] = {
    "nova-novncproxy": Row(
        kind="novnc",
        group="vnc",
        host="novncproxy_host",
        port="novncproxy_port",
        base_url="novncproxy_base_url",
        names=frozenset(("vnc_auto.html", "vnc_lite.html", "vnc.html")),
        client="noVNC",
        script="novnc.js",
        library="novnc_folder",
    ),
    "nova-spicehtml5proxy": Row(
        kind="spice-html5",
        group="spice",
        host="html5proxy_host",
        port="html5proxy_port",
        base_url="html5proxy_base_url",
        names=frozenset(("spice_auto.html", "spice.html")),
        client="SPICE HTML5",
        script="spice.js",
        library="spice_folder",
        sockets=8,
    ),
    "nova-serialproxy": Row(
        kind="serial",
        group="serial_console",
        host="serialproxy_host",
        port="serialproxy_port",
        base_url="base_url",
        names=frozenset(("serial.html",)),
        client="serial console",
        script="serial.js",
        alone=True,
    ),
}
"""Console script > its row."""


class ThreadedServer(socketserver.ThreadingMixIn, HTTPServer):
    """A thread for each connection; see docs/decisions/0014."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    logger = LOG
    proxy: Any

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._room = threading.BoundedSemaphore(MOST)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for the connection; beyond MOST it is closed at once."""
        if not self._room.acquire(blocking=False):
            LOG.warning("closed a connection: %d are open", MOST)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread of one connection; the words of TLS are said here, where they may wait."""
        try:
            inside = self.proxy.tls.admit(request)
        except (OSError, errors.Invalid) as error:
            LOG.debug("%s: no TLS: %s", client_address, error)
            self.shutdown_request(request)
            self._room.release()
            return
        try:
            super().process_request_thread(inside, client_address)
        finally:
            self._room.release()

    def server_bind(self) -> None:
        """Bind without looking up the own name, as HTTPServer would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, _request: object, client_address: Any) -> None:
        """A client that went away in the middle is no news; all else is."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            LOG.debug("%s went away: %s", client_address, error)
        else:
            LOG.error("a request from %s failed", client_address, exc_info=error)


class Proxy:
    """Listens from `start` to `stop`; `port` is known after it is made."""

    def __init__(self, conf: cfg.ConfigOpts, rpc: Client, binary: str) -> None:
        row = ROWS[binary]
        options = conf[row.group]
        most = 1 if row.alone else row.sockets * conf.console.connections_per_server
        self.desk = Desk(
            kind=row.kind,
            check=functools.partial(ask, rpc),
            allowed_origins=tuple(conf.console.allowed_origins),
        )
        self.sessions = Sessions(most)
        self.reach, self.tls = reach.make(conf), tls.ServerSide(conf)
        self.site = site(conf, row)
        self.conf = conf
        self._name = binary
        self._listener = Listener(options[row.host], options[row.port], ConsoleHandler, self)
        self.port = self._listener.port

    def start(self) -> None:
        """Let clients in; returns at once."""
        self._listener.start(self._name)

    def stop(self) -> None:
        """End all sessions and close the port."""
        self.sessions.end_all()
        self._listener.stop()


class Listener:
    """The listening socket of a proxy and the thread that accepts. Raises OSError if taken."""

    def __init__(self, host: str, port: int, handler: Any, proxy: Any) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        kind = type("Server", (ThreadedServer,), {"address_family": family, "proxy": proxy})
        self._server = kind((host, port), handler)
        self._thread: threading.Thread | None = None
        self.port: int = self._server.server_address[1]

    def start(self, name: str) -> None:
        """Accept in a thread of its own."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name=name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept no more."""
        if self._thread:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def ask(rpc: Client, secret: str, kind: str) -> Granted | NotGranted:
    """Let nova-consoleauth check a token. Raises Unavailable."""
    order = CheckToken(token=secret, kind=kind)
    answer: Granted | NotGranted = rpc.call(
        "consoleauth", "check", order, contexts.for_background()
    )
    return answer


def site(conf: cfg.ConfigOpts, row: Row) -> Site:
    """The pages of a proxy."""
    path = urllib.parse.urlsplit(conf[row.group][row.base_url]).path
    own = path.rsplit("/", 1)[-1]
    folders = {}
    if row.library:
        folder = Path(conf.console[row.library])
        folders[row.library.partition("_")[0]] = folder
        if not folder.is_dir():
            LOG.warning("%s is not there: install it, or set [console]%s", folder, row.library)
    names = row.names | ({own} if own else set())
    return Site(script=row.script, client=row.client, names=names, folders=folders)
