"""The cache: source distributions, their unpacked trees and one virtual environment per project."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus.json"
PROJECTS = HERE / "projects.json"


class CorpusError(Exception):
    """Something recorded does not hold on this machine, or a command failed."""


def cache_dir():
    """The cache directory, made if it is not there."""
    path = Path(
        os.environ.get("ARENA_BENCH_CACHE") or Path.home() / ".cache" / "arena-bench"
    ).expanduser()
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def load_json(path):
    """The parsed content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def save_json(path, value):
    """Write a JSON file the same way each time."""
    path.write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def sha256_bytes(data):
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def run(command, **options):
    """Run a command, its output captured as text; raise CorpusError if it fails."""
    words = [str(part) for part in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True, **options)
    if done.returncode:
        raise CorpusError(
            f"{command[0]} {command[1]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def sdist(release):
    """The path of a release's source distribution, downloaded with pip if need be, its SHA-256 verified."""
    folder = cache_dir() / "sdists"
    folder.mkdir(exist_ok=True)
    path = folder / release["sdist"]
    if not path.exists():
        requirement = f"{release['name']}=={release['version']}"
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            pip = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--disable-pip-version-check",
                "--quiet",
            ]
            run(
                [
                    *pip,
                    "--no-deps",
                    "--no-binary",
                    release["name"],
                    "--dest",
                    scratch,
                    requirement,
                ]
            )
            (Path(scratch) / release["sdist"]).replace(path)
    found = sha256_bytes(path.read_bytes())
    if found != release["sha256"]:
        raise CorpusError(
            f"{release['sdist']}: SHA-256 is {found}, recorded is {release['sha256']}"
        )
    return path


def unpack(release, target):
    """Unpack a release's source distribution so that its top folder becomes `target`."""
    archive_path = sdist(release)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        with tarfile.open(archive_path) as archive:
            archive.extractall(scratch, filter="data")
        (top,) = Path(scratch).iterdir()
        if target.exists():
            target.rmdir()
        shutil.move(top, target)
    return target


def venv_python(name, requirements, source_root=None):
    """The interpreter of a cached environment that holds exactly these requirements.

    The project itself is not installed: a path file puts `source_root` of the current directory on the
    import path, so that every checkout of the project, wherever it is, tests its own sources.
    """
    key = sha256_bytes(
        json.dumps([sys.version_info[:2], requirements, source_root]).encode()
    )[:12]
    home = cache_dir() / "venvs" / f"{name}-{key}"
    python = home / "bin" / "python"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_suffix(".lock")):  # two defects of a project at once
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            run([sys.executable, "-m", "venv", home])
            pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
            run([*pip, "--quiet", *requirements])
            if source_root is not None:
                _add_path_file(python, source_root)
            (home / "complete").touch()
    return python


def _add_path_file(python, source_root):
    """Write the path file that makes the current directory's sources importable."""
    site = run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    ).strip()
    line = f"import os, sys; sys.path.insert(0, os.path.join(os.getcwd(), {source_root!r}))\n"
    (Path(site) / "defect_sources.pth").write_text(line, encoding="utf-8")


def project_python(project):
    """The interpreter that runs a project's suite."""
    return venv_python(project["name"], project["requirements"], project["source_root"])
