# SPDX-License-Identifier: Apache-2.0
"""The glossary holds: names of our own use its words; Nova's words live at the wire edge."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nova_appliance"
EDGE = ("api/", "ec2/", "conf/", "embedded/", "cmd/")
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)


def _banned():
    text = (ROOT / "docs" / "glossary.md").read_text()
    rows = re.findall(r"^\| \*(\w+)\* \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE)
    return {word.strip(): good for good, words in rows for word in words.split(",") if word.strip()}


def _names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _words(name):
    return re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())


def test_the_glossary_bans_something():
    assert "instance" in _banned()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_names_use_the_glossary(path):
    where = str(path.relative_to(PACKAGE))
    if where.startswith(EDGE):
        return
    banned = _banned()
    found = {
        f"{name}: say {banned[word]}"
        for name in _names(ast.parse(path.read_text()))
        for word in _words(name)
        if word in banned
    }
    assert not found, f"{where}: {sorted(found)}"


def test_no_path_of_a_developers_machine():
    here = re.compile(r"/home/(?!tiny)\w+|/Users/\w+")
    kinds = {".py", ".md", ".sh", ".toml", ".yml", ".cfg", ".ini"}
    foreign = {".venv", ".appliance"}  # what was installed there
    tracked = [p for p in ROOT.rglob("*") if p.suffix in kinds and not foreign & set(p.parts)]
    assert not [p for p in tracked if p != Path(__file__) and here.search(p.read_text())]
