# SPDX-License-Identifier: Apache-2.0
"""Requirements of extra specs: an operator and operands against a value of the host."""

from __future__ import annotations

import operator
from collections.abc import Callable

Check = Callable[[str, list[str]], bool]


def matches(value: object, requirement: str) -> bool:
    """Whether a host's value meets a requirement such as `>= 5`, `<in> avx` or plain text."""
    words = requirement.split()
    if not words or words[0] not in OPERATORS:
        return str(value) == requirement
    try:
        return OPERATORS[words[0]](_text(value), words[1:])
    except (ValueError, IndexError):
        return False


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _number(compare: Callable[[float, float], bool]) -> Check:
    return lambda value, words: compare(float(value), float(words[0]))


def _word(compare: Callable[[str, str], bool]) -> Check:
    return lambda value, words: compare(value, words[0])


OPERATORS: dict[str, Check] = {
    "=": _number(operator.ge),
    "==": _number(operator.eq),
    "!=": _number(operator.ne),
    ">=": _number(operator.ge),
    "<=": _number(operator.le),
    ">": _number(operator.gt),
    "<": _number(operator.lt),
    "s==": _word(operator.eq),
    "s!=": _word(operator.ne),
    "s>=": _word(operator.ge),
    "s<=": _word(operator.le),
    "s>": _word(operator.gt),
    "s<": _word(operator.lt),
    "<in>": lambda value, words: words[0] in value,
    "<all-in>": lambda value, words: all(word in value.split() for word in words),
    "<or>": lambda value, words: any(_alike(value, w) for w in words if w != "<or>"),
}
"""`=` means at least, as it always did in extra specs."""


def _alike(value: str, word: str) -> bool:
    try:
        return float(value) == float(word)
    except ValueError:
        return value == word
