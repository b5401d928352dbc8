# SPDX-License-Identifier: Apache-2.0
"""Budgets of the house style: a file answers one question, a function does one thing."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nova_appliance"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LINES, TEST_LINES, FUNCTION_LINES, METHODS, ARGUMENTS, IMPORTS = 400, 600, 40, 15, 5, 15

EXCEPTIONS = {
    # path or path::name: reason. The list may only shrink.
    "nova_appliance/cmd/wiring.py::imports": "it puts all rooms of a daemon together",
    "nova_appliance/conductor/service.py::imports": "it joins the conductor's parts to its calls",
    "nova_appliance/ec2/app.py::imports": "it puts the EC2 room together",
    "nova_appliance/ec2/actions/run.py::imports": "RunInstances touches every noun of EC2",
    "nova_appliance/console/proxy.py::imports": "websockify asks for the standard library's servers",
    "nova_appliance/virt/libvirt/driver.py::imports": "it puts the driver's concerns together",
}


def _excused(key):
    return key in EXCEPTIONS


def _functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_keeps_its_budgets(path):
    name = str(path.relative_to(ROOT))
    text = path.read_text()
    tree = ast.parse(text)
    problems = []
    if len(text.splitlines()) > LINES and not _excused(name):
        problems.append(f"{len(text.splitlines())} lines")
    for f in _functions(tree):
        if f.end_lineno - f.lineno + 1 > FUNCTION_LINES and not _excused(f"{name}::{f.name}"):
            problems.append(f"{f.name} has {f.end_lineno - f.lineno + 1} lines")
        given = f.args.posonlyargs + f.args.args
        count = len([a for a in given if a.arg not in ("self", "cls")]) + len(f.args.kwonlyargs)
        if count > ARGUMENTS and not _excused(f"{name}::{f.name}"):
            problems.append(f"{f.name} takes {count} arguments")
    for c in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
        methods = [n for n in c.body if isinstance(n, ast.FunctionDef)]
        if len(methods) > METHODS and not _excused(f"{name}::{c.name}"):
            problems.append(f"{c.name} has {len(methods)} methods")
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if len(imports) > IMPORTS + 1 and not _excused(f"{name}::imports"):  # + __future__
        problems.append(f"{len(imports)} imports")
    assert not problems, f"{name}: {'; '.join(problems)}"


@pytest.mark.parametrize("path", TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_test_file_is_readable(path):
    assert len(path.read_text().splitlines()) <= TEST_LINES


def test_the_median_function_is_short():
    lengths = [
        f.end_lineno - f.lineno + 1 for p in FILES for f in _functions(ast.parse(p.read_text()))
    ]
    assert statistics.median(lengths) <= 9


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_has_its_head(path):
    text = path.read_text()
    if not text.strip():
        return  # an empty __init__.py
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n"), path
    doc = ast.get_docstring(ast.parse(text))
    assert doc, f"{path} has no module sentence"


def test_no_file_has_a_name_that_says_nothing():
    banned = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py", "manager.py"}
    assert not [p for p in FILES if p.name in banned]


def test_the_list_of_programs_is_sorted():
    lines = (PACKAGE / "common" / "allowlist.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert names == sorted(set(names))
