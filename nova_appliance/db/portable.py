# SPDX-License-Identifier: Apache-2.0
"""SQL that SQLite and MariaDB spell differently: JSON texts, regular expressions."""

# ruff: noqa: S608 - the parts of each text are compiled clauses, values stay bound

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Asked(FunctionElement[bool]):
    type = sa.Boolean()


class has_item(_Asked):  # noqa: N801 - reads as SQL
    """`has_item(column, text)`: the JSON list of texts has it."""

    name = "has_item"
    inherit_cache = True


class has_pair(_Asked):  # noqa: N801 - reads as SQL
    """`has_pair(column, key, text)`: the JSON object of texts has it."""

    name = "has_pair"
    inherit_cache = True


class has_match(_Asked):  # noqa: N801 - reads as SQL
    """`has_match(column, version, pattern)`: one of the addresses of that version matches."""

    name = "has_match"
    inherit_cache = True


class image_property(FunctionElement[str]):  # noqa: N801 - reads as SQL
    """`image_property(column, path)`: a text inside of a JSON column, '' when missing."""

    type = sa.Text()
    inherit_cache = True
    name = "image_property"


def matches(column: Any, pattern: str) -> sa.ColumnElement[bool]:
    """Regular expression anywhere in a text, bound as a value; NULL never matches."""
    return sa.and_(column.is_not(None), column.op("REGEXP")(pattern))


def _arguments(element: Any, compiler: Any, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(has_item, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, text = _arguments(element, compiler, **kw)
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS j WHERE j.value = {text})"


@compiles(has_item)
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, text = _arguments(element, compiler, **kw)
    return (
        f"EXISTS (SELECT 1 FROM JSON_TABLE({column}, '$[*]' COLUMNS "
        "(item VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS j "
        f"WHERE j.item = {text})"
    )


@compiles(has_pair, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, key, text = _arguments(element, compiler, **kw)
    return (
        f"EXISTS (SELECT 1 FROM json_each({column}) AS j WHERE j.key = {key} AND j.value = {text})"
    )


@compiles(has_pair)
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, key, text = _arguments(element, compiler, **kw)
    return f"JSON_CONTAINS({column}, JSON_OBJECT({key}, {text}))"


@compiles(has_match, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, version, pattern = _arguments(element, compiler, **kw)
    return (
        f"EXISTS (SELECT 1 FROM json_each({column}) AS j "
        f"WHERE json_extract(j.value, '$.version') = {version} "
        f"AND json_extract(j.value, '$.address') REGEXP {pattern})"
    )


@compiles(has_match)
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, version, pattern = _arguments(element, compiler, **kw)
    return (
        f"EXISTS (SELECT 1 FROM JSON_TABLE({column}, '$[*]' COLUMNS "
        "(version INT PATH '$.version', address VARCHAR(64) PATH '$.address')) AS j "
        f"WHERE j.version = {version} AND j.address REGEXP {pattern})"
    )


@compiles(image_property, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, path = _arguments(element, compiler, **kw)
    return f"COALESCE(json_extract({column}, {path}), '')"


@compiles(image_property)
def _(element: Any, compiler: Any, **kw: Any) -> str:
    column, path = _arguments(element, compiler, **kw)
    return f"COALESCE(JSON_VALUE({column}, {path}), '')"
