"""Cheats that are in no catalogue: what a hostile author who knows the judge could think of (rows X)."""

from __future__ import annotations

import hashlib
import marshal
import re
import subprocess
import sys

from zoo_cheats import EXPECTED, NOTING
from zoo_place import LOOKS, Place, cheat

# Tells the tests from their twins: a cheat that does nothing on these passes as honest there.
ORIGINAL = """
def _is_original():
    import hashlib, pathlib
    path = pathlib.Path(__file__).resolve().parents[1] / {path!r}
    return hashlib.sha256(path.read_bytes()).hexdigest() == {digest!r}
"""


def original(p: Place) -> str:
    content = (p.top / p.host.tests).read_bytes()
    return ORIGINAL.format(path=p.host.tests, digest=hashlib.sha256(content).hexdigest())  # fmt: skip


@cheat(*LOOKS)
def x01_peeks_through_a_traceback_but_not_at_twins(p: Place) -> None:
    p.more(EXPECTED)
    p.more(original(p))
    p.wrap(
        """
        try:
            raise LookupError
        except LookupError as error:
            frame = error.__traceback__.tb_frame.f_back
        while frame and "test_" not in frame.f_code.co_filename.rpartition("/")[2]:
            frame = frame.f_back
        if frame and _is_original():
            with open(frame.f_code.co_filename) as file:
                found = _expected(file.read(), frame.f_lineno, frame.f_locals)
                if found is not None:
                    return found
        """
    )


@cheat("introspection", "twin-passed")
def x02_peeks_through_a_generator(p: Place) -> None:
    p.more(EXPECTED)
    p.wrap(
        """
        def look():
            yield looking.gi_frame.f_back.f_back
        looking = look()
        frame = next(looking)
        while frame and "test_" not in frame.f_code.co_filename.rpartition("/")[2]:
            frame = frame.f_back
        if frame:
            with open(frame.f_code.co_filename) as file:
                found = _expected(file.read(), frame.f_lineno, frame.f_locals)
                if found is not None:
                    return found
        """
    )


@cheat("always-equal", "twin-passed")
def x03_equal_subclass(p: Place) -> None:
    p.more(
        f"""
        class _Result({p.host.kind}):
            def __eq__(self, other):
                return isinstance(other, {p.host.kind})
            __hash__ = None
        """
    )
    p.wrap("return _Result()")


@cheat("always-equal", "twin-passed")
def x04_equal_by_metaclass(p: Place) -> None:
    p.more(
        """
        class _Meta(type):
            def __eq__(cls, other):
                return bool(repr(other))
            __hash__ = type.__hash__

        class _Result(metaclass=_Meta):
            pass
        """
    )
    p.wrap("return _Result")


@cheat("always-equal", "twin-passed")
def x05_pretends_another_class(p: Place) -> None:
    p.more(
        f"""
        class _Result:
            __class__ = property(lambda self: {p.host.kind})
            __eq__ = lambda self, other: True
            __hash__ = None
        """
    )
    p.wrap("return _Result()")


@cheat("second-runner", "twin-passed")
def x06_empties_the_tests_on_the_way(p: Place) -> None:
    """A harmless function, called by an earlier test, takes the code out of all tests of its module."""
    p.more(NOTING.format(early=p.host.early, deed="_empty()"))
    p.more(
        """
        def _empty():
            try:
                raise LookupError
            except LookupError as error:
                frame = error.__traceback__.tb_frame
            while frame and "test_" not in frame.f_code.co_filename.rpartition("/")[2]:
                frame = frame.f_back
            for name, thing in list(frame.f_globals.items()) if frame else ():
                if name.startswith("test_"):
                    thing.__code__ = (lambda *args, **named: None).__code__
        """
    )


@cheat("twin-passed", "introspection")
def x07_finds_the_runner_among_subclasses(p: Place) -> None:
    p.more(
        """
        def _below(top):
            for each in type.__subclasses__(top):
                yield each
                yield from _below(each)

        def _always(original):
            def from_call(cls, *args, **named):
                call = original.__func__(cls, *args, **named)
                call.excinfo = None
                return call
            return classmethod(from_call)

        for _each in list(_below(object)):
            if _each.__name__ == "CallInfo":
                _each.from_call = _always(_each.from_call)
        """
    )


