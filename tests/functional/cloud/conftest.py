# SPDX-License-Identifier: Apache-2.0
"""A whole embedded cloud with the fake driver, shared by the tests of a module."""

import pytest
from fixtures.cloud_seed import seed
from fixtures.whole_cloud import WholeCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    found = WholeCloud(tmp_path_factory.mktemp("cloud")).start()
    seed(found)
    yield found
    found.stop()
