# SPDX-License-Identifier: Apache-2.0
"""Console daemons as processes of their own over a real RabbitMQ: killed, crowded, never read."""

import contextlib
import dataclasses
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.console_stage import BASES, EchoGuest, WebClient, one_test, stage
from fixtures.daemons import Daemon, script, words_of, write_options
from fixtures.free_ports import free_port
from fixtures.rabbitmq import Rabbitmq
from fixtures.rfb_client import Connect
from fixtures.spice_client import MAIN
from fixtures.spice_client import link as spice_link

from nova_appliance.common.clock import wait_for

MOST_KIB = 8 * 1024
"""How much a proxy's memory may grow by what must not stay in it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("consoles")
    broker = Rabbitmq(tmp_path_factory.mktemp("rabbit")).start()
    try:
        with stage(folder, broker.url) as made:
            yield made, folder
    finally:
        broker.close()


@pytest.fixture
def consoles(whole):
    with one_test(whole[0]) as made:
        made.cloud.conf.set_override("connections_per_server", 250, "console")
        yield made


@pytest.fixture
def begin(whole, consoles):
    """Starts a console script with options of its own; it is killed at the end."""
    folder = whole[1]

    def start(binary, **groups):
        health = free_port()
        groups["metrics_endpoint"] = {"port": health}
        groups["console"] = {"connections_per_server": 250}
        own = folder / f"{binary}-{health}.conf"
        write_options(own, groups)
        argv = [str(script(binary)), *words_of([folder / "nova.conf", own])]
        daemon = Daemon(binary, str(health), argv, folder, health)
        consoles.stop.callback(daemon.kill)
        assert wait_for(lambda: _healthy(daemon), 60, 0.2), daemon.log.read_text()[-2000:]
        return daemon

    return start


def _healthy(daemon):
    assert daemon.process.poll() is None, daemon.log.read_text()[-2000:]
    with contextlib.suppress(OSError):
        return daemon.page("/healthcheck")[0] == 200
    return False


def by_spice(port, secret):
    """A channel whose first words the proxy has heard; this guest says them again."""
    client, words = WebClient(port, f"/?token={secret}"), spice_link(MAIN)
    client.send(words)
    assert client.read(len(words)) == words
    return client


@dataclasses.dataclass(frozen=True)
class Kind:
    """Who serves it, the option with its port, how a client comes in."""

    binary: str
    port: str
    open: Callable = lambda port, secret: WebClient(port, f"/?token={secret}")
    each: int = 10
    """Connections to one server at once."""


KINDS = {
    "novnc": Kind("nova-novncproxy", "novncproxy_port"),
    "xvpvnc": Kind(
        "nova-xvpvncproxy", "xvpvncproxy_port",
        lambda port, secret: Connect(port, f"/console?token={secret}"),
    ),
    "spice-html5": Kind("nova-spicehtml5proxy", "html5proxy_port", by_spice),
    "serial": Kind("nova-serialproxy", "serialproxy_port", each=1),
}  # fmt: skip


class ProxyProcess:
    """A proxy of the test's own on a port that stays when it is started again."""

    def __init__(self, begin, consoles, kind="novnc"):
        self.begin, self.port, self.kind = begin, free_port(), KINDS[kind]
        self._group, option, scheme, path = BASES[self.kind.binary]
        base = f"{scheme}://127.0.0.1:{self.port}/{path}"
        consoles.cloud.conf.set_override(option, base, self._group)
        self.start()

    def start(self):
        options = {self._group: {self.kind.port: self.port}}
        self.daemon = self.begin(self.kind.binary, **options)
        return self

    def open(self, secret):
        return self.kind.open(self.port, secret)

    @property
    def pid(self):
        return self.daemon.process.pid

    def handles(self):
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def resident_kib(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def threads(self):
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))


@pytest.fixture
def proxy(begin, consoles):
    return ProxyProcess(begin, consoles)


@pytest.fixture
def guest():
    made = EchoGuest()
    yield made
    made.close()


@pytest.fixture
def link(consoles, guest):
    """A server whose console echoes, and the target with its token."""

    def make(port=None):
        return f"/?token={secret_to(consoles, port or guest.port)}"

    return make


def secret_to(consoles, port, kind="novnc"):
    """A token for a new server whose console is at this port."""
    server = consoles.add_server()
    consoles.put(server, port)
    return consoles.secret(server, kind)


def echoes(client, words=b"are you there"):
    client.send(words)
    return client.read(len(words)) == words


def still_echoes(client):
    with contextlib.suppress(OSError):
        return echoes(client)
    return False


def test_a_proxy_killed_amid_sessions_leaves_guests_and_other_proxies_alone(
    begin, consoles, proxy, guest, link
):
    target, other_target = link(), link()
    other = ProxyProcess(begin, consoles)
    mine, theirs = WebClient(proxy.port, target), WebClient(other.port, other_target)
    assert echoes(mine)
    assert echoes(theirs)
    dying = guest.connections[0]
    proxy.daemon.kill()
    assert not still_echoes(mine)
    assert wait_for(lambda: dying.fileno() == -1, 5), "the guest's side is not closed"
    assert echoes(theirs)
    again = WebClient(other.port, target)
    assert echoes(again), "any proxy serves any token"
    proxy.start()
    assert echoes(WebClient(proxy.port, target)), "and the one that was started again does"


