"""Run by the project's Python: prints what the judge must know about that environment, as one line of JSON."""

import importlib.metadata
import json
import os
import sys
import sysconfig


def plugins():
    """[distribution, entry point name, module] of every installed pytest plugin, in the order of loading."""
    found = []
    for dist in importlib.metadata.distributions():
        name = dist.metadata["Name"] or ""
        for point in dist.entry_points:
            if point.group == "pytest11":
                found.append([name, point.name, point.value])
    return sorted(found)


def distributions():
    """{normalised name: version} of everything that is installed."""
    found = {}
    for dist in importlib.metadata.distributions():
        name = (dist.metadata["Name"] or "").lower().replace("_", "-")
        found.setdefault(name, dist.version)
    return found


def editable_roots():
    """Folders that path files add to sys.path from outside of the environment: where editable installs point."""
    inside = tuple(os.path.realpath(p) + os.sep for p in (sys.prefix, sys.base_prefix))
    roots = []
    for entry in sys.path:
        real = os.path.realpath(entry or ".")
        if os.path.isdir(real) and not (real + os.sep).startswith(inside) and entry:
            roots.append(real)
    for finder in sys.meta_path:
        mapping = getattr(
            sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None
        )
        if isinstance(mapping, dict):
            roots += [
                os.path.dirname(os.path.realpath(str(p))) for p in mapping.values()
            ]
    return list(dict.fromkeys(roots))


def main():
    # -I hides PYTHONPATH; what stands on sys.path now comes from the environment itself.
    print(
        json.dumps(
            {
                "version": "%d.%d.%d" % sys.version_info[:3],
                "cache_tag": sys.implementation.cache_tag,
                "executable": sys.executable,
                "prefix": sys.prefix,
                "base_prefix": sys.base_prefix,
                "path": [p for p in sys.path if p],
                "site": [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")],
                "plugins": plugins(),
                "distributions": distributions(),
                "editable_roots": editable_roots(),
                "platform": sysconfig.get_platform(),
            }
        )
    )


if __name__ == "__main__":
    main()
