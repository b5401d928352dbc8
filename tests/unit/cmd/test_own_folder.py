# SPDX-License-Identifier: Apache-2.0
"""Temporary folders of daemons: kept while their owner lives, removed when it was killed."""

import os
import signal
import tempfile

import pytest

from nova_appliance.cmd import own_folder


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed_owner():
    """The folder of a process that was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(own_folder.make("f-")).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as told:
        return told.read()


def test_the_folder_of_one_that_was_killed_goes_with_the_next(place):
    left = killed_owner()
    (place / left / "counter_1.db").write_text("1")
    mine = own_folder.make("f-")
    assert list(place.iterdir()) == [mine]


def test_folders_of_the_living_and_of_others_stay(place):
    living = own_folder.make("f-")
    (place / "f-unknown").mkdir()
    (place / "f-link").symlink_to(killed_owner())
    (place / "g-other").mkdir()
    mine = own_folder.make("f-")
    stay = {living, mine, place / "f-unknown", place / "f-link", place / "g-other"}
    assert set(place.iterdir()) == stay
