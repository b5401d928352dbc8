# SPDX-License-Identifier: Apache-2.0
"""Checks bodies and queries against schemas; the sentences of the 400s are Nova's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
from jsonschema import validators

from nova_appliance.api.formats import CHECKER
from nova_appliance.api.versioned import LEGACY, MIN, Schema, Version, Versioned
from nova_appliance.common import errors

_RULES = jsonschema.Draft4Validator.VALIDATORS
Problems = Iterator[jsonschema.ValidationError]


def _number(value: Any) -> Any:
    """Clients may send numbers as texts where a schema says so; bounds hold for them too."""
    try:
        return int(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _minimum(validator: Any, bound: int, instance: Any, schema: Schema) -> Problems:
    yield from _RULES["minimum"](validator, bound, _number(instance), schema)


def _maximum(validator: Any, bound: int, instance: Any, schema: Schema) -> Problems:
    yield from _RULES["maximum"](validator, bound, _number(instance), schema)


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Schema) -> Problems:
    """`$` is the end of the text, as in ECMA; Python's also stands before a last newline."""
    end = re.sub(r"\$$", r"\\Z", pattern)
    if validator.is_type(instance, "string") and not re.search(end, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _forget_unknown(validator: Any, allowed: Any, instance: Any, schema: Schema) -> Problems:
    """/v2 drops unknown keys where 2.1 refuses them."""
    if allowed is not False or not isinstance(instance, dict):
        yield from _RULES["additionalProperties"](validator, allowed, instance, schema)
        return
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for key in list(instance):
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            del instance[key]


_STRICT = validators.extend(
    jsonschema.Draft4Validator, {"minimum": _minimum, "maximum": _maximum, "pattern": _pattern}
)
_RELAXED = validators.extend(_STRICT, {"additionalProperties": _forget_unknown})


class Checks:
    """The validators of one schema, one per shape it has had; made once at start."""

    def __init__(self, schema: Versioned | Schema) -> None:
        self._schema = schema if isinstance(schema, Versioned) else Versioned(schema)
        self._strict = [
            _STRICT(self._schema.at(version), format_checker=CHECKER)
            for version in self._schema.since
        ]
        self._legacy = _RELAXED(self._schema.at(LEGACY), format_checker=CHECKER)

    def at(self, version: Version) -> Any:
        """The validator there; `LEGACY` is the compatibility mode /v2."""
        return self._legacy if version < MIN else self._strict[self._schema.index(version)]


def check_body(validator: Any, body: Any) -> None:
    """Raises Invalid with the first problem of a body."""
    for problem in _problems(validator, body):
        if isinstance(problem.cause, errors.Invalid):
            raise errors.Invalid(problem.cause.message) from problem
        if problem.path:
            raise errors.Invalid(
                f"Invalid input for field/attribute {problem.path[-1]}. "
                f"Value: {problem.instance}. {problem.message}"
            )
        raise errors.Invalid(problem.message)


def check_query(validator: Any, query: dict[str, list[str]]) -> dict[str, list[str]]:
    """The known keys of a query. Raises Invalid with its first problem."""
    for problem in _problems(validator, query):
        if problem.path:
            raise errors.Invalid(
                f"Invalid input for query parameters {problem.path[0]}. "
                f"Value: {problem.instance}. {problem.message}"
            )
        raise errors.Invalid(problem.message)
    known = validator.schema.get("properties", {})
    return {key: value for key, value in query.items() if key in known}


def _problems(validator: Any, value: Any) -> Problems:
    try:
        yield from validator.iter_errors(value)
    except (TypeError, RecursionError) as error:
        raise errors.Invalid("The request cannot be understood.") from error
