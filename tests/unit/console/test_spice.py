# SPDX-License-Identifier: Apache-2.0
"""The first words of SPICE: what a guest's side gets to see of a display's client, and when."""

import socket
import struct
import threading

import pytest
from fixtures.spice_client import (
    AUTH_SELECTION,
    DISPLAY,
    DISPLAY_INIT,
    MAIN,
    MINI_HEADER,
    WORDS_OF_INIT,
    link,
)

from nova_appliance.console import spice
from nova_appliance.console.ends import SocketEnd

BOTH = AUTH_SELECTION | MINI_HEADER
OK = struct.pack("<I", 0)
TICKET = bytes(range(128))


def reply(error=0, capabilities=BOTH):
    body = struct.pack("<I162sIII", error, b"key", 1, 0, 178) + struct.pack("<I", capabilities)
    return b"REDQ" + struct.pack("<III", 2, 2, len(body)) + body


def message(kind, body, mini=True):
    header = (
        struct.pack("<HI", kind, len(body)) if mini else struct.pack("<QHII", 1, kind, len(body), 0)
    )
    return header + body


@pytest.fixture
def talk():
    """The far ends of a client and a guest, and the thread in which they are introduced."""
    client, here = socket.socketpair()
    guest, there = socket.socketpair()
    for one in (client, guest):
        one.settimeout(30)
    ends = (SocketEnd(here), SocketEnd(there))
    made = Introduced(client, guest, ends)
    made.thread.start()
    yield made
    for one in (client, guest):
        one.close()
    made.thread.join(60)
    here.close()
    there.close()


class Introduced:
    """`outcome()` is what `introduce` raised, None when it came to its end."""

    def __init__(self, client, guest, ends):
        self.client, self.guest, self._ends = client, guest, ends
        self._raised = None
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        try:
            spice.introduce(*self._ends)
            for end in self._ends:
                assert end.flush()
        except OSError as error:
            self._raised = error

    def is_over(self):
        return not self.thread.is_alive()

    def outcome(self):
        self.thread.join(60)
        assert self.is_over()
        return self._raised


def take(connection, size):
    got = b""
    while len(got) < size:
        more = connection.recv(size - len(got))
        assert more, got
        got += more
    return got


def says_nothing(connection):
    connection.settimeout(0.2)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(30)


def linked(talk, kind=DISPLAY, capabilities=BOTH, answer=None):
    """Both have said their link."""
    said = link(kind, 7, capabilities)
    talk.client.sendall(said)
    assert take(talk.guest, len(said)) == said
    answer = answer or reply()
    talk.guest.sendall(answer)
    return answer


def test_channels_without_a_display_are_linked_and_left_alone(talk):
    said = link(MAIN, 0, BOTH)
    talk.client.sendall(said + b"more")
    assert take(talk.guest, len(said) + 4) == said + b"more"
    assert talk.outcome() is None


@pytest.mark.parametrize("capabilities", [BOTH, MINI_HEADER, AUTH_SELECTION, None])
def test_a_display_is_let_in_with_its_first_message_in_hand(talk, capabilities):
    answer = linked(talk, capabilities=capabilities)
    assert take(talk.client, len(answer)) == answer
    ticket = TICKET
    if (capabilities or 0) & AUTH_SELECTION:
        ticket = struct.pack("<I", 1) + TICKET
    talk.client.sendall(ticket)
    assert take(talk.client, 4) == OK
    assert says_nothing(talk.guest)
    mini = bool((capabilities or 0) & MINI_HEADER)
    first = message(103, b"\1", mini) + message(DISPLAY_INIT, WORDS_OF_INIT, mini)
    talk.client.sendall(first[:9])
    assert says_nothing(talk.guest)
    talk.client.sendall(first[9:] + b"more")
    assert take(talk.guest, len(ticket + first)) == ticket + first
    talk.guest.sendall(OK)
    assert says_nothing(talk.client)
    assert not talk.is_over()
    talk.guest.sendall(b"pictures")
    assert take(talk.client, 8) == b"pictures"
    assert take(talk.guest, 4) == b"more"
    assert talk.outcome() is None


def test_a_client_that_leaves_before_is_never_let_in(talk):
    answer = linked(talk)
    take(talk.client, len(answer))
    talk.client.sendall(struct.pack("<I", 1) + TICKET)
    take(talk.client, 4)
    talk.client.close()
    assert isinstance(talk.outcome(), spice.NotSpice)
    assert says_nothing(talk.guest)


def test_a_client_that_leaves_afterwards_is_waited_for_until_the_display_answers(talk):
    answer = linked(talk)
    take(talk.client, len(answer))
    ticket = struct.pack("<I", 1) + TICKET
    talk.client.sendall(ticket + message(DISPLAY_INIT, WORDS_OF_INIT))
    take(talk.client, 4)
    talk.client.close()
    take(talk.guest, len(ticket) + 6 + len(WORDS_OF_INIT))
    talk.guest.sendall(OK)
    assert says_nothing(talk.guest)
    assert not talk.is_over()
    talk.guest.sendall(b"\3")
    talk.outcome()
    assert talk.is_over()


def test_a_refusal_of_the_guests_side_reaches_the_client(talk):
    answer = linked(talk, answer=reply(error=7))
    assert take(talk.client, len(answer)) == answer
    assert talk.outcome() is None


@pytest.mark.parametrize("said", [b"", struct.pack("<I", 1)])
def test_a_guest_that_goes_or_takes_no_ticket_is_told_as_such(talk, said):
    answer = linked(talk)
    take(talk.client, len(answer))
    ticket = struct.pack("<I", 1) + TICKET
    talk.client.sendall(ticket + message(DISPLAY_INIT, WORDS_OF_INIT))
    take(talk.guest, len(ticket) + 6 + len(WORDS_OF_INIT))
    talk.guest.sendall(said)
    talk.guest.close()
    assert isinstance(talk.outcome(), spice.GuestGone)


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"REDQ" + struct.pack("<III", 2, 2, 1 << 20),
        b"REDQ" + struct.pack("<III", 2, 2, 3) + b"abc",
    ],
)
def test_words_that_are_no_link_are_refused(talk, said):
    talk.client.sendall(said)
    assert isinstance(talk.outcome(), spice.NotSpice)


@pytest.mark.parametrize(
    "said",
    [
        struct.pack("<I", 2) + TICKET,
        struct.pack("<I", 1) + TICKET + struct.pack("<HI", 103, 1 << 30),
        struct.pack("<I", 1) + TICKET + message(103, bytes(40000)) * 2,
    ],
)
def test_a_display_that_comes_otherwise_or_talks_without_end_is_refused(talk, said):
    answer = linked(talk)
    take(talk.client, len(answer))
    talk.client.sendall(said)
    assert isinstance(talk.outcome(), spice.NotSpice)
    assert says_nothing(talk.guest)


def test_who_says_nothing_is_not_waited_for_long(talk_soon):
    assert isinstance(talk_soon.outcome(), TimeoutError)


@pytest.fixture
def talk_soon(monkeypatch):
    """As `talk`, with little patience."""
    monkeypatch.setattr(spice, "CLIENT_S", 0.1)
    pairs = [socket.socketpair() for _ in range(2)]
    made = Introduced(pairs[0][0], pairs[1][0], tuple(SocketEnd(pair[1]) for pair in pairs))
    made.thread.start()
    yield made
    made.thread.join(60)
    for pair in pairs:
        for one in pair:
            one.close()
