# SPDX-License-Identifier: Apache-2.0
"""A fresh Compute API for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.compute_api import ComputeApi, make_compute_api


@pytest.fixture
def api(tmp_path: Path) -> ComputeApi:
    return make_compute_api(tmp_path)
