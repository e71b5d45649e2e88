"""What the documentation says is what the code has."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_flag_is_explained_with_its_grade():
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "arena" / "evaluation").glob("*.py"))
    )
    grade = r"(?:told\.|measurement\.)?(VOID|SUSPICIOUS|NOTE)\b"
    word = "[a-z]+(?:-[a-z]+)+|bytecode|suppressions|introspection|conflicts"
    known = set(re.findall(rf'"({word})",\s*{grade}', source))
    text = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")
    explained = {
        (name, row[1].strip().upper())
        for row in (line.split("|")[1:] for line in text.splitlines() if line.startswith("| `"))
        for name in re.findall(r"`([a-z-]+)`", row[0])
    }  # fmt: skip
    assert len(known) > 30
    assert known == explained
