"""Builds the tree of one recorded defect from source distributions alone."""

import shutil
import tempfile
from pathlib import Path

import _store


def _lines(data):
    """The lines of a file's bytes, their ends kept."""
    return data.decode("utf-8").splitlines(keepends=True)


def apply_edit(text, edit):
    """The text after the recorded replacement."""
    start, end = edit["offset"], edit["offset"] + edit["remove"]
    return text[:start] + edit["insert"] + text[end:]


def undo_fix(fixed, earlier, fix):
    """The fixed file's text with the lines of the fix replaced by those of the earlier release.

    Line numbers count from one; a count of zero stands for no lines.
    """
    lines, old = _lines(fixed), _lines(earlier)
    start, from_start = fix["line"] - 1, fix["earlier_line"] - 1
    lines[start : start + fix["lines"]] = old[
        from_start : from_start + fix["earlier_lines"]
    ]
    return "".join(lines)


def _earlier_bytes(entry):
    """The file of a historical defect as the earlier release has it."""
    with tempfile.TemporaryDirectory(dir=_store.cache_dir()) as scratch:
        tree = _store.unpack(entry["earlier_release"], Path(scratch) / "earlier")
        return (tree / entry["file"]).read_bytes()


def mutated_text(entry, original):
    """The text of the defective file, from the bytes of the sound one."""
    if "edit" in entry:
        return apply_edit(original.decode("utf-8"), entry["edit"])
    return undo_fix(original, _earlier_bytes(entry), entry["fix_lines"])


def release_of(entry):
    """The release a defect lives in, in the form the cache wants."""
    return {
        "name": entry["project"],
        "version": entry["version"],
        "sdist": entry["sdist"],
        "sha256": entry["sdist_sha256"],
    }


def build(entry, target):
    """Unpack the release into `target`, put the defect in, and verify the file's SHA-256."""
    tree = _store.unpack(release_of(entry), target)
    path = tree / entry["file"]
    data = mutated_text(entry, path.read_bytes()).encode("utf-8")
    found = _store.sha256_bytes(data)
    if found != entry["mutated_sha256"]:
        shutil.rmtree(tree)
        raise _store.CorpusError(
            f"{entry['id']}: SHA-256 of {entry['file']} is {found}"
        )
    path.write_bytes(data)
    return tree
