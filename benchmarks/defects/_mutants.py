"""Lists and applies cosmic-ray's mutations; run by the interpreter of the environment that has cosmic-ray.

Standard input is a JSON object. ``{"root": DIR, "files": [...]}`` prints the work items, each
``[file, operator, occurrence]``, in a fixed order; with ``"item"`` as well, prints the mutated text.
"""

import json
import sys
from pathlib import Path

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code


def _operators():
    """The names of the operators that need no configuration, sorted."""
    names = sorted(cosmic_ray.plugins.operator_names())
    return [
        name for name in names if not cosmic_ray.plugins.get_operator(name).arguments()
    ]


def _read(root, file):
    """The text of a source file, its line ends kept."""
    return (Path(root) / file).read_bytes().decode("utf-8")


def work_items(root, files):
    """Every (file, operator, occurrence)."""
    items = []
    for file in files:
        nodes = list(ast_nodes(get_ast(_read(root, file))))
        for name in _operators():
            operator = cosmic_ray.plugins.get_operator(name)()
            count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
            items += [[file, name, occurrence] for occurrence in range(count)]
    return items


def main():
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    if "item" in request:
        file, name, occurrence = request["item"]
        operator = cosmic_ray.plugins.get_operator(name)()
        answer = mutate_code(_read(request["root"], file), operator, occurrence)
    else:
        answer = work_items(request["root"], request["files"])
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
