"""The files that are shipped with arena: rubrics and templates, and the rendering of the latter.

This module is the only one that imports jinja2; it does so inside functions, so that commands that render
nothing do not pay for it.
"""

import contextlib
import os
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena.errors import ArenaError
from arena.machine import store

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment, Template
    from markupsafe import Markup


def folder(name: str) -> Traversable:
    """The shipped folder `name`: inside the installed package, else beside it (a checkout)."""
    inside = files("arena") / name
    # An editable install has no copy inside the package: the folder stands at the top of the checkout.
    beside = Path(__file__).resolve().parents[2] / name
    return inside if inside.is_dir() else beside


def read_text(name: str, file: str) -> str:
    """The text of `file` (slashes allowed) in the shipped folder `name`, with newlines as they are stored."""
    return folder(name).joinpath(*file.split("/")).read_bytes().decode("utf-8")


@cache
def environment(
    kind: str = "html",
    *,
    autoescape: bool = True,
    finalize: Callable[[Any], Any] | None = None,
) -> "Environment":
    """The template environment of one kind of output; an unknown name is an error, and HTML is escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(lambda name: read_text("templates", name)),
        bytecode_cache=_compiled(kind),
        autoescape=autoescape,  # noqa: S701 - plain text is no HTML
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _compiled(kind: str) -> "BytecodeCache | None":
    """Compiled templates of earlier runs: a third of what a second judge of the same things would cost.

    By kind, since the cache knows templates by their names only.
    """
    import jinja2

    name = f"templates-{jinja2.__version__}"
    # Beside our own bytecode, where that may be written: they are as much a part of the installation.
    for parent in (Path(__file__).parent / "__pycache__", store.cache_dir()):
        with contextlib.suppress(OSError):
            (parent / name).mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(parent / name, os.W_OK):
                return jinja2.FileSystemBytecodeCache(str(parent / name), f"{kind}-%s")
    return None


def render(name: str, **values: Any) -> str:
    """The template `name` filled with `values`; strings are escaped for HTML unless made by `trusted`."""
    return environment().get_template(name).render(**values)


@cache
def _template(text: str) -> "Template":
    return environment("text", autoescape=False).from_string(text)


def fill(text: str, **values: Any) -> str:
    """A template's text filled with `values`, which are put in as they are.

    Raises ArenaError if the template has a fault.
    """
    from jinja2 import TemplateError

    try:
        return _template(text).render(**values)
    except TemplateError as error:
        known = ", ".join(sorted(values))
        raise ArenaError(f"the prompt template: {error}. It knows: {known}") from error


def compile_pages() -> None:
    """Compiles all templates of the page, so that rendering it later only fills them in."""
    for place, prefix in (
        (folder("templates"), ""),
        (folder("templates") / "parts", "parts/"),
    ):
        for file in place.iterdir():
            if file.name.endswith(".html.j2"):
                environment().get_template(prefix + file.name)


def trusted(text: str) -> "Markup":
    """Mark text as finished, so that a template prints it as it is. Escape first what others wrote."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704  (our own files, encoded data, escaped text)
