# SPDX-License-Identifier: Apache-2.0
"""The first words of VNC: with hypervisors of all manners, and with clients of every version."""

import contextlib
import socket
import threading

import pytest

from nova_appliance.console import rfb
from nova_appliance.console.ends import SocketEnd

OK = bytes(4)


@contextlib.contextmanager
def answering(*turns):
    """A hypervisor that says each of `turns`, and hears so many bytes between them."""
    ours, theirs = socket.socketpair()
    heard = []

    def play():
        with contextlib.suppress(OSError), theirs:
            for turn in turns:
                if isinstance(turn, int):
                    heard.append(theirs.recv(turn, socket.MSG_WAITALL))
                else:
                    theirs.sendall(turn)

    thread = threading.Thread(target=play)
    thread.start()
    ours.settimeout(5)
    with ours:
        yield ours, heard
    thread.join(60)


def test_none_is_taken_where_it_is_offered():
    with answering(rfb.VERSION, 12, b"\2\1\2", 1, OK) as (guest, heard):
        assert rfb.enter(guest, "h", ("vencrypt", "none"), None) is guest
    assert heard == [rfb.VERSION, b"\1"]


def test_the_better_scheme_is_asked_for_first_and_nothing_is_given_away():
    """An offer of both is answered by VeNCrypt; one who then says no is not asked for None."""
    refusal = pytest.raises(rfb.NotRfb, match=r"refused VeNCrypt 0\.2")
    turns = (rfb.VERSION, 12, b"\2\1\x13", 1, b"\0\2", 2, b"\1")
    with answering(*turns) as (guest, heard), refusal:
        rfb.enter(guest, "h", ("vencrypt", "none"), object())
    assert heard == [rfb.VERSION, b"\x13", b"\0\2"]


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ((b"HTTP/1.1 400",), "not RFB"),
        ((b"RFB 003.003\n",), "not RFB 3.8"),
        ((b"RFB",), "hung up"),
        ((rfb.VERSION, 12, b"\0\0\0\0\5sorry"), "sorry"),
        ((rfb.VERSION, 12, b"\1\2"), "offers security types"),
        ((rfb.VERSION, 12, b"\1\1", 1, b"\0\0\0\1\0\0\0\2no"), "refused: no"),
        ((rfb.VERSION, 12, b"\1\1", 1), "hung up"),
        ((rfb.VERSION, 12, b"\0\xff\xff\xff\xff" + b"x" * 2000), "refused: x"),
    ],
)
def test_a_hypervisor_that_agrees_to_nothing_is_told_apart(turns, words):
    with answering(*turns) as (guest, _heard), pytest.raises(rfb.NotRfb, match=words):
        rfb.enter(guest, "h", ("none",), None)


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ((b"\0\1",), "not 0.2"),
        ((b"\0\2", 2, b"\0\1\0\0\1\x05"), "not X509None"),
        ((b"\0\2", 2, b"\0\0"), "not X509None"),
        ((b"\0\2", 2, b"\0\1\0\0\1\x04", 4, b"\0"), "refused X509None"),
    ],
)
def test_another_vencrypt_than_ours_is_refused(turns, words):
    turns = (rfb.VERSION, 12, b"\1\x13", 1, *turns)
    with answering(*turns) as (guest, _heard), pytest.raises(rfb.NotRfb, match=words):
        rfb.enter(guest, "h", ("vencrypt", "none"), object())


@pytest.mark.parametrize(
    ("says", "hears", "left"),
    [
        (b"RFB 003.003\n\1", b"\0\0\0\1", b"\1"),
        (b"RFB 003.005\n", b"\0\0\0\1", b""),
        (b"RFB 003.007\n\1\1", b"\1\1", b"\1"),
        (b"RFB 003.008\n\1\0more", b"\1\1" + OK, b"\0more"),
        (b"RFB 003.889\n\1", b"\1\1" + OK, b""),
    ],
)
def test_clients_of_every_version_are_let_in_and_what_they_said_beyond_is_kept(says, hears, left):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        theirs.sendall(says)
        assert rfb.greet(SocketEnd(ours)) == left
        assert theirs.recv(100) == rfb.VERSION + hears


@pytest.mark.parametrize("says", [b"GET / HTTP/1", b"RFB 004.001\n", b"RFB 003.008\n\2", b"RFB 0"])
def test_what_is_no_client_is_sent_away(says):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(says)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(rfb.NotRfb):
            rfb.greet(SocketEnd(ours))


def test_a_client_that_says_nothing_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(rfb, "GREETING_S", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        rfb.greet(SocketEnd(ours))
