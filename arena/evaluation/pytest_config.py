"""The base's pytest configuration, turned into options and an ini file of ours that no candidate can edit."""

from __future__ import annotations

import fnmatch
import itertools
import shlex
import tomllib
from collections.abc import Callable, Iterable, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import PurePosixPath

from arena.errors import ArenaError

Reader = Callable[[str], bytes | None]

# In pytest's own order; pytest.toml came with pytest 9.
FILES = (
    ("pytest.toml", "pytest"), (".pytest.toml", "pytest"), ("pytest.ini", "pytest"), (".pytest.ini", "pytest"),
    ("pyproject.toml", ""), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"),
)  # fmt: skip
# Beginnings of options that report, re-order, stop early or parallelise: the judge owns these.
DROPPED = (
    "--cov", "--no-cov", "--junit", "--html", "--css", "--self-contained-html", "--json-report", "--report-log",
    "--md", "--durations", "--tb", "--color", "--code-highlight", "--showlocals", "--strict-config", "--verbos",
    "--quiet", "--maxfail", "--exitfirst", "--last-failed", "--lf", "--failed-first", "--ff", "--new-first", "--nf",
    "--stepwise", "--sw", "--cache-", "--rerun", "--only-rerun", "--random-order", "--randomly", "--pdb", "--trace",
    "--rootdir", "--confcutdir", "--config-file", "--numprocesses", "--dist", "--maxprocesses", "--tx",
    "--looponfail", "--no-header", "--no-summary", "--metadata", "--pastebin", "--benchmark-",
    "-x", "-n", "-c", "-l", "-r", "-q", "-v",
)  # fmt: skip
# Of the dropped ones, those whose value may stand as the next word.
TAKES_VALUE = {
    "-n", "-c", "-r", "--maxfail", "--junitxml", "--junit-xml", "--junit-prefix", "--html", "--cov-report",
    "--cov-config", "--cov-fail-under", "--durations", "--durations-min", "--tb", "--color", "--rootdir",
    "--confcutdir", "--numprocesses", "--dist", "--maxprocesses", "--tx", "--reruns", "--reruns-delay",
    "--json-report-file", "--report-log", "--css", "--only-rerun", "--random-order-seed", "--config-file",
}  # fmt: skip
# Markers of plugins that are left out, so that --strict-markers stays content.
LEFT_OUT_MARKERS = "\nno_cover: (pytest-cov)\nflaky: (pytest-rerunfailures)"
DEFAULT_FILES = ("test_*.py", "*_test.py")


# Ini options that the judge sets itself, or that only concern the user's own runs.
OWN_INI = ("addopts", "pythonpath", "cache_dir", "log_file", "minversion", "strict_config")  # fmt: skip
# Options of a command line whose value is the next word.
VALUED = (
    "-k", "-m", "-p", "-o", "-W", "--ignore", "--deselect", "--import-mode", "--timeout", "--ignore-glob",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestConfig:
    """Ini options of the base as text, its filtered `addopts`, and where it stood (None: there is none)."""

    source: str | None
    ini: dict[str, str]
    options: tuple[str, ...]
    python_files: tuple[str, ...]
    testpaths: tuple[str, ...]
    pythonpath: tuple[str, ...]


def read_config(read: Reader, folder: str) -> PytestConfig:
    """The configuration that pytest would use in `folder` ('' is the root of the tree), searching upwards.

    Raises ArenaError if the file is damaged.
    """
    places = [folder, *map(str, PurePosixPath(folder).parents)] if folder else [""]
    for place, (name, section) in itertools.product(places, FILES):
        path = name if place in ("", ".") else f"{place}/{name}"
        data = read(path)
        if data is not None:
            options = _options(path, data.decode("utf-8", "replace"), section)
            if options is not None:
                return _config(path, options)
    return _config(None, {})


def _options(path: str, text: str, section: str) -> dict[str, str] | None:
    """The options in one file, None if it is not about pytest."""
    try:
        if path.endswith(".toml"):
            data = tomllib.loads(text)
            tool = {"pytest": data.get(section)} if section else data.get("tool", {})
            table = tool.get("pytest") or {}
            found = table.get("ini_options", table)
            return {k: _ini_value(v) for k, v in found.items()} if found else None
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, Error) as error:
        why = f"{path} on the base can't be read: {error}. Mend it first."
        raise ArenaError(why) from error
    if parser.has_section(section):
        return {key: value or "" for key, value in parser.items(section)}
    # An empty pytest.ini still is the configuration.
    return {} if path.endswith("pytest.ini") else None