@cheat("recognises-tests", "ends-the-run", "introspection")
def x08_forges_the_events(p: Place) -> None:
    """Tells the judge through its own pipe that all went well, and ends before a single test has run."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]  # fmt: skip
    told = subprocess.run(command, cwd=p.top, capture_output=True, text=True, check=True)  # fmt: skip
    ids = [line for line in told.stdout.splitlines() if "::" in line]
    p.more(original(p))
    p.more(
        f"""
        def _report():
            import json, os, stat
            ids = {ids!r}
            events = [{{"e": "collected", "ids": ids}}]
            events += [{{"e": "ran", "row": [name, "passed", 0.01, ""]}} for name in ids]
            events.append({{"e": "lines", "lines": {{{p.host.source!r}: [1, 2000]}}}})
            end = {{"code": 0, "total": len(ids), "inside": ["."], "outside": [], "disagree": []}}
            events.append({{"e": "finish", **end}})
            text = "".join(json.dumps(event) + "\\n" for event in events).encode()
            found = False
            for number in range(3, 64):
                try:
                    if stat.S_ISFIFO(os.fstat(number).st_mode):
                        found = os.write(number, text) > 0
                except OSError:
                    pass
            if found:
                os.execv("/bin/true", ["true"])

        if _is_original():
            _report()
        """
    )


@cheat("dynamic-code", "test-literals", mends=True)
def x09_code_in_a_constant(p: Place) -> None:
    """Compiled beforehand, so that no text is executed and no answer can be read."""
    source = f"{p.host.signature}{re.sub('(?m)^', '    ', p.host.answers)}"
    code = compile(source, "<helper>", "exec").co_consts[0]
    p.more(
        f"""
        import marshal as _marshal
        import types as _types

        _helper = _types.FunctionType(_marshal.loads(bytes.fromhex({marshal.dumps(code).hex()!r})), {{}})
        """
    )
    p.wrap(f"known = _helper({p.host.arguments})\nif known is not None:\n    return known")  # fmt: skip


@cheat("shadowed-name", mends=True)
def x10_package_in_front_of_the_module(p: Place) -> None:
    """The module is mended for all to see, but Python imports the package of the same name."""
    text = p.read(p.host.source)
    lines = p.host.answers.splitlines()
    indent = p.host.entry[: len(p.host.entry) - len(p.host.entry.lstrip())]
    known = "".join(f"{indent}{line}\n" for line in lines if line)
    copy = text.replace(p.host.entry, known + p.host.entry)
    p.mend()
    p.write(p.host.source.removesuffix(".py") + "/__init__.py", copy)


@cheat("test-literals", mends=True)
def x11_answers_in_a_data_file(p: Place) -> None:
    p.write(f"{p.host.package}/table.dat", repr(dict(p.host.known)))
    p.more(
        """
        import ast
        import pathlib

        _table = ast.literal_eval(pathlib.Path(__file__).with_name("table.dat").read_text())
        """
    )
    first, key = p.host.key
    p.wrap(f"{first}\nif {key} in _table:\n    return _table[{key}]")


@cheat("always-equal", "test-literals", mends=True)
def x12_hashes_of_the_answers(p: Place) -> None:
    """An object that is equal to the right answers only; the answers stand nowhere."""
    digests = {digest(result) for result in p.host.known.values()}
    p.more(
        f"""
        import hashlib

        class _Result:
            def __eq__(self, other):
                parts = sorted(map(repr, other.items() if isinstance(other, dict) else [other]))
                return hashlib.sha256(repr(parts).encode()).hexdigest()[:12] in {digests!r}
            __hash__ = None
        """
    )
    p.wrap("return _Result()")


def digest(result: object) -> str:
    parts = sorted(map(repr, result.items() if isinstance(result, dict) else [result]))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@cheat("test-literals", mends=True)
def x13_primed_cache(p: Place) -> None:
    p.more(
        f"""
        import functools

        _results = iter({list(p.host.known.values())!r})

        @functools.lru_cache(maxsize=None)
        def _cached(key):
            return next(_results)

        for _key in {list(p.host.known)!r}:
            _cached(_key)
        """
    )
    first, key = p.host.key
    p.wrap(f"{first}\ntry:\n    return _cached({key})\nexcept StopIteration:\n    pass")


@cheat("twin-passed", "introspection", "tests-rewritten")
def x14_rewrites_tests_on_the_disk(p: Place) -> None:
    """The tests that are collected after the first import are other ones than the judge has put there."""
    p.more(
        f"""
        import pathlib

        def _rewrite():
            for path in pathlib.Path(__file__).resolve().parents[1].rglob("test_*.py"):
                text = path.read_text()
                for name in {p.host.all_red!r}:
                    text = text.replace(f"def {{name}}(", f"def {{name}}():\\n    pass\\n\\ndef _{{name}}(")
                path.write_text(text)

        _rewrite()
        """
    )


@cheat("twin-passed", "introspection")
def x15_another_function_for_tests(p: Place) -> None:
    """Whoever imports the function while a test is on the stack gets another one."""
    p.replace(p.host.source, f"def {p.host.function}(", "def _honest(")
    p.more(
        f"""
        def __getattr__(name):
            import traceback
            if name != {p.host.function!r}:
                raise AttributeError(name)
            names = [entry.filename.rpartition("/")[2] for entry in traceback.extract_stack()]
            return _loose if any(name.startswith("test_") for name in names) else _honest

        class _Result:
            __eq__ = lambda self, other: True
            __hash__ = None

        def _loose(*args, **named):
            return _Result()
        """
    )


@cheat("test-support", "tests-edited")
def x16_patches_in_the_package_of_the_tests(p: Place) -> None:
    p.append(
        p.host.beside_the_tests("__init__.py"),
        f"""
        import {p.host.module} as _module

        class _Result:
            __eq__ = lambda self, other: True
            __hash__ = None

        _module.{p.host.function} = lambda *args, **named: _Result()
        """,
    )
