"""sphinx 7975: all index entries starting with a symbol belong in one section called Symbols."""

import os
import re
import subprocess
import sys


def _env():
    env = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C")
    env["PYTHONPATH"] = os.pathsep.join(
        [os.getcwd()]
        + [os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    )
    return env


def _sections(tmp_path, entries):
    """Build HTML; give [(section title, section text)] of the index page and the titles linked at its top."""
    src = tmp_path / "src"
    src.mkdir()
    (src / "conf.py").write_text("language = 'en'\n")
    text = "Title\n=====\n\n" + "".join(
        ".. index:: %s\n\nText %d.\n\n" % (e, i) for i, e in enumerate(entries)
    )
    (src / "index.rst").write_text(text, encoding="utf-8")
    proc = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-b",
            "html",
            str(src),
            str(tmp_path / "out"),
        ],
        env=_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert proc.returncode == 0, proc.stdout
    html = (tmp_path / "out" / "genindex.html").read_text(encoding="utf-8")
    parts = re.split(r"<h2[^>]*>(.*?)</h2>", html)
    jumps = re.search(r'class="genindex-jumpbox">(.*?)</div>', html, re.S).group(1)
    return list(zip(parts[1::2], parts[2::2])), re.findall(
        r"<strong>(.*?)</strong>", jumps
    )


def _check(tmp_path, symbols, words, letters):
    sections, jumps = _sections(tmp_path, symbols + words)
    titles = [title for title, _ in sections]
    assert titles.count("Symbols") == 1, titles
    assert jumps.count("Symbols") == 1, jumps
    assert sorted(titles) == sorted(letters + ["Symbols"])
    assert [t for t in titles if t != "Symbols"] == letters
    text = dict(sections)["Symbols"]
    assert all(s in text for s in symbols) and not any(w in text for w in words)


def test_reported_characters(tmp_path):
    _check(
        tmp_path,
        ["@entry", "\u00a3entry", "\u2190entry"],
        ["apple", "normal", "word"],
        ["A", "N", "W"],
    )


def test_other_characters(tmp_path):
    _check(
        tmp_path,
        ["$dollar", "9lives", "~tilde", "\u20aceuro", "\u221aroot"],
        ["Banana", "zebra", "\u00e9clair"],
        ["B", "E", "Z"],
    )


def test_letters_only_unchanged(tmp_path):
    sections, jumps = _sections(tmp_path, ["apple", "Ant", "_private", "zoo"])
    assert sorted(t for t, _ in sections) == ["A", "Z", "_"]
    assert "apple" in dict(sections)["A"] and "Ant" in dict(sections)["A"]
