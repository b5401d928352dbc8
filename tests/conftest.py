# SPDX-License-Identifier: Apache-2.0
"""What all tiers share: a real MariaDB, started once for those tests that ask for it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `fixtures` is importable from every tier


from fixtures import one_connection, time_left

one_connection.watch()

pytest_runtest_setup = time_left.pytest_runtest_setup


def pytest_addoption(parser):
    parser.addoption("--pictures", metavar="FOLDER", help="leave pictures of consoles there")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory):
    from fixtures.mariadb import Mariadb  # noqa: PLC0415 - only where it is used

    server = Mariadb(tmp_path_factory.mktemp("mariadb")).start()
    yield server
    server.stop()
