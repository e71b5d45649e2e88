"""Lines of code of the package: no blank lines, comments or docstrings; the repair program apart."""

import ast
import io
import sys
import tokenize
from pathlib import Path


def code_lines(path: Path) -> int:
    source = path.read_text(encoding="utf-8")
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (
            tokenize.COMMENT,
            tokenize.NL,
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.ENDMARKER,
        ):
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            lines -= set(range(body[0].lineno, body[0].end_lineno + 1))
    return len(lines)


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "arena")
    rows = [(code_lines(p), p) for p in sorted(root.rglob("*.py"))]
    for count, path in sorted(rows, key=lambda r: -r[0]):
        print(count, path)
    print(
        sum(c for c, p in rows if "repair/" not in str(p)),
        "without repair;",
        sum(c for c, p in rows if "repair/" in str(p)),
        "repair",
    )