def test_two_hundred_at_once_again_and_again_leave_nothing(consoles, proxy, guest):
    crowd(proxy, [secret_to(consoles, guest.port) for _ in range(20)])


def crowd(proxy, secrets):
    """The first round fills pools and caches; after it, handles, threads and memory stay."""
    room, seen = proxy.handles() + 4, []
    for _round in range(4):
        clients = [proxy.open(secret) for secret in secrets for _ in range(proxy.kind.each)]
        assert all(echoes(client, b"%d" % n) for n, client in enumerate(clients))
        for client in clients:
            client.close()
        assert wait_for(lambda: proxy.handles() <= room, 60, 0.1), (proxy.handles(), room)  # noqa: B023
        seen.append((proxy.handles(), proxy.resident_kib()))
        room = seen[0][0] + 2
    print("handles and KiB after each round:", seen)
    assert wait_for(lambda: proxy.threads() < len(secrets) + 20, 60, 0.1), proxy.threads()
    assert seen[-1][1] <= seen[0][1] + MOST_KIB, seen


def test_who_never_reads_is_not_read_for(consoles, proxy, guest):
    never_read(consoles, proxy, "novnc", guest, 20)


def never_read(consoles, proxy, kind, guest, count):
    """A guest that floods fills the sockets' buffers and no more; others see nothing of it."""
    flood = Flood()
    neighbour = proxy.open(secret_to(consoles, guest.port, kind))
    assert echoes(neighbour)
    before, room = proxy.resident_kib(), proxy.handles() + 2
    way_in = silent_open(kind, proxy)
    silent = [way_in(secret_to(consoles, flood.port, kind)) for _ in range(count)]
    assert wait_for(flood.is_stuck, 20, 0.2), "somebody reads all of it"
    assert echoes(neighbour)
    grown = proxy.resident_kib() - before
    print(f"{count} silent clients: {flood.sent >> 20} MiB taken by sockets, {grown} KiB by proxy")
    assert grown < count * 1024
    for client in silent:
        client.close()
    assert wait_for(lambda: proxy.handles() <= room, 60, 0.1), (proxy.handles(), room)
    assert echoes(neighbour)
    neighbour.close()
    flood.close()


def silent_open(kind, proxy):
    """As `open`, but what comes is not read, and so no first words of SPICE either."""
    if kind != "spice-html5":
        return proxy.open

    def opened(secret):
        client = WebClient(proxy.port, f"/?token={secret}")
        client.send(spice_link(MAIN))
        return client

    return opened


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "novnc"])
def test_other_kinds_are_crowded_never_read_and_killed(begin, consoles, guest, kind):
    """Fewer than two hundred at once: what the kinds share is asked for above."""
    proxy = ProxyProcess(begin, consoles, kind)
    crowd(proxy, [secret_to(consoles, guest.port, kind) for _ in range(40 // proxy.kind.each)])
    never_read(consoles, proxy, kind, guest, 10)
    secret = secret_to(consoles, guest.port, kind)
    client = proxy.open(secret)
    assert echoes(client)
    dying = guest.connections[-1]
    proxy.daemon.kill()
    assert not still_echoes(client)
    assert wait_for(lambda: dying.fileno() == -1, 5), "the guest's side is not closed"
    assert echoes(proxy.start().open(secret)), "the link works when the proxy is there again"


class Flood:
    """A guest that sends as fast as it is read."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self.sent = self._seen = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._pour, args=(connection,), daemon=True).start()

    def _pour(self, connection):
        data = os.urandom(65536)
        with contextlib.suppress(OSError), connection:
            while True:
                sent = connection.send(data)
                with self._lock:
                    self.sent += sent

    def is_stuck(self):
        """Whether nothing more went out since it was asked last."""
        stuck = self.sent > 0 and self.sent == self._seen
        self._seen = self.sent
        return stuck

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_a_guest_that_stops_ends_its_sessions_and_no_others(proxy, guest, link):
    other = EchoGuest()
    mine, theirs = WebClient(proxy.port, link()), WebClient(proxy.port, link(other.port))
    assert echoes(mine)
    assert echoes(theirs)
    guest.hang_up()
    assert mine.wait_for_close() == (1000, "The server's console was closed: it may be off now.")
    assert echoes(theirs)
    other.close()


def test_links_work_while_consoleauths_die_one_after_the_other(whole, consoles, begin, proxy, link):
    """Three of them: the stage's own and two processes, killed in turn; each knows every token."""
    made, folder = whole
    databases = {"api_database": {"connection": f"sqlite:///{folder}/nova_api.db"}}
    others = [begin("nova-consoleauth", DEFAULT={"host": f"c{n}"}, **databases) for n in range(2)]
    targets = [link() for _ in range(6)]
    for daemon in others:
        assert all(opens(proxy, target) for target in targets)
        daemon.kill()
    assert all(opens(proxy, target) for target in targets)
    last = begin("nova-consoleauth", DEFAULT={"host": "c9"}, **databases)
    made.consoleauth.stop()
    consoles.stop.callback(made.start_consoleauth)
    assert all(opens(proxy, target) for target in targets), "one that knows no token from memory"
    assert last.process.poll() is None


def opens(proxy, target):
    """Whether the link opens; a message that a killed daemon took is asked for once more."""
    for _ in range(2):
        client = WebClient(proxy.port, target, timeout_s=70)
        if client.status == 101:
            works = echoes(client)
            client.close()
            return works
        assert client.status == 503, client.head
    return False