def _ini_value(value: object) -> str:
    if isinstance(value, list):
        return "\n" + "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _config(source: str | None, ini: dict[str, str]) -> PytestConfig:
    def words(key: str) -> list[str]:
        return shlex.split(ini.get(key, "").replace("\n", " "))

    return PytestConfig(
        source=source,
        ini={key: value for key, value in ini.items() if key not in OWN_INI},
        options=filter_options(words("addopts")),
        python_files=tuple(words("python_files")) or DEFAULT_FILES,
        testpaths=tuple(words("testpaths")),
        pythonpath=tuple(words("pythonpath")),
    )


def filter_options(words: Iterable[str]) -> tuple[str, ...]:
    """pytest options without those that the judge owns (reports, order, parallel runs, early stops)."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith(DROPPED):
            kept.append(word)
        elif word in TAKES_VALUE:
            next(rest, None)
    return tuple(kept)


def split(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """(options, file and folder arguments) of a pytest command line."""
    options: list[str] = []
    named: list[str] = []
    rest = iter(words)
    for word in rest:
        (options if word.startswith("-") else named).append(word)
        if word in VALUED:
            options.append(next(rest, ""))
    return options, named


def seeded(plugins: set[str], seed: int) -> list[str]:
    """Options that make what these plugins draw repeatable."""
    return [f"--hypothesis-seed={seed}"] if "hypothesis" in plugins else []


def ini_text(
    config: PytestConfig, *, pythonpath: Iterable[str], tests: Sequence[str] = ()
) -> str:
    """Our ini file: the base's options with `pythonpath` as absolute folders.

    `tests` are absolute paths of files that hold tests whatever their names: pytest 9 passes over a file that is
    named beside the folder that it stands in.
    """
    options = dict(config.ini)
    if tests:
        options["python_files"] = "\n" + "\n".join([*config.python_files, *tests])
    options["markers"] = options.get("markers", "") + LEFT_OUT_MARKERS
    if pythonpath:
        options["pythonpath"] = "\n" + "\n".join(pythonpath)
    lines = [f"{k} = " + v.replace("\n", "\n    ") for k, v in sorted(options.items())]
    return "\n".join(["[pytest]", *lines, ""])


class TestFiles:
    """Tells test files from source by the base's own rules.

    A folder called test or tests counts only if the base has a matching test file or a conftest.py below it
    (django/test is source); a path that matches `python_files` counts anywhere.
    """

    __test__ = False  # the name is not pytest's business

    def __init__(self, config: PytestConfig, base_paths: Iterable[str]) -> None:
        self.patterns = config.python_files
        named = (p.strip("/").removeprefix("./") for p in config.testpaths)
        self.named = {p for p in named if "test" in p}
        tests = (p for p in base_paths if self._matches(p) or _is_conftest(p))
        self.folders = tuple({f + "/" for p in tests for f in self._test_folders(p)})

    def _matches(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return any(
            fnmatch.fnmatchcase(path, f"*{p}") if "/" in p else fnmatch.fnmatchcase(name, p)
            for p in self.patterns
        )  # fmt: skip

    def _test_folders(self, path: str) -> list[str]:
        above = [parent.as_posix() for parent in PurePosixPath(path).parents]
        return [f for f in above if f in self.named or f.rpartition("/")[2] in ("test", "tests")]  # fmt: skip

    def is_test(self, path: str) -> bool:
        """Whether `path` belongs to the tests: a test file, a conftest, or anything in a folder of tests."""
        if _is_conftest(path) or self.is_test_module(path):
            return True
        return path.startswith(self.folders)

    def is_test_module(self, path: str) -> bool:
        """Whether pytest would collect `path`."""
        return path.endswith(".py") and self._matches(path)


def _is_conftest(path: str) -> bool:
    return path.rpartition("/")[2] == "conftest.py"
