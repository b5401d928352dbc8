# SPDX-License-Identifier: Apache-2.0
"""An option that can be set is an option that somebody reads."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from nova_appliance import conf
from nova_appliance.scheduler.weighers.weigh import WEIGHERS

PACKAGE = Path(conf.__file__).parents[1]
MODULES = [
    importlib.import_module(f"{conf.__name__}.{m.name}")
    for m in pkgutil.iter_modules(conf.__path__)
]
OPTIONS = sorted(
    (group, option.dest)
    for module in MODULES
    for group, options in getattr(module, "OPTIONS", {}).items()
    for option in options
)
MULTIPLIERS = {f"{name}_weight_multiplier" for name, _ in WEIGHERS.values()}
"""Read by a name that is put together."""


@pytest.fixture(scope="module")
def code():
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE / "conf"]
    return "\n".join(path.read_text() for path in files)


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_every_option_is_read(code, group, name):
    named = rf"(conf|options|group|user)\b.*\.{name}\b" if group == "DEFAULT" else rf"\b{name}\b"
    assert name in MULTIPLIERS or re.search(named, code), f"[{group}]{name} is read by nobody"
