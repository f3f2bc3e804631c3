"""Small changes to our own components, most of which make them wrong: are they refused?

Impostors are what people thought of; mutants are what nobody did. `python -m
sums_to_one.tests.judge.mutants [component ...]` changes one number, sign, comparison or operator of
`concepts/` at a time, some of all, always the same ones, asks every law about the changed
component, and lists those that none refuses and that refuse nothing openly themselves. A change
that makes no difference to anybody stands, with the reason, in `equivalent_mutants.toml`.
"""

import ast
import contextlib
import copy
import hashlib
import importlib
import io
import multiprocessing
import signal
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

import torch

from sums_to_one.cifar.modules import ROOT, name_of
from sums_to_one.tests.common.limits import NotProvided
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.components import KNOWN, chapter_of, file_of
from sums_to_one.tests.judge.teeth import claims_about
from sums_to_one.tests.judge.versions import Version

EACH = 8  # mutants of a component: a second each, most of them
PATIENCE = 60.0  # seconds of processor time for all claims; who takes longer runs for ever
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")

# What each operator becomes: the one it is easily taken for.
_ONE_WAY = [(ast.FloorDiv, ast.Mult), (ast.Mod, ast.FloorDiv), (ast.Pow, ast.Mult)]
_BOTH_WAYS = [
    *((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.USub, ast.UAdd)),
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq)),
    *((ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or), (ast.BitAnd, ast.BitOr)),
]
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    **dict(_ONE_WAY),
    **{one: other for pair in _BOTH_WAYS for one, other in (pair, pair[::-1])},
}


@dataclass(frozen=True)
class Mutant:
    """One change to one line; `index` is that of the changed node among all of the file."""

    component: str
    file: Path
    index: int
    number: int
    line: str
    after: str

    def __str__(self) -> str:
        return f"{self.words} (line {self.number})"

    @property
    def words(self) -> str:
        """As `equivalent_mutants.toml` has it: lines move."""
        where = self.file.relative_to(ROOT / "concepts").as_posix()
        return f"{self.component}: {where}: {self.line}  ->  {self.after}"

    def loaded(self) -> Version:
        """The component with that change; whoever is imported from now on has it, too."""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        _mutate([*ast.walk(tree)][self.index])
        for name in [name for name in sys.modules if name.startswith("sums_to_one.concepts.")]:
            del sys.modules[name]
        changed = ModuleType(name_of(self.file))
        sys.modules[changed.__name__] = changed
        exec(compile(tree, str(self.file), "exec"), vars(changed))
        own = importlib.import_module(name_of(file_about(self.component)))
        return Version(self.component, str(self), getattr(own, self.component))


def file_about(component: str) -> Path:
    return ROOT / "concepts" / chapter_of(component) / f"{file_of(component)}.py"


def mutants_in(file: Path, component: str, names: Iterable[str] = ()) -> Iterator[Mutant]:
    """Every change of a file, one by one, less what only words and types are made of.

    Args:
        file: of ours.
        component: that takes something from it.
        names: what it takes, if not all.
    """
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    parts = [node for node in tree.body if not names or _is_used(tree, node, set(names))]
    mutable = {id(node) for part in parts for node in ast.walk(part)}
    mutable -= {id(part) for node in _words_in(tree) for part in ast.walk(node)}
    seen: set[tuple[str, str]] = set()
    for index, node in enumerate(ast.walk(tree)):
        changed = copy.deepcopy(node)
        if id(node) in mutable and _mutate(changed):
            line, after = _lines(text, node, changed)
            while (line, after) in seen:  # the same words elsewhere
                after += ", again"
            seen.add((line, after))
            number = node.lineno  # type: ignore[attr-defined]  # all that _mutate changes have one
            yield Mutant(component, file, index, number, line, after)


def _lines(text: str, node: Any, changed: ast.AST) -> tuple[str, str]:
    """The line of a node, and what the change makes of it; of several lines the first alone."""
    line = text.splitlines()[node.lineno - 1]
    end = node.end_col_offset if node.end_lineno == node.lineno else len(line)
    after = line[: node.col_offset] + ast.unparse(changed) + line[end:]
    return line.partition("  #")[0].strip(), after.partition("  #")[0].strip()


