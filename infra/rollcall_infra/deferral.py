"""Moves imports from the head of a third-party module into the functions that use them.

Imports at the head of a module cost time at every cold start, even if few functions need them. The
changed module behaves the same, but each function imports what it uses when it is called. That
costs next to nothing once the imported module is loaded.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping

type Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class NotDeferrable(ValueError):
    """The imports cannot be moved without changing what the module does."""


def defer_imports(source: str, modules: Collection[str]) -> str:
    """The source with its imports of ``modules`` moved into its functions. Modules are named as in
    the import statement, relative ones with their dots; ``a.b`` also means ``from a import b``.
    An import that no function uses is dropped.

    Raises NotDeferrable if the source does not import a module at its head, or needs it there.
    """
    tree = ast.parse(source)
    imports = _take_imports(tree, modules)
    has_lazy_annotations = "from __future__ import annotations" in source
    for node in _run_at_import(tree, with_annotations=not has_lazy_annotations):
        if isinstance(node, ast.Name) and node.id in imports:
            raise NotDeferrable(f"line {node.lineno} uses {node.id} when the module is imported")
    for function in _outermost_functions(tree):
        _import_inside(function, imports)
    return ast.unparse(ast.fix_missing_locations(tree))


def names_imported(source: str, modules: Collection[str]) -> frozenset[str]:
    """The names that the imports of ``modules`` at the head of the source bind."""
    return frozenset(_take_imports(ast.parse(source), modules))


def _take_imports(tree: ast.Module, modules: Collection[str]) -> Mapping[str, ast.stmt]:
    """Remove the imports of the modules; returns each as a statement, by the name it binds."""
    taken: dict[str, ast.stmt] = {}
    found: set[str] = set()
    for node in list(tree.body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in list(node.names):
            if matching := _names_of(node, alias) & set(modules):
                found |= matching
                node.names.remove(alias)
                taken[alias.asname or alias.name.partition(".")[0]] = _import_alone(node, alias)
        if not node.names:
            tree.body.remove(node)
    if missing := set(modules) - found:
        raise NotDeferrable(f"it does not import {', '.join(sorted(missing))} at its head")
    return taken


def _names_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> set[str]:
    """The names by which ``modules`` can list an import: its module, and for ``from a import b``
    also ``a.b``.
    """
    if isinstance(node, ast.Import):
        return {alias.name}
    module = "." * node.level + (node.module or "")
    return {module, f"{module}.{alias.name}"}


def _import_alone(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)


def _run_at_import(node: ast.AST, *, with_annotations: bool) -> Iterator[ast.AST]:
    """All nodes outside the bodies of functions; annotations only if they are evaluated."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, FUNCTIONS) and name == "body":
            continue
        if name in {"annotation", "returns"} and not with_annotations:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _run_at_import(child, with_annotations=with_annotations)


def _outermost_functions(node: ast.AST) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield child
        else:
            yield from _outermost_functions(child)


def _import_inside(function: Function, imports: Mapping[str, ast.stmt]) -> None:
    """Add the imports that a function uses, before the statements that use them."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and _binds(node)}
    bound |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    for name, statement in imports.items():
        if not any(map(_uses(name), nodes)):
            continue
        if name in bound:
            raise NotDeferrable(f"{function.name} binds {name} itself")
        block, place = _find_first_use(function.body, name)
        block.insert(place, statement)


def _find_first_use(block: list[ast.stmt], name: str) -> tuple[list[ast.stmt], int]:
    """The innermost block that contains all uses of a name, and the index of the first use. Only
    blocks of ``if`` and ``with`` count, not those of loops.
    """
    using = [place for place, each in enumerate(block) if any(map(_uses(name), ast.walk(each)))]
    first = block[using[0]]
    if len(using) == 1 and isinstance(first, ast.If | ast.With):
        inner = [each for each in (first.body, getattr(first, "orelse", [])) if each]
        uses = [sum(map(_uses(name), _walk_all(each))) for each in inner]
        whole = sum(map(_uses(name), ast.walk(first)))
        for candidate, count in zip(inner, uses, strict=True):
            if count == whole:
                return _find_first_use(candidate, name)
    return block, using[0]


def _walk_all(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    return (node for statement in statements for node in ast.walk(statement))


def _uses(name: str) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, ast.Name) and node.id == name


def _binds(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)
