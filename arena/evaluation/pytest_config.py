"""The base's pytest configuration, turned into options and an ini file of ours that no candidate can edit."""

from __future__ import annotations

import fnmatch
import shlex
import tomllib
from collections.abc import Callable
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import PurePosixPath

from arena.errors import ArenaError

Reader = Callable[[str], bytes | None]

# In pytest's own order; pytest.toml came with pytest 9.
FILES = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ""),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
# Options that report, re-order, stop early or parallelise: the judge owns these.
DROPPED = (
    "--cov*", "--no-cov*", "--junit*", "--html*", "--css*", "--self-contained-html", "--json-report*",
    "--report-log*", "--md*", "--durations*", "--tb*", "--color*", "--code-highlight*", "--showlocals",
    "--strict-config", "--verbose", "--verbosity*", "--quiet", "--maxfail*", "--exitfirst",
    "--last-failed*", "--lf", "--failed-first", "--ff",
    "--new-first", "--nf", "--stepwise*", "--sw*", "--cache-*", "--reruns*", "--rerun*", "--only-rerun*",
    "--random-order*", "--randomly*", "--pdb*", "--trace", "--rootdir*", "--confcutdir*", "--config-file*",
    "--numprocesses*", "--dist*", "--maxprocesses*", "--tx*", "--looponfail", "--no-header", "--no-summary",
    "--metadata*", "--pastebin*", "--benchmark-*",
)  # fmt: skip
DROPPED_SHORT = ("-x", "-n", "-c", "-l", "-r", "-q", "-v")
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
    for place in _upwards(folder):
        for name, section in FILES:
            path = f"{place}/{name}" if place else name
            data = read(path)
            if data is None:
                continue
            options = _options(path, data.decode("utf-8", "replace"), section)
            if options is not None:
                return _config(path, options)
    return _config(None, {})


def _upwards(folder: str) -> list[str]:
    parts = PurePosixPath(folder).parts if folder else ()
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _options(path: str, text: str, section: str) -> dict[str, str] | None:
    try:
        if path.endswith(".toml"):
            data = tomllib.loads(text)
            tool = (
                data.get("tool", {}) if not section else {"pytest": data.get(section)}
            )
            table = tool.get("pytest") or {}
            found = table.get("ini_options", table)
            return {k: _ini_value(v) for k, v in found.items()} if found else None
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, Error) as error:
        raise ArenaError(
            f"{path} on the base can't be read: {error}. Mend it first."
        ) from error
    if parser.has_section(section):
        return {key: value or "" for key, value in parser.items(section)}
    # An empty pytest.ini still is the configuration.
    return {} if path.endswith("pytest.ini") else None


def _ini_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n" + "\n".join(str(item) for item in value)
    return str(value)


def _words(value: str) -> tuple[str, ...]:
    return tuple(shlex.split(value.replace("\n", " ")))


def _config(source: str | None, ini: dict[str, str]) -> PytestConfig:
    kept = {
        key: value
        for key, value in ini.items()
        if key
        not in (
            "addopts",
            "pythonpath",
            "cache_dir",
            "log_file",
            "minversion",
            "strict_config",
        )
    }
    return PytestConfig(
        source=source,
        ini=kept,
        options=filter_options(shlex.split(ini.get("addopts", "").replace("\n", " "))),
        python_files=_words(ini.get("python_files", "")) or DEFAULT_FILES,
        testpaths=_words(ini.get("testpaths", "")),
        pythonpath=_words(ini.get("pythonpath", "")),
    )


def filter_options(words: list[str]) -> tuple[str, ...]:
    """pytest options without those that the judge owns (reports, order, parallel runs, early stops)."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        name = word.partition("=")[0]
        if _dropped(word):
            if name in TAKES_VALUE and "=" not in word and word in TAKES_VALUE:
                next(rest, None)
        else:
            kept.append(word)
    return tuple(kept)


def _dropped(word: str) -> bool:
    if word.startswith("--"):
        return any(fnmatch.fnmatchcase(word.partition("=")[0], p) for p in DROPPED)
    return word.startswith(DROPPED_SHORT) and not word.startswith("-rootdir")


def ini_text(config: PytestConfig, *, pythonpath: tuple[str, ...]) -> str:
    """Our ini file: the base's options with `pythonpath` as absolute folders."""
    options = dict(config.ini)
    options["markers"] = options.get("markers", "") + LEFT_OUT_MARKERS
    if pythonpath:
        options["pythonpath"] = "\n" + "\n".join(pythonpath)
    lines = ["[pytest]"]
    for key, value in sorted(options.items()):
        lines.append(f"{key} = " + value.replace("\n", "\n    "))
    return "\n".join(lines) + "\n"


class TestFiles:
    """Tells test files from source by the base's own rules.

    A folder called test or tests counts only if the base has a matching test file or a conftest.py below it
    (django/test is source); a path that matches `python_files` counts anywhere.
    """

    __test__ = False  # the name is not pytest's business

    def __init__(self, config: PytestConfig, base_paths: list[str]) -> None:
        self.patterns = config.python_files
        self.folders = tuple(
            sorted(
                {
                    folder
                    for path in base_paths
                    if self._matches(path) or path.endswith("conftest.py")
                    for folder in _test_folders(path, config.testpaths)
                }
            )
        )

    def _matches(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return any(
            fnmatch.fnmatchcase(
                path if "/" in p else name, p if "/" not in p else f"*{p}"
            )
            for p in self.patterns
        )

    def is_test(self, path: str) -> bool:
        """Whether `path` belongs to the tests: a test file, a conftest, or anything in a folder of tests."""
        if path.rpartition("/")[2] == "conftest.py" or (
            path.endswith(".py") and self._matches(path)
        ):
            return True
        return any(path.startswith(folder + "/") for folder in self.folders)

    def is_test_module(self, path: str) -> bool:
        """Whether pytest would collect `path`."""
        return path.endswith(".py") and self._matches(path)


def _test_folders(path: str, testpaths: tuple[str, ...]) -> list[str]:
    parts = path.split("/")[:-1]
    found = [
        "/".join(parts[: n + 1])
        for n, part in enumerate(parts)
        if part in ("test", "tests")
    ]
    named = (p.strip("/").removeprefix("./") for p in testpaths)
    found += [
        p
        for p in named
        if p not in ("", ".") and path.startswith(p + "/") and "test" in p
    ]
    return found
