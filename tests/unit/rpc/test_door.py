# SPDX-License-Identifier: Apache-2.0
"""Messages from other processes: what is answered, what is not, and who may ask."""

import socket
import stat
import threading

import pytest

from nova_appliance.rpc.door import NAME, Answer, Door, Message, knock
from nova_appliance.rpc.messaging import oslo_messaging


def message(topic, **wait):
    content = {"method": "survey", "args": {"order": {"tidy": False}}}
    return Message(topic=topic, server="h", context={"roles": []}, content=content, **wait)


@pytest.fixture
def folder(tmp_path):
    """One whose socket has a longer name than the kernel takes."""
    made = tmp_path / ("f" * 120)
    made.mkdir()
    return made


@pytest.fixture
def heard():
    return []


@pytest.fixture
def door(folder, heard):
    def deliver(got):
        heard.append(got)
        match got.topic:
            case "nobody":
                raise oslo_messaging.MessageUndeliverable(None, None, None, None)
            case "slow":
                raise oslo_messaging.MessagingTimeout("No reply on topic slow")
            case "bug":
                raise ZeroDivisionError("A sentence.")
        return {"reply": [1, None, "ü"]} if got.wants_reply else None

    made = Door(folder, deliver)
    made.start()
    yield made
    made.stop()


def test_a_message_arrives_as_it_was_and_so_does_the_reply(door, folder, heard):
    sent = message("compute", wants_reply=True, most_s=5)
    assert knock(folder, sent) == {"reply": [1, None, "ü"]}
    assert knock(folder, message("compute")) is None
    assert heard == [sent, message("compute")]


def test_many_ask_at_once(door, folder):
    big = Message(topic="compute", server=None, context={}, content={"a": "x" * 300_000})
    threads = [threading.Thread(target=knock, args=(folder, big)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert not any(one.is_alive() for one in threads)


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        ("nobody", oslo_messaging.MessageUndeliverable),
        ("slow", oslo_messaging.MessagingTimeout),
        ("bug", oslo_messaging.MessageDeliveryFailure),
    ],
)
def test_why_there_is_no_reply_is_told(door, folder, topic, error):
    with pytest.raises(error):
        knock(folder, message(topic, wants_reply=True, most_s=5))


def test_only_the_owner_may_ask(door, folder):
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_where_nobody_is_a_message_is_undeliverable(folder, tmp_path):
    with pytest.raises(oslo_messaging.MessageUndeliverable):
        knock(tmp_path / "never", message("compute"))
    with pytest.raises(oslo_messaging.MessageUndeliverable):
        knock(folder, message("compute"))


def test_what_a_killed_process_left_is_replaced(folder):
    left = socket.socket(socket.AF_UNIX)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        left.bind(NAME)
    left.close()
    with pytest.raises(oslo_messaging.MessageUndeliverable):
        knock(folder, message("compute"))
    door = Door(folder, lambda got: got.topic)
    door.start()
    assert knock(folder, message("compute", wants_reply=True)) == "compute"
    door.stop()
    assert not (folder / NAME).exists()


def test_who_goes_away_amid_a_message_harms_nobody(door, folder, heard):
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as way:
        patch.chdir(folder)
        way.connect(NAME)
        way.sendall(b'{"topic": ')
    assert knock(folder, message("compute", wants_reply=True)) == {"reply": [1, None, "ü"]}
    assert [one.topic for one in heard] == ["compute"]


def test_who_answers_with_something_else_is_nobody(folder):
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as other:
        patch.chdir(folder)
        other.bind(NAME)
        other.listen()

        def answer():
            caller, _ = other.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(b"what?")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(oslo_messaging.MessageUndeliverable):
            knock(folder, message("compute", wants_reply=True))
        thread.join(5)
    assert Answer().outcome == "reply"
