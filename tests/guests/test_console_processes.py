# SPDX-License-Identifier: Apache-2.0
"""Console daemons as processes of their own over a real RabbitMQ: killed, crowded, never read."""

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest
from fixtures.console_stage import EchoGuest, WebClient, one_test, stage
from fixtures.daemons import Daemon, script, words_of, write_options
from fixtures.free_ports import free_port
from fixtures.rabbitmq import Rabbitmq

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


class NoVnc:
    """A nova-novncproxy of the test's own on a port that stays when it is started again."""

    def __init__(self, begin, consoles):
        self.begin, self.port = begin, free_port()
        base = f"http://127.0.0.1:{self.port}/vnc_auto.html"
        consoles.cloud.conf.set_override("novncproxy_base_url", base, "vnc")
        self.start()

    def start(self):
        self.daemon = self.begin("nova-novncproxy", vnc={"novncproxy_port": self.port})
        return self

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
    return NoVnc(begin, consoles)


@pytest.fixture
def guest():
    made = EchoGuest()
    yield made
    made.close()


@pytest.fixture
def link(consoles, guest):
    """A server whose console echoes, and the target with its token."""

    def make(port=None):
        server = consoles.add_server()
        consoles.put(server, port or guest.port)
        return f"/?token={consoles.secret(server, 'novnc')}"

    return make


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
    other = NoVnc(begin, consoles)
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


def test_two_hundred_at_once_again_and_again_leave_nothing(consoles, proxy, link):
    """The first round fills pools and caches; after it, handles, threads and memory stay."""
    targets = [link() for _ in range(20)]
    seen = []
    for _round in range(4):
        clients = [WebClient(proxy.port, target) for target in targets for _ in range(10)]
        assert [client.status for client in clients] == [101] * 200
        assert all(echoes(client, b"%d" % n) for n, client in enumerate(clients))
        for client in clients:
            client.close()
        assert wait_for(lambda: proxy.threads() < 40, 20, 0.1), proxy.threads()
        seen.append((proxy.handles(), proxy.resident_kib()))
    print("handles and KiB after each round:", seen)
    assert seen[-1][0] <= seen[0][0] + 2, seen
    assert seen[-1][1] <= seen[0][1] + MOST_KIB, seen


def test_who_never_reads_is_not_read_for(consoles, proxy, link):
    """A guest that floods fills the sockets' buffers and no more; others see nothing of it."""
    flood = Flood()
    neighbour = WebClient(proxy.port, link())
    assert echoes(neighbour)
    before = proxy.resident_kib()
    silent = [WebClient(proxy.port, link(flood.port)) for _ in range(20)]
    assert wait_for(flood.is_stuck, 20, 0.2), "somebody reads all of it"
    assert echoes(neighbour)
    grown = proxy.resident_kib() - before
    print(f"20 silent clients: {flood.sent >> 20} MiB taken by sockets, {grown} KiB by the proxy")
    assert grown < 20 * 1024
    for client in silent:
        client.close()
    assert wait_for(lambda: proxy.threads() < 30, 20, 0.1)
    assert echoes(neighbour)
    flood.close()


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
        assert client.status == 503, client.body()
    return False
