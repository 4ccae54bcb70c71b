"""Small changes of a module's source, each of which a test should notice."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


class Mutant(NamedTuple):
    """A module with one change.

    Attributes:
        module: Its dotted name.
        line: Where the change is.
        change: What was there, and what is there now.
        source: The changed source.
    """

    module: str
    line: int
    change: str
    source: str


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    ignored = {id(node) for node in _ignored(tree)}
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in ignored
    ]
    for node in nodes:
        for changed in _changes(node):
            before, after = ast.unparse(node), ast.unparse(changed)
            with_change = ast.unparse(_Replaced(node, changed).visit(tree))
            _Replaced(changed, node).visit(tree)
            yield Mutant(module, node.lineno, f"{before} -> {after}", with_change)


class _Replaced(ast.NodeTransformer):
    """Puts one node in the place of another, in the tree itself."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    @override
    def visit(self, node: ast.AST) -> Any:
        return self._new if node is self._old else self.generic_visit(node)


def _ignored(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what says nothing to a test: documentation, annotations, texts."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                parts = [node]
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                parts = [node]
            case ast.FunctionDef():
                every = (*node.args.args, *node.args.kwonlyargs)
                parts = [node.returns, *(each.annotation for each in every)]
            # Whether it is frozen is for those who write the code, not for its users.
            case ast.ClassDef():
                parts = [*node.keywords, *node.decorator_list]
            case ast.AnnAssign():
                parts = [node.annotation]
            # What an error says, and how a text is put together, is not logic.
            case ast.JoinedStr():
                parts = [node]
        for part in filter(None, parts):
            yield from ast.walk(part)


def _changes(node: ast.expr | ast.stmt) -> Iterator[ast.AST]:  # noqa: C901 - a table
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in _COMPARISONS:
            other = copy.copy(node)
            other.ops = [_COMPARISONS[type(operator)](), *node.ops[1:]]
            yield other
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(other_op, node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _OPERATORS:
            yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
        case ast.Constant(value=value):
            yield from _other_values(value)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.If():
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Continue():
            yield ast.Break()
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield ast.Pass()


def _other_values(value: object) -> Iterator[ast.AST]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int():
            yield ast.Constant(value + 1)
        case str():
            yield ast.Constant(f"{value}X")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
