# SPDX-License-Identifier: Apache-2.0
"""One nova-cert for the module's tests, which use projects of their own."""

import pytest
from fixtures.cert_daemon import cert_stage, quick_keys


@pytest.fixture(scope="package", autouse=True)
def _quick_keys():
    with quick_keys():
        yield


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with cert_stage(tmp_path_factory.mktemp("cert")) as made:
        yield made
