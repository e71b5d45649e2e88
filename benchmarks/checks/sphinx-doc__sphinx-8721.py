"""sphinx 8721: after an html build, an epub build must not get viewcode module pages unless enabled."""

import os
import subprocess
import sys
import zipfile


def _env():
    env = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C")
    env["PYTHONPATH"] = os.pathsep.join(
        [os.getcwd()]
        + [os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    )
    return env


def _project(tmp_path, conf=""):
    (tmp_path / "conf.py").write_text(
        "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
        "project = 'acc'\nversion = '1'\nlanguage = 'en'\nepub_copyright = 'me'\n"
        "extensions = ['sphinx.ext.autodoc', 'sphinx.ext.viewcode']\nexclude_patterns = ['_build']\n"
        + conf
    )
    (tmp_path / "accmod.py").write_text(
        'def acc_function():\n    """Doc."""\n    return 1\n'
    )
    (tmp_path / "index.rst").write_text(
        "Title\n=====\n\n.. automodule:: accmod\n   :members:\n"
    )


def _make(tmp_path, builder):
    """Like the Makefile target: the doctrees are shared by the builders."""
    proc = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-M",
            builder,
            str(tmp_path),
            str(tmp_path / "_build"),
        ],
        env=_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert proc.returncode == 0, proc.stdout
    return tmp_path / "_build" / builder


def _module_pages(out):
    return (
        sorted(
            p.name.split(".")[0] for p in (out / "_modules").rglob("*") if p.is_file()
        )
        if (out / "_modules").is_dir()
        else []
    )


def test_html_then_epub(tmp_path):
    _project(tmp_path)
    html = _make(tmp_path, "html")
    epub = _make(tmp_path, "epub")
    assert "accmod" in _module_pages(html)
    assert _module_pages(epub) == []
    (book,) = epub.glob("*.epub")
    assert not [n for n in zipfile.ZipFile(str(book)).namelist() if "_modules" in n]


def test_explicitly_disabled(tmp_path):
    _project(tmp_path, "viewcode_enable_epub = False\n")
    _make(tmp_path, "html")
    assert _module_pages(_make(tmp_path, "epub")) == []


def test_enabled_still_creates_pages(tmp_path):
    _project(tmp_path, "viewcode_enable_epub = True\n")
    _make(tmp_path, "html")
    assert "accmod" in _module_pages(_make(tmp_path, "epub"))
