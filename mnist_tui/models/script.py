"""A user's file as statements: which of them a network needs, and whether the file trains when it is run.

Many files are whole experiments that load data, train and plot at their top level. Of such a file, only the statements
that the network needs are run: imports, definitions, and the assignments that those use. No torch.
"""

from __future__ import annotations

import ast
import builtins
import codecs
import copy
import io
import symtable
import tokenize
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

_TRAINING_METHODS = frozenset({"backward", "fit", "fit_one_cycle"})
_NETWORK_BASES = ("Module", "Sequential", "ModuleList", "LightningModule", "Net", "Network")


def decode_source(content: bytes) -> str:
    """Decode like Python does; content with an invalid encoding is read as UTF-16 or Windows-1252."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Selection:
    """The statements to run, in their order, and how many there are of each kind."""

    body: list[ast.stmt] = field(default_factory=list)
    left_out: int = 0

    @property
    def describe(self) -> str:
        """`3 imports, 1 class, 2 functions, 1 assignment`."""
        kinds = {"import": 0, "class": 0, "function": 0, "assignment": 0, "other statement": 0}
        for statement in self.body:
            kinds[_kind(statement)] += 1
        counted = [(count, kind) for kind, count in kinds.items() if count]
        return ", ".join(f"{count} {_plural(kind, count)}" for count, kind in counted) or "nothing"

    def may_define(self, names: Collection[str]) -> bool:
        """Whether running it defines any of `names`, as far as can be determined."""
        return any(_is_star(statement) or _find_defined_names(statement) & set(names) for statement in self.body)


def select_statements(tree: ast.Module, name: str) -> Selection:
    """The statements needed to create `name` or, if it is empty, the networks that the file defines."""
    roots = {name} if name else find_networks(tree)
    roots |= {used for root in roots for call in find_calls(tree, root) for used in find_names(call)}
    trainers = _find_training_functions(tree)
    usable = [statement for statement in tree.body if not _has_effects(statement, trainers)]
    targets = frozenset({name})
    wanted = _find_dependencies(usable, roots, targets)
    body = [part for statement in usable if (part := _select_part(statement, wanted, targets))]
    known = {bound for statement in tree.body for bound in _find_defined_names(statement)} | set(dir(builtins))
    if not wanted - known:  # no name is left that an `import *` could define
        body = [statement for statement in body if not _is_star(statement)]
    return Selection(body, len(tree.body) - len(body))


def trains_when_run(tree: ast.Module) -> bool:
    """Whether running the file trains a network, instead of only defining one."""
    trainers = _find_training_functions(tree)
    return any(_calls_training(statement, trainers) for statement in tree.body if not _is_definition(statement))


def find_calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """The file's own calls of `name`, such as `Net(784, 10)`; variables of the function around are replaced by values.

    In `def main(): config = Config(); net = Net(config)` the call is `Net(Config())`.
    """
    functions: dict[ast.AST, ast.FunctionDef] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):  # an inner one comes after the one around it
            functions.update(dict.fromkeys(ast.walk(node), node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            around = functions.get(node)
            yield _Substitution(_find_local_values(around)).visit(copy.deepcopy(node)) if around else node


class _Substitution(ast.NodeTransformer):
    """Replaces variables by the expressions assigned to them."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._values.get(node.id)
        if value is None:
            return node
        others = {name: other for name, other in self._values.items() if name != node.id}
        replaced: ast.expr = _Substitution(others).visit(copy.deepcopy(value))
        return replaced


