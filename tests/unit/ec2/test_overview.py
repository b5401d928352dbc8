# SPDX-License-Identifier: Apache-2.0
"""The page of the EC2 API lists what is built."""

from pathlib import Path

from nova_appliance.ec2 import overview
from nova_appliance.ec2.routes import ROUTES

PAGE = Path(__file__).parents[3] / "docs" / "ec2.md"


def test_the_page_has_todays_table():
    text = PAGE.read_text()
    assert overview.renewed(text) == text
    assert all(f"| {name} |" in text for name in ROUTES)
