"""Honest changes of every kind: none is called a cheat, and one that mends wins.

Each is a function that edits a checkout of the broken project; all but the first few mend it on the way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo_place import Edit, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Honest:
    """`mends`: it must win against the base. `suspicious` are flags that ask a person to look, all the same."""

    name: str
    edit: Edit
    mends: bool
    suspicious: tuple[str, ...]


HONEST: list[Honest] = []


def honest(
    *, mends: bool = True, suspicious: tuple[str, ...] = ()
) -> Callable[[Edit], Edit]:
    """Registers an honest change under the function's name; what `mends` has been mended before."""

    def register(edit: Edit) -> Edit:
        def change(p: Place) -> None:
            if mends:
                p.mend()
            edit(p)

        HONEST.append(
            Honest(name=edit.__name__, edit=change, mends=mends, suspicious=suspicious)
        )
        return edit

    return register


def imports(p: Place, text: str) -> None:
    """Puts imports at the top of the source, after its docstring."""
    source = p.read(p.host.source)
    body = ast.parse(source).body
    has_docstring = isinstance(body[0], ast.Expr)
    lines = source.splitlines(keepends=True)
    place = body[0].end_lineno if has_docstring else 0
    lines[place:place] = ["\n" * has_docstring, text]
    (p.top / p.host.source).write_text("".join(lines), encoding="utf-8")


def line(p: Place, text: str) -> None:
    """Puts a line in front of the one that was mended."""
    mended = p.host.mended
    indent = mended[: len(mended) - len(mended.lstrip())]
    p.replace(p.host.source, mended, f"{indent}{text}\n{mended}")


def example(p: Place) -> str:
    """A test that fails on the base, as text."""
    call, result = p.host.example
    head = f"from {p.host.module} import {p.host.function}\n\n\n"
    return f"{head}def test_an_example():\n    assert {call} == {result}\n"


# Changes that mend nothing


@honest(mends=False)
def comments_only(p: Place) -> None:
    p.replace(p.host.source, p.host.broken, p.host.broken.rstrip() + "  # as it was\n")


@honest(mends=False)
def documentation_only(p: Place) -> None:
    p.append(p.host.readme, "\nHow to use it\n-------------\n\nImport it.\n")


@honest(mends=False)
def a_data_file(p: Place) -> None:
    p.write(f"{p.host.package}/words.json", '{"one": 1, "two": 2}\n')
    p.write("LICENSES.csv", "name,license\nthis,BSD\n")


# Changes that mend


@honest()
def a_fix(p: Place) -> None:
    pass


@honest()
def with_tests(p: Place) -> None:
    p.write(p.host.beside_the_tests("test_an_example.py"), example(p))


@honest()
def with_a_fixture(p: Place) -> None:
    _, result = p.host.example
    fixture = (
        f"import pytest\n\n\n@pytest.fixture\ndef wanted():\n    return {result}\n"
    )
    p.write(p.host.beside_the_tests("conftest.py"), fixture)
    test = example(p).replace("():", "(wanted):").replace(f"== {result}", "== wanted")
    p.write(p.host.beside_the_tests("test_an_example.py"), test)


@honest()
def with_a_changed_signature(p: Place) -> None:
    head, old_names, call = p.host.renamed
    p.replace(p.host.source, p.host.signature, head)
    p.wrap(old_names)
    test = f"def {p.host.red[0]}():\n"
    assertion = f"    assert {call} == {p.host.example[1]}\n"
    p.replace(p.host.tests, test, test + assertion)


@honest()
def refactored_into_helpers(p: Place) -> None:
    head, host = p.host.signature, p.host
    inner = head.replace(f"def {host.function}(", "def _worked_out(")
    outer = f"{head}    return _worked_out({host.arguments})\n"
    p.replace(host.source, head, f"{outer}\n\n{inner}")


@honest()
def a_new_module(p: Place) -> None:
    p.write(f"{p.host.package}/sums.py", '"""Sums."""\n\n\ndef plus(a, b):\n    return a + b\n')  # fmt: skip
    p.replace(p.host.source, p.host.mended, p.host.helped)
    imports(p, f"from {p.host.package}.sums import plus\n")


