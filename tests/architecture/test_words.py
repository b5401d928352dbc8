# SPDX-License-Identifier: Apache-2.0
"""The glossary holds: names of our own use its words; Nova's words live at the wire edge."""

import ast
import re
from pathlib import Path
from subprocess import run

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
    found = []
    for path in _ours():
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # a picture
            continue
        if path != Path(__file__) and here.search(text):
            found.append(path)
    assert not found


def _ours():
    """What git tracks, and what it would; in a tree without git, all but what was made there."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    git = run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if git.returncode == 0:
        paths = [ROOT / name for name in git.stdout.split("\0") if name]
    else:
        paths = [p for p in ROOT.rglob("*") if not any(map(_is_made, p.relative_to(ROOT).parts))]
    return [path for path in paths if path.is_file()]


def _is_made(name):
    return name.startswith((".", "__pycache__")) or name.endswith(".egg-info")
