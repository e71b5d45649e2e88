"""Run by the project's Python: prints what the judge must know about that environment, as one line of JSON."""

import importlib.metadata
import json
import os
import sys
import sysconfig


def editable_roots():
    """Folders that path files add to sys.path from outside of the environment: where editable installs point."""
    inside = tuple(os.path.realpath(p) + os.sep for p in (sys.prefix, sys.base_prefix))
    real = [os.path.realpath(entry) for entry in sys.path if os.path.isdir(entry)]
    roots = [path for path in real if not (path + os.sep).startswith(inside)]
    for finder in sys.meta_path:
        module = sys.modules.get(getattr(finder, "__module__", ""))
        mapping = getattr(module, "MAPPING", None)  # setuptools: package -> its folder
        if isinstance(mapping, dict):
            places = map(os.path.realpath, map(str, mapping.values()))
            roots += [os.path.dirname(place) for place in places]
    return list(dict.fromkeys(roots))


def main():
    plugins, versions = [], {}
    for dist in importlib.metadata.distributions():
        name = dist.metadata["Name"] or ""
        versions.setdefault(name.lower().replace("_", "-"), dist.version)
        points = [p for p in dist.entry_points if p.group == "pytest11"]
        plugins += [(name, point.name, point.value) for point in points]
    facts = {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "cache_tag": sys.implementation.cache_tag,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        # -I hides PYTHONPATH; what stands on sys.path now comes from the environment itself.
        "path": [p for p in sys.path if p],
        "site": [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")],
        "plugins": [
            {"distribution": d, "name": n, "module": m} for d, n, m in sorted(plugins)
        ],
        "distributions": versions,
        "editable_roots": editable_roots(),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
