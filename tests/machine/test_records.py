"""Small parts: records and JSON, results by content, the pool, shipped files."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from arena.machine import cache, executor, records, resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    where: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    part: Part
    parts: tuple[Part, ...]
    pair: tuple[str, int]
    table: dict[str, Part]
    view: Mapping[str, tuple[int, ...]]
    several: list[Path]
    names: frozenset[str]
    maybe: Part | None
    value: float | str | None
    plain: object = None


def example() -> Whole:
    part = Part(name="ü\udcff", where=Path("/a/b"))
    return Whole(
        part=part,
        parts=(part, Part(name="", where=None)),
        pair=("x", 1),
        table={"k": part},
        view={"lines": (1, 2)},
        several=[Path("c")],
        names=frozenset({"b", "a"}),
        maybe=None,
        value=0.5,
        plain={"a": [1, None, True]},
    )


def test_a_record_survives_json() -> None:
    data = json.loads(json.dumps(records.to_json(example())))
    assert records.from_json(Whole, data) == example()


def test_sets_are_sorted_and_paths_are_text() -> None:
    data = records.to_json(example())
    assert data["names"] == ["a", "b"]
    assert data["several"] == ["c"]


def test_other_data_is_refused() -> None:
    data = records.to_json(example())
    with pytest.raises(KeyError):
        records.from_json(Whole, data | {"more": 1})
    del data["pair"]
    with pytest.raises(TypeError):
        records.from_json(Whole, data)
    with pytest.raises(ValueError):
        records.from_json(tuple[str, int], ["a", 1, 2])  # type: ignore[arg-type]


def test_a_result_is_found_again_and_only_that() -> None:
    name = cache.key("tree", {"b": 1, "a": Path("/x")}, "\udcff")
    assert name == cache.key("tree", {"a": Path("/x"), "b": 1}, "\udcff")
    assert name != cache.key("tree", {"a": Path("/x"), "b": 2}, "\udcff")
    assert cache.get("suite", name) is None
    cache.put("suite", name, {"outcomes": {"t": "passed"}, "x": None})
    assert cache.get("suite", name) == {"outcomes": {"t": "passed"}, "x": None}
    assert cache.get("other", name) is None


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"nonsense", "cut", "not json"])
def test_a_damaged_result_counts_as_none(damage: bytes | str) -> None:
    import gzip

    cache.put("suite", "abcd", list(range(1000)))
    path = cache.path("suite", "abcd")
    if damage == "cut":
        damage = path.read_bytes()[:-20]
    elif damage == "not json":
        damage = gzip.compress(b"{")
    assert isinstance(damage, bytes)
    path.write_bytes(damage)
    assert cache.get("suite", "abcd") is None


def test_equal_results_are_equal_bytes() -> None:
    cache.put("suite", "one", {"a": 1, "b": 2})
    cache.put("suite", "two", {"b": 2, "a": 1})
    assert (
        cache.path("suite", "one").read_bytes()
        == cache.path("suite", "two").read_bytes()
    )


def test_the_pool_keeps_order_and_its_limit() -> None:
    lock, now, peak = threading.Lock(), 0, 0

    def job(number: int) -> int:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        time.sleep(0.02 * (5 - number))
        with lock:
            now -= 1
        return number

    with executor.Executor(2) as pool:
        assert pool.map(job, range(5)) == [0, 1, 2, 3, 4]
        assert pool.submit(lambda x, y: x + y, 1, y=2).result() == 3
    assert peak == 2
    assert executor.default_jobs() >= 1


def test_a_failed_job_is_raised_and_an_error_drops_what_waits() -> None:
    ran = []

    def job(number: int) -> None:
        ran.append(number)
        time.sleep(0.05)

    with pytest.raises(ZeroDivisionError), executor.Executor(1) as pool:
        pool.map(lambda n: 1 // n, [1, 0])

    def stop(pool: executor.Executor) -> None:
        with pool:
            for number in range(20):
                pool.submit(job, number)
            raise KeyError

    with pytest.raises(KeyError):
        stop(executor.Executor(1))
    assert len(ran) < 20


def test_shipped_files_are_found() -> None:
    assert "default.toml" in [f.name for f in resources.folder("rubrics").iterdir()]
    assert resources.read_text("rubrics", "default.toml").strip()
    text = resources.environment().from_string("{{ x }}|{{ y }}\n")
    assert text.render(x="<", y=resources.trusted("<b>")) == "&lt;|<b>\n"