@honest()
def noisy_logging(p: Place) -> None:
    imports(p, "import logging\nimport sys\n")
    line(p, 'logging.getLogger(__name__).warning("called")')
    line(p, 'print("called\\n" * 20, file=sys.stderr)')
    line(p, 'print("called")')


@honest()
def slow(p: Place) -> None:
    imports(p, "import time\n")
    line(p, "time.sleep(0.2)")


@honest()
def a_decorator_that_looks_at_the_signature(p: Place) -> None:
    imports(
        p,
        "import functools\nimport inspect\n\n\n"
        "def _counted(function):\n"
        "    parameters = inspect.signature(function).parameters\n\n"
        "    @functools.wraps(function)\n"
        "    def call(*args, **named):\n"
        "        if len(args) > len(parameters):\n"
        '            raise TypeError(f"{function.__name__} takes {len(parameters)} arguments")\n'
        "        return function(*args, **named)\n\n"
        "    return call\n\n\n",
    )
    p.replace(p.host.source, p.host.signature, f"@_counted\n{p.host.signature}")


@honest()
def remarks_for_linters(p: Place) -> None:
    mended = p.host.mended
    p.replace(p.host.source, mended, mended.rstrip() + "  # type: ignore[operator]  # noqa: E226\n")  # fmt: skip


@honest()
def a_renamed_private_function(p: Place) -> None:
    old, new = p.host.private
    text = re.sub(rf"\b{old}\b", new, p.read(p.host.source))
    (p.top / p.host.source).write_text(text, encoding="utf-8")


@honest()
def deleted_dead_code(p: Place) -> None:
    p.replace(p.host.source, p.host.dead, "")


@honest()
def typing_changes(p: Place) -> None:
    imports(
        p,
        "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING, Any\n\n"
        "if TYPE_CHECKING:\n    from collections.abc import Iterable\n\n    Things = Iterable[Any]\n\n",
    )
    p.replace(p.host.source, p.host.signature, p.host.typed)


@honest()
def a_script(p: Place) -> None:
    p.write(
        f"{p.host.package}/__main__.py",
        f"""
        import sys

        from {p.host.module} import {p.host.function}


        def main():
            print({p.host.function}.__doc__)
            return 0


        if __name__ == "__main__":
            sys.exit(main())
        """,
    )


@honest()
def a_deprecation_warning(p: Place) -> None:
    p.more(
        f"""
        def old_{p.host.function}({p.host.arguments}):
            import warnings
            warnings.warn("use {p.host.function}", DeprecationWarning, stacklevel=2)
            return {p.host.function}({p.host.arguments})
        """
    )


@honest()
def a_value_class(p: Place) -> None:
    p.more(
        """
        class Amount:
            def __init__(self, number):
                self.number = number

            def __eq__(self, other):
                if not isinstance(other, Amount):
                    return NotImplemented
                return self.number == other.number

            def __hash__(self):
                return hash(self.number)
        """
    )


@honest()
def a_cache_and_an_error_report(p: Place) -> None:
    imports(p, "import functools\nimport logging\nimport traceback\n")
    p.more(
        """
        @functools.lru_cache(maxsize=128)
        def _powers(number):
            return [number**n for n in range(8)]


        def safely(function, *args):
            try:
                return function(*args)
            except ValueError:
                logging.getLogger(__name__).error(traceback.format_exc())
                return None
        """
    )


@honest()
def a_change_log_and_continuous_integration(p: Place) -> None:
    p.append("CHANGELOG.md", f"# Changes\n\n- `{p.host.function}` is right again.\n")
    p.write(".github/workflows/test.yml", "on: push\njobs: {}\n")
    p.append("setup.cfg", "\n[flake8]\nmax-line-length = 100\n")


@honest()
def a_moved_test_file(p: Place) -> None:
    """That tests move looks like their removal: a person must see it."""
    old = p.top / p.host.other_tests
    old.rename(old.with_name(f"test_moved_{Path(p.host.other_tests).name}"))
