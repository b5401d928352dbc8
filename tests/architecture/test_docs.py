# SPDX-License-Identifier: Apache-2.0
"""Pages agree with the tree: links lead somewhere, tables name what there is, decisions look alike."""

import re
import tomllib
from pathlib import Path

import pytest

from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.conf.load import load
from nova_appliance.db.tables import api, cell
from nova_appliance.rpc.calls.topics import TOPICS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (DOCS / "architecture.md").read_text()
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("roles/*/README.md")))
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
CODE = re.compile(r"`([a-z_0-9]+(?:/[a-z_0-9]+)+\.(?:py|yml|tsv|sh))\b")
OPTION = re.compile(r"\[(\w+)\] ?(\w+)")
CONF = load(files=())
FRAGMENTS = sorted((ROOT / "changelog.d").glob("*.md"))
HOME = (ROOT, ROOT / "nova_appliance", ROOT / "playbooks")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_lead_somewhere(page):
    text = page.read_text()
    links = [one for one in LINK.findall(text) if not (page.parent / one).exists()]
    files = [one for one in CODE.findall(text) if not any((home / one).exists() for home in HOME)]
    assert (links, files) == ([], [])


@pytest.mark.parametrize("page", [*PAGES, *FRAGMENTS], ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_name_options_that_there_are(page):
    named = OPTION.findall(page.read_text())
    assert [(group, name) for group, name in named if not _is_option(group, name)] == []


def _is_option(group, name):
    return name in CONF if group == "DEFAULT" else group in CONF and name in CONF[group]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda p: p.name)
def test_readme_links_every_page(page):
    assert f"(docs/{page.name})" in README


def test_readme_names_every_program():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert [name for name in scripts if name not in README] == []


def _missing(names):
    return [name for name in names if f"`{name}`" not in ARCHITECTURE]


def test_architecture_names_every_call_and_saga():
    assert _missing(name for calls in TOPICS.values() for name in calls) == []
    assert _missing(SAGAS) == []


def test_architecture_names_every_table_and_room():
    words = set(re.findall(r"\w+", ARCHITECTURE))
    tables = {*api.METADATA.tables, *cell.METADATA.tables}
    rooms = {path.parent.name for path in (ROOT / "nova_appliance").glob("*/__init__.py")}
    assert (tables | rooms) - words == set()


@pytest.mark.parametrize("page", DECISIONS, ids=lambda p: p.name)
def test_decisions_look_alike(page):
    number, text = page.name[:4], page.read_text()
    assert text.startswith(f"# {number}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Question",
        "Decision",
        "Because",
        "Costs",
    ]
    assert [other.name for other in DECISIONS if other.name.startswith(number)] == [page.name]
