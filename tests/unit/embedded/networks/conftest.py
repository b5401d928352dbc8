# SPDX-License-Identifier: Apache-2.0
"""The network service without a data plane."""

from __future__ import annotations

import pytest
from fixtures.network_service import network_service


@pytest.fixture
def service():
    with network_service() as service:
        yield service


@pytest.fixture
def private(service):
    return service.by_name("networks", "private")


@pytest.fixture
def public(service):
    return service.by_name("networks", "public")