def _is_used(tree: ast.Module, part: ast.stmt, names: set[str]) -> bool:
    """Whether some of these names, or what they are made with, is defined there."""
    defined = {name: node for node in tree.body for name in _defined_by(node)}
    waiting, found = [*names], set(names)
    while waiting:
        node = defined.get(waiting.pop())
        new = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - found if node else set()
        found |= new
        waiting += new
    return bool(_defined_by(part) & found)


def _defined_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _words_in(tree: ast.AST) -> Iterator[ast.AST]:
    """Messages of errors, and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            yield node
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns:
            yield node.returns


def _mutate(node: ast.AST) -> bool:
    """Change a node; False if there is nothing to change in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        value = node.value
        node.value = (
            not value
            if isinstance(value, bool)
            else value + 1
            if isinstance(value, int)
            else value * 1.25 or 0.125
        )
        return True
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        node.ops[0] = SWAPPED[type(node.ops[0])]()  # type: ignore[call-overload]  # the table fits
        return True
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.AugAssign | ast.BoolOp):
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        elif type(node.op) in SWAPPED:
            node.op = SWAPPED[type(node.op)]()  # type: ignore[assignment]  # the table fits
        else:
            return False
        return True
    return False


def all_mutants(component: str) -> list[Mutant]:
    """Those of its own file, and of what that takes from others of its chapter."""
    waiting: list[tuple[Path, frozenset[str]]] = [(file_about(component), frozenset())]
    seen, found = set(waiting), []
    while waiting:
        file, names = waiting.pop()
        found += list(mutants_in(file, component, names))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and f".{chapter_of(component)}." in str(
                node.module
            ):
                helper = file.parent / f"{str(node.module).rpartition('.')[2]}.py"
                new = helper, frozenset(alias.name for alias in node.names)
                waiting += [new] if new not in seen else []
                seen.add(new)
    return found


def sample(component: str, count: int = EACH) -> list[Mutant]:
    """Some mutants of a component: the same in every run, and most of them after a change."""
    by_lot = sorted(
        all_mutants(component), key=lambda mutant: hashlib.sha256(mutant.words.encode()).digest()
    )
    return sorted(by_lot[:count], key=lambda mutant: (mutant.file, mutant.number, mutant.index))


def equivalent() -> dict[str, str]:
    """Why a mutant differs from ours in nothing that anybody could notice, by its words."""
    with EQUIVALENT.open("rb") as file:
        return {row["mutant"]: row["because"] for row in tomllib.load(file)["equivalent"]}


def refused_by(mutant: Mutant) -> str:
    """The first law that refuses a mutant, or what it refuses openly itself, or nothing."""
    # All output is lost: a mutant may print, too.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        signal.signal(signal.SIGVTALRM, _stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
        try:
            version = mutant.loaded()
            laws = [law for law in claims_about(mutant.component) if not law.is_experiment]
            lacking = ""
            for law in laws:
                answer = law.answer(version)
                if isinstance(answer, NotProvided):  # ours provides all that is asked for
                    lacking = str(answer)
                elif answer:
                    return law.name
            return lacking
        # reason: a mutant that cannot even be imported is refused by Python
        except Exception as problem:
            return type(problem).__name__
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise TimeoutError("it runs for ever")


def main(*names: str) -> int:
    """How many of the mutants of each component are refused, and who is not."""
    asked = [c for c in KNOWN if not names or {c, chapter_of(c)} & {*names}]
    profiles.load_suite()
    torch.set_num_threads(1)
    for component in asked:  # once, and not in every process
        claims_about(component)
    known, survivors, count = equivalent(), 0, 0
    # A process for each: what a mutant changes in what is imported ends with it.
    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        for component in asked:
            mutants = [mutant for mutant in sample(component) if mutant.words not in known]
            answers = zip(mutants, pool.imap(refused_by, mutants, chunksize=1), strict=True)
            left = [f"  {mutant}" for mutant, law in answers if not law]
            refused = len(mutants) - len(left)
            line = f"{component}: {refused} of {len(mutants)} refused"
            print("\n".join([line, *left]), flush=True)
            survivors, count = survivors + len(left), count + len(mutants)
    print(f"mutants refused: {count - survivors} of {count}")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
