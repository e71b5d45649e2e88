"""Runs pieces of code from a task's text, inside the project's Python, each in a process and a folder of its own.

`python -s reproduce.py ORDER.json`: one JSON document a line goes to the pipe named in the order. A script prints
the values of its expressions and, at its end, of its variables, as a session would; an exception ends it and is
told without its frames, whose line numbers differ between candidates that are right.
"""

import ast
import contextlib
import io
import json
import os
import runpy
import signal
import sys

from runner import begin, place_code

LONGEST = 20000  # characters of output kept


class Names(dict):
    """The variables of a script; a name that it forgot to import is looked for in the project's own packages."""

    def __init__(self, packages):
        super().__init__(__name__="__main__", __builtins__=__builtins__)
        self.packages = packages

    def find(self, name):
        if name in self.packages:
            return True, __import__(name)
        for package in self.packages:
            with contextlib.suppress(Exception):
                return True, getattr(__import__(package), name)
        return False, None


def run_script(job, packages):
    names = Names(packages)
    for source in job["before"]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            execute(source, names, quiet=True)
    known = set(names)
    execute(job["source"], names, quiet=False)
    for name in sorted(set(names) - known):
        if not name.startswith("_") and not callable(names[name]):
            print("%s = %s" % (name, shown(names[name])))


def execute(source, names, quiet):
    tree = ast.parse(source)
    supply(tree, names)
    for node in tree.body:
        if isinstance(node, ast.Expr) and not quiet:
            code = compile(ast.Expression(node.value), "<text>", "eval")
            value = eval(code, names)
            if value is not None:
                print(shown(value))
        else:
            module = ast.Module([node], type_ignores=[])
            exec(compile(module, "<text>", "exec"), names)


def supply(tree, names):
    """Gives a script the names of the project that its author had imported before."""
    stored = set(dir(__builtins__)) | set(names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            stored.add(node.name)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            stored |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in stored:
            found, value = names.find(node.id)
            if found:
                names[node.id] = value


def shown(value):
    try:
        return repr(value)[:LONGEST]
    except Exception as error:
        return "<repr failed: %s>" % type(error).__name__


def run_test(job):
    with open("test_text.py", "w", encoding="utf-8") as file:
        file.write(job["source"])
    import pytest

    words = ["-p", "no:cacheprovider", "-q", "--rootdir=.", "-c", os.devnull]
    return int(pytest.main([*words, "test_text.py"]))


def run_command(job, programs):
    module, _, name = programs[job["argv"][0]].partition(":")
    if not name:
        sys.argv = list(job["argv"])
        return runpy.run_module(module, run_name="__main__", alter_sys=True) and 0
    target = __import__(module, fromlist=["x"])
    for part in name.split("."):
        target = getattr(target, part)
    sys.argv = list(job["argv"])
    return target()


def perform(job, order):
    """Runs one job to its end; never returns."""
    code = 0
    try:
        if job["kind"] == "script":
            run_script(job, order["packages"])
        elif job["kind"] == "test":
            code = run_test(job)
        else:
            code = run_command(job, order["programs"]) or 0
    except SystemExit as error:
        code = (
            error.code if isinstance(error.code, int) else int(error.code is not None)
        )
    except BaseException as error:
        print(
            "Traceback (most recent call last): %s: %s" % (type(error).__name__, error)
        )
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) and 0 <= code < 256 else 1)


class Entered:
    """Which functions of the tree were entered: a bit per (file, first line)."""

    def __init__(self, tree):
        self.tree, self.found = os.path.realpath(tree) + os.sep, set()

    def __call__(self, frame, event, _):
        if event == "call":
            code = frame.f_code
            if code.co_filename.startswith(self.tree):
                self.found.add(
                    (code.co_filename[len(self.tree) :], code.co_firstlineno)
                )


def one(number, job, order):
    """(exit code, output, functions entered) of one job, from a child of our own."""
    folder = os.path.join(order["scratch"], "job%d" % number)
    os.makedirs(folder)
    for name, text in job["files"]:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    output, told = os.path.join(folder, ".output"), os.path.join(folder, ".entered")
    child = os.fork()
    if child == 0:
        os.close(order["events"])
        os.setsid()
        os.chdir(folder)
        target = os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(target, 1)
        os.dup2(target, 2)
        signal.alarm(order["seconds"])
        if order["trace"]:
            watch(order["root"], told)
        perform(job, order)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with open(output, encoding="utf-8", errors="replace") as file:
        text = file.read(LONGEST)
    entered = []
    if os.path.exists(told):
        with open(told, encoding="utf-8") as file:
            entered = json.load(file)
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    return code, text.replace(folder, "<folder>"), entered


def watch(tree, told):
    """Writes what was entered when the child ends through `os._exit`, which no exit handler sees."""
    entered, leave = Entered(tree), os._exit

    def written(code):
        sys.setprofile(None)
        with open(told, "w", encoding="utf-8") as file:
            json.dump(sorted(entered.found), file)
        leave(code)

    os._exit = written
    sys.setprofile(entered)


def main():
    order, channel = begin()
    if not order["self_hosted"]:
        sys.path.insert(0, order["lent"])
        with contextlib.suppress(ImportError):
            import pytest
    place_code(order)
    sys.path.append(order["lent"])
    for number, job in enumerate(order["jobs"]):
        code, text, entered = one(number, job, order)
        channel.send("job", job=number, code=code, output=text, entered=entered)


if __name__ == "__main__":
    main()