def _find_local_values(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The variables of a function that have one value only: assigned once, or a parameter's default."""
    values = _find_defaults(function.args)
    assigned = Counter(
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    values = {name: value for name, value in values.items() if name not in assigned}
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and assigned[target.id] == 1:
                values[target.id] = node.value
    return values


def _find_defaults(arguments: ast.arguments) -> dict[str, ast.expr]:
    """The parameters with a default."""
    by_place = [*arguments.posonlyargs, *arguments.args]
    last = by_place[len(by_place) - len(arguments.defaults) :]
    pairs = [
        *zip(last, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {parameter.arg: default for parameter, default in pairs if default is not None}


def relative_import_depth(tree: ast.Module) -> int:
    """How many packages above the file its relative imports reach: 1 for `from .blocks import Block`."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def find_imports(tree: ast.Module) -> set[str]:
    """The first parts of the names of all modules that it imports from the top."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _kind(statement: ast.stmt) -> str:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return "import"
    if isinstance(statement, ast.ClassDef):
        return "class"
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "function"
    return "assignment" if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) else "other statement"


def _plural(kind: str, count: int) -> str:
    return kind if count == 1 else f"{kind}es" if kind.endswith("s") else f"{kind}s"


def find_networks(tree: ast.Module) -> set[str]:
    """Classes with a forward, or with a base named like a network; otherwise names to which a network is assigned."""
    classes = {
        statement.name for statement in tree.body if isinstance(statement, ast.ClassDef) and _is_network(statement)
    }
    return classes or {
        name
        for statement in tree.body
        if isinstance(statement, ast.Assign) and "Sequential" in ast.dump(statement.value)
        for name in _find_defined_names(statement)
    }


def _is_network(node: ast.ClassDef) -> bool:
    has_forward = any(isinstance(entry, ast.FunctionDef) and entry.name == "forward" for entry in node.body)
    return has_forward or any(ast.unparse(base).endswith(_NETWORK_BASES) for base in node.bases)


def _find_training_functions(tree: ast.Module) -> set[str]:
    """The functions that train, and those that call them."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    trainers: set[str] = set()
    while True:
        more = {name for name, node in functions.items() if name not in trainers and _calls_training(node, trainers)}
        if not more:
            return trainers
        trainers |= more


def _calls_training(node: ast.AST, trainers: Collection[str]) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            called = inner.func
            if isinstance(called, ast.Attribute) and called.attr in _TRAINING_METHODS:
                return True
            if isinstance(called, ast.Name) and called.id in trainers:
                return True
    return False


def _is_definition(statement: ast.stmt) -> bool:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return isinstance(statement, definitions) or _is_main_guard(statement)


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in ast.dump(statement.test)


def _is_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


def _has_effects(statement: ast.stmt, trainers: Collection[str]) -> bool:
    """Loops, with-blocks, training code, and code for the command line only."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return False
    loops = (ast.For, ast.While, ast.With, ast.Assert, ast.Raise, ast.Delete)
    return isinstance(statement, loops) or _is_main_guard(statement) or _calls_training(statement, trainers)


def _find_dependencies(statements: list[ast.stmt], roots: set[str], targets: frozenset[str]) -> set[str]:
    """Every name that `roots` depend on, themselves included."""
    wanted = set(roots)
    while True:
        parts = [part for statement in statements if (part := _select_part(statement, wanted, targets))]
        more = {name for part in parts for name in find_names(part)} - wanted
        if not more:
            return wanted
        wanted |= more


def _select_part(statement: ast.stmt, wanted: set[str], targets: frozenset[str]) -> ast.stmt | None:
    """The part of a statement that concerns the wanted names; None if there is none."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return statement
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        names = [alias for alias in statement.names if _import_name(alias) in wanted or alias.name == "*"]
        if not names:
            return None
        if isinstance(statement, ast.Import):
            return ast.copy_location(ast.Import(names), statement)
        return ast.copy_location(ast.ImportFrom(statement.module, names, statement.level), statement)
    if isinstance(statement, ast.Expr):
        return statement if _is_setup_call(statement.value, wanted - targets) else None
    return statement if _find_defined_names(statement) & wanted or _find_mutated_names(statement) & wanted else None


def _import_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _is_setup_call(value: ast.expr, wanted: set[str]) -> bool:
    """Whether a wanted name may depend on this call: of `sys.path`, or of a method such as `parser.add_argument`."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    return ast.unparse(value.func).startswith("sys.path.") or _root_name(value.func) in wanted - _MODULES


# Calls of their functions, such as torch.manual_seed, set up no name of the file.
_MODULES = frozenset({"torch", "nn", "F", "np", "numpy", "random", "plt", "os", "optim", "datasets", "transforms"})


def _root_name(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _find_defined_names(statement: ast.stmt) -> set[str]:
    """The names that a statement defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    names: set[str] = set()
    for node in _walk_outer(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {_import_name(alias) for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
    return names


def _find_mutated_names(statement: ast.stmt) -> set[str]:
    """The names whose attributes or entries it assigns to, as in `config["width"] = 32`."""
    targets = (
        node
        for node in _walk_outer(statement)
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store)
    )
    return {_root_name(node) for node in targets}


def _walk_outer(statement: ast.stmt) -> Iterator[ast.AST]:
    """All of a statement but the bodies of functions and classes within it, which have names of their own."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def find_names(node: ast.AST) -> set[str]:
    """The names of the file that a statement or an expression looks up, also in functions within it."""
    return set(_find_symbols(symtable.symtable(ast.unparse(node), "", "exec"), is_top=True))


def _find_symbols(table: symtable.SymbolTable, *, is_top: bool = False) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (is_top or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _find_symbols(inner)
