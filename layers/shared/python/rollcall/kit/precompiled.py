"""Code that Python would compile at each import, compiled once when the layer is built.

Data classes, named tuples, annotations and regular expressions are texts that Python compiles when
a module is imported: a fifth of the instructions of a cold start. The layer contains the results
in a file next to this module. A text that is not in the file is compiled as usual. Without the
file, as on a developer's machine, nothing changes.
"""

# No future import here: it would also apply to the texts that are compiled in this module.

import builtins
import collections
import dataclasses
import importlib
import marshal
import os
import sys
import typing
from collections.abc import Callable
from types import CodeType
from typing import Any

FILE = os.path.join(os.path.dirname(__file__), "precompiled.marshal")
REGULAR_EXPRESSIONS = importlib.import_module("re._compiler")
ENGINE = importlib.import_module("_sre")


type Codes = dict[tuple[str, str], bytes]
"""Marshalled code, by its text and its mode: executed (``exec``) or evaluated (``eval``)."""
type Patterns = dict[tuple[str | bytes, int], bytes]
"""The marshalled arguments of the regular expression engine, by the expression and its flags."""


def readable_version() -> str:
    """The versions of bytecode and compiled expressions that this Python reads."""
    loader = importlib.import_module("_frozen_importlib_external")
    return f"{sys.implementation.cache_tag} {loader.MAGIC_NUMBER.hex()} {ENGINE.MAGIC}"


def use_precompiled(file: str = FILE) -> bool:
    """Use the file instead of compiling. Returns False if there is no usable file."""
    try:
        with open(file, "rb") as stream:
            held = stream.read()
    except FileNotFoundError:
        return False
    version, codes, patterns = marshal.loads(held)  # noqa: S302 (from our own layer)
    if version != readable_version():
        return False
    _use_codes(codes)
    _use_patterns(patterns)
    return True


def _use_codes(codes: Codes) -> None:
    def find(text: str, mode: str) -> CodeType | str:
        code = codes.get((text, mode))
        return marshal.loads(code) if code else text  # noqa: S302 (from our own layer)

    def execute(text: str, *scopes: Any) -> None:
        builtins.exec(find(text, "exec"), *scopes)  # noqa: S102 (what dataclasses would execute)

    def evaluate(text: str, *scopes: Any) -> Any:
        return builtins.eval(find(text, "eval"), *scopes)  # noqa: S307 (what namedtuple would evaluate)

    def compile_text(text: str, name: str, mode: str) -> Any:
        found = find(text, mode)
        return found if isinstance(found, CodeType) else builtins.compile(found, name, mode)

    # A name in a module shadows the built-in function.
    vars(dataclasses)["exec"] = execute
    vars(collections)["eval"] = evaluate
    vars(typing)["compile"] = compile_text


def _use_patterns(patterns: Patterns) -> None:
    compile_usually: Callable[..., Any] = REGULAR_EXPRESSIONS.compile

    def compile_pattern(pattern: Any, flags: int = 0) -> Any:
        packed = patterns.get((pattern, flags)) if isinstance(pattern, str | bytes) else None
        if packed is None:
            return compile_usually(pattern, flags)
        return ENGINE.compile(pattern, *marshal.loads(packed))  # noqa: S302 (from our own layer)

    vars(REGULAR_EXPRESSIONS)["compile"] = compile_pattern
