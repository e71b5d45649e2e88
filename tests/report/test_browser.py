"""The page in a real browser: what a reader sees, hears, presses and prints."""

import contextlib
import itertools
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arena.report import formats as report
from arena.report.text import clean

pytestmark = pytest.mark.browser
playwright = pytest.importorskip(
    "playwright.sync_api", reason="the playwright package is not installed"
)

CHROMIUM = next(
    (
        p
        for p in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser"))
        if p.exists()
    ),
    None,
)
AXE = Path(os.environ.get("ARENA_AXE", Path.home() / ".cache/arena-test/axe.min.js"))
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

Document = Callable[[str], dict[str, Any]]
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        # Chromium refuses its sandbox to root; the pages are our own.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            started = running.chromium.launch(
                executable_path=str(CHROMIUM) if CHROMIUM else None, args=arguments
            )
        except playwright.Error as error:
            pytest.skip(f"Chromium does not start: {str(error).splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, document: Document
) -> Callable[[str], str]:
    """The file address of a scenario's page, written once."""
    folder = tmp_path_factory.mktemp("pages")

    def get(name: str) -> str:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(report.html(document(name)), encoding="utf-8")
        return path.as_uri()

    return get


@pytest.fixture
def open_page(browser: Any, address: Callable[[str], str]) -> Iterator[Open]:
    """Opens a scenario's page in a context of its own; `seen` on the page collects what must not happen."""
    with contextlib.ExitStack() as stack:

        def get(
            name: str,
            *,
            width: int = 1280,
            height: int = 720,
            anchor: str = "",
            **options: Any,
        ) -> Any:
            context = browser.new_context(
                viewport={"width": width, "height": height}, **options
            )
            stack.callback(context.close)
            page = context.new_page()
            page.seen = {"messages": [], "requests": [], "dialogs": []}
            page.on(
                "console", lambda message: page.seen["messages"].append(message.text)
            )
            page.on("pageerror", lambda error: page.seen["messages"].append(str(error)))
            page.on(
                "request", lambda request: page.seen["requests"].append(request.url)
            )
            page.on(
                "dialog",
                lambda dialog: (
                    page.seen["dialogs"].append(dialog.message),
                    dialog.dismiss(),
                ),
            )
            page.goto(address(name) + anchor)
            return page

        yield get


STRUCTURE = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all("[id]").map((e) => e.id);
  return {
    h1: all("h1").length,
    lang: document.documentElement.lang,
    title: document.title,
    uncaptioned: all("table").filter((t) => !t.caption || !t.caption.textContent.trim()).length,
    unscoped: all("th").filter((t) => !t.scope).length,
    doubles: ids.filter((id, i) => ids.indexOf(id) !== i),
    dead: all('a[href^="#"]').map((a) => a.getAttribute("href").slice(1)).filter((id) => !ids.includes(id)),
    emptyCells: all("#matrix td").filter((t) => !t.textContent.trim()).length,
    unboxed: all("#matrix tbody tr").flatMap((row) => [...row.cells].slice(1).filter((cell) => {
      const [result, base] = [cell, row.cells[1]].map((c) => c.className.split(" ")[0]);
      return (result !== base) !== cell.classList.contains("differs");
    })).length,
    levels: all("h1,h2,h3,h4").map((h) => Number(h.tagName[1])),
    elements: all("*").length,
  };
}"""


WIDTHS = (320, 360, 768, 1280, 2560)


def test_structure_silence_and_widths(
    scenario: str, open_page: Open, doc: dict[str, Any]
) -> None:
    page = open_page(scenario)
    found = page.evaluate(STRUCTURE)
    assert page.seen == {"messages": [], "requests": [page.url], "dialogs": []}
    assert found["h1"] == 1
    assert found["lang"] == "en"
    assert found["title"].startswith(clean(doc["verdict"]["headline"]))
    assert (
        found["uncaptioned"]
        == found["unscoped"]
        == found["emptyCells"]
        == found["unboxed"]
        == 0
    )
    assert found["doubles"] == []
    assert found["dead"] == []
    assert found["levels"][0] == 1
    assert all(
        after - before <= 1
        for before, after in zip(found["levels"], found["levels"][1:], strict=False)
    )
    assert found["elements"] < 20_000
    assert page.evaluate("typeof window.PWN") == "undefined"
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{over} px too wide at {width}"


def test_first_screen_and_headers(open_page: Open) -> None:
    page = open_page("winner")
    bottom = "(s) => Math.max(...[...document.querySelectorAll(s)].map((e) => e.getBoundingClientRect().bottom))"
    assert page.evaluate(bottom, "#verdict :is(h2, .why, .command, .confidence)") < 720
    for width in (1024, 1280, 1600):
        page.set_viewport_size({"width": width, "height": 720})
        clipped = page.evaluate("""() => [...document.querySelectorAll("#board thead th")].filter((head) => {
          const range = document.createRange();
          range.selectNodeContents(head);
          const inner = range.getBoundingClientRect(), outer = head.getBoundingClientRect();
          return inner.right > outer.right + 0.5 || inner.left < outer.left - 0.5;
        }).map((head) => head.textContent)""")
        assert clipped == [], f"cut at {width}"
        if width >= 1280:
            assert (
                page.evaluate(
                    "(e => e.scrollWidth - e.clientWidth)(document.querySelector('#scoreboard .scroll'))"
                )
                <= 0
            )
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate(bottom, "#verdict h2, .why") < 780


def test_injected_content_is_blocked(open_page: Open) -> None:
    page = open_page("winner")
    blocked = page.evaluate("""async () => {
      const seen = [];
      document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.PWN = 1";
      document.body.append(script);
      const holder = document.createElement("div");
      document.body.append(holder);
      holder.innerHTML = '<p style="color:red"></p><img src="data:image/png;base64,AA==">' +
        '<iframe src="data:text/html,x"></iframe>';
      await fetch("data:text/plain,x").catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return seen;
    }""")
    assert page.evaluate("typeof window.PWN") == "undefined"
    assert {name.split("-")[0] for name in blocked} == {
        "script",
        "style",
        "img",
        "frame",
        "connect",
    }


AXE_RUN = """async (tags) => {
  const result = await axe.run({ runOnly: tags, resultTypes: ["violations", "incomplete"] });
  const places = (rule) => rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 200));
  const list = (rules) => rules.map((rule) => [rule.id, places(rule)]);
  return { violations: list(result.violations), incomplete: list(result.incomplete) };
}"""


@pytest.mark.parametrize("name", ["winner", "tampering", "zero-tests"])
def test_axe_finds_nothing(name: str, open_page: Open) -> None:
    if not AXE.exists():
        pytest.skip(f"axe-core is not at {AXE} (set ARENA_AXE)")
    page = open_page(name, bypass_csp=True)
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    page.add_script_tag(path=str(AXE))
    for scheme, width in itertools.product(("light", "dark"), (360, 1280)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 720})
        found = page.evaluate(AXE_RUN, AXE_RULES)
        assert found["violations"] == [], f"{scheme}, {width}"
        assert {rule for rule, _ in found["incomplete"]} <= {"color-contrast"}, found[
            "incomplete"
        ]


def test_keyboard_reaches_everything_and_shows_where_it_is(open_page: Open) -> None:
    page = open_page("two")
    page.keyboard.press("Tab")
    where = """() => {
      const e = document.activeElement, style = getComputedStyle(e);
      return [e === document.body ? "" : e.textContent.trim().slice(0, 40) || e.id, style.outlineStyle];
    }"""
    assert page.evaluate(where)[0] == "Skip to the verdict"
    for _ in range(200):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(where)
        if not name or name == "Skip to the verdict":
            return
        assert outline != "none", name
    pytest.fail("the Tab key does not come out of the page")


def test_enter_on_a_header_sorts_numbers_as_numbers(open_page: Open) -> None:
    page = open_page("large")
    index = page.evaluate(
        """() => [...document.querySelectorAll("#board thead th")]
          .findIndex((head) => head.textContent.startsWith("Complexity"))"""
    )
    head = page.locator("#board thead th").nth(index)
    values = f"[...document.querySelectorAll('#board tbody tr')].map((r) => r.cells[{index}].textContent.trim())"
    for direction, reverse in (("ascending", False), ("descending", True)):
        head.locator("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        numbers = [int(value) for value in page.evaluate(values)]
        assert numbers == sorted(numbers, reverse=reverse)
    assert page.locator("#board th[aria-sort=descending]").count() == 1
    page.locator("#board thead button", has_text="Points").click()
    points = "[...document.querySelectorAll('#board tbody .total')].map((r) => r.textContent.trim())"
    shown = page.evaluate(points)
    assert shown[-1] == "excluded"
    assert [float(p) for p in shown if p != "excluded"] == sorted(
        float(p) for p in shown if p != "excluded"
    )


def test_hostile_text_appears_as_text(sample: Any, open_page: Open) -> None:
    page = open_page("hostile")
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    page.select_option("#test-mode", "all")
    playwright.expect(page.locator("#test-count")).to_have_text("214 of 214 tests")
    body = re.sub(r"\s+", " ", page.evaluate("document.body.textContent"))
    matrix = re.sub(
        r"\s+", " ", page.evaluate("document.querySelector('#matrix').textContent")
    )
    for text in sample.HOSTILE:
        assert clean(text) in body
        assert f"tests/x.py::{clean(text)}" in matrix
    for foreign in (
        "#matrix :is(img, script, iframe, form, svg, style)",
        "main :is(img, script, iframe, base, meta)",
    ):
        assert page.locator(foreign).count() == 0
    assert page.evaluate("typeof window.PWN") == "undefined"
    assert page.seen["requests"] == [page.url]
    assert page.seen["messages"] == page.seen["dialogs"] == []


def test_filters_of_ten_thousand_tests(document: Document, open_page: Open) -> None:
    tests = document("large")["details"]["tests"]
    page = open_page("large")
    count = page.locator("#test-count")
    expected = {
        "differing": sum(len(set(row)) > 1 for row in tests["rows"]),
        "failing": sum(bool(set(row) & {"F", "E"}) for row in tests["rows"]),
        "required": len(tests["required"]),
        "all": len(tests["rows"]),
    }
    for mode, number in expected.items():
        page.select_option("#test-mode", mode)
        playwright.expect(count).to_have_text(f"{number} of 10000 tests")
    page.fill("#test-find", "test_case_7777")
    playwright.expect(count).to_have_text("1 of 10000 tests")
    assert page.locator("#matrix tbody tr").count() == 1
    page.fill("#test-find", "nonsense")
    playwright.expect(count).to_have_text("0 of 10000 tests")
    page.fill("#test-find", "")
    playwright.expect(page.locator("#test-page")).to_have_text("page 1 of 100")
    page.click("#test-forward")
    playwright.expect(page.locator("#test-page")).to_have_text("page 2 of 100")


def test_large_page_is_quick(open_page: Open) -> None:
    page = open_page("large")
    timing = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    assert timing < 2000
    start = time.perf_counter()
    page.select_option("#test-mode", "all")
    playwright.expect(page.locator("#test-count")).to_have_text("10000 of 10000 tests")
    assert time.perf_counter() - start < 2


def test_addresses_open_what_is_folded_or_not_drawn(open_page: Open) -> None:
    page = open_page("winner", anchor="#diff-codex-1")
    assert page.evaluate("document.getElementById('diff-codex-1').open")
    page.evaluate("location.hash = '#log-aider-1'")
    playwright.expect(page.locator("#log-aider-1 pre")).to_be_visible()
    page = open_page("large", anchor="#t7777")
    playwright.expect(page.locator("#t7777")).to_be_in_viewport()
    assert (
        page.locator("#t7777 a").text_content() == page.locator("#t7777 a").inner_text()
    )


def test_without_script_everything_but_tools_is_there(
    document: Document, open_page: Open
) -> None:
    page = open_page("winner", java_script_enabled=False)
    doc = document("winner")
    for selector in ("#verdict h2", ".why", "#next-1", "#diff-claude-1 .diff"):
        assert page.locator(selector).first.is_visible(), selector
    assert page.locator("#board tbody tr").count() == len(doc["candidates"])
    assert page.locator("#matrix tbody tr").count() == sum(
        len(set(r)) > 1 for r in doc["details"]["tests"]["rows"]
    )
    assert page.locator("#matrix tbody tr").last.is_visible()
    assert not [part for part in page.locator(".js").all() if part.is_visible()]


def test_sliders_never_touch_the_verdict(document: Document, open_page: Open) -> None:
    doc = document("winner")
    page = open_page("winner")
    said = page.locator("#what-if-says")
    totals = {
        c["label"]: c["total"] for c in doc["candidates"] if c["total"] is not None
    }
    numbers = re.findall(r"(\S+) (\d+\.\d)", said.text_content())
    for label, points in numbers:
        assert abs(totals[label] - float(points)) <= 0.05
    assert "Same winner as recorded." in said.text_content()
    set_all = """(weights) => document.querySelectorAll("#what-if input").forEach((input, i) => {
      input.value = weights[i];
      input.dispatchEvent(new Event("input", { bubbles: true }));
    })"""
    page.evaluate(set_all, [0] * 5)
    assert said.text_content() == "All weights are 0: nothing to compare."
    page.evaluate(set_all, [0, 0, 0, 0, 100])
    assert "The recorded winner claude-1 would lose its place." in said.text_content()
    assert page.locator("#verdict h2").text_content() == doc["verdict"]["headline"]
    assert page.locator("#what-if p", has_text=doc["verdict"]["headline"]).is_visible()
    page.click("#what-if button[type=reset]")
    playwright.expect(said).to_contain_text("Same winner as recorded.")


def test_next_commands_fit_the_verdict(document: Document, open_page: Open) -> None:
    page = open_page("toss-up")
    assert [
        c.text_content().split()[-1] for c in page.locator(".next .command code").all()
    ] == sorted(document("toss-up")["verdict"]["tied"])
    page = open_page("nobody")
    assert "arena merge" not in page.locator(".next").text_content()
    page = open_page("tampering")
    assert "claude-1" not in page.locator(".next .command").text_content()


def test_copy_puts_exactly_the_command_on_the_clipboard(
    open_page: Open, document: Document
) -> None:
    command = document("winner")["next"][0]["command"]
    page = open_page("winner", permissions=["clipboard-read", "clipboard-write"])
    page.click("[data-copy=next-1]")
    playwright.expect(page.locator("[data-copy=next-1]")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.click("[data-copy=replay]")
    assert page.evaluate("getSelection().toString()") == document("winner")["replay"]


def test_targets_are_large_enough_on_a_phone(open_page: Open) -> None:
    page = open_page("winner", width=360)
    targets = "nav a, li a, button, select, input, summary, .test-id"
    small = page.evaluate(
        """(targets) => [...document.querySelectorAll(targets)]
      .filter((e) => e.checkVisibility() && !e.closest("#board thead"))
      .filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.outerHTML.slice(0, 80))""",
        targets,
    )
    assert small == []


def test_unified_view_shows_each_line_once(open_page: Open) -> None:
    page = open_page("winner")
    visible = "[...document.querySelectorAll('#diff-claude-1 .diff td')].filter((c) => c.checkVisibility()).length"
    both = page.evaluate(visible)
    page.click("#unified")
    assert page.locator("#unified").get_attribute("aria-pressed") == "true"
    once = page.evaluate(visible)
    assert once < both
    tops = page.evaluate("""() => [...document.querySelectorAll("#diff-claude-1 .chg td:not(.blank)")]
      .map((c) => [c.className[0], c.getBoundingClientRect().top])
      .sort((a, b) => a[1] - b[1]).map((x) => x[0]).join("")""")
    assert re.fullmatch("l{2}r+", tops)


def test_print_keeps_the_verdict_and_the_board_on_the_first_page(
    document: Document, open_page: Open
) -> None:
    # A4 less 14 mm margins is 182 x 269 mm: 688 x 1016 px.
    page = open_page("winner", width=688, height=1016)
    page.emulate_media(media="print")
    found = page.evaluate("""() => {
      const bottom = (s) => document.querySelector(s).getBoundingClientRect().bottom;
      const width = (c) => c.getBoundingClientRect().width;
      const shown = (c) => c.checkVisibility() && !c.closest(".hidden-text");
      const cells = [...document.querySelectorAll("table.grid :is(td, th)")].filter(shown);
      return {
        board: bottom("#board"), over: document.documentElement.scrollWidth - innerWidth,
        narrow: cells.filter((c) => width(c) < 30).map((c) => c.textContent),
        wide: cells.filter((c) => c.getBoundingClientRect().right > innerWidth + 1).length,
        text: ["#verdict", "#scoreboard"].map((s) => document.querySelector(s).innerText).join(" "),
        tools: [...document.querySelectorAll(".js, nav")].filter((e) => e.checkVisibility()).length,
      };
    }""")
    assert found["board"] < 1016
    assert found["over"] <= 0
    assert found["narrow"] == []
    assert found["wide"] == 0
    assert found["tools"] == 0
    doc = document("winner")
    for word in (
        doc["verdict"]["headline"],
        "Confidence",
        "Scoreboard",
        *(c["label"] for c in doc["candidates"]),
    ):
        assert word in found["text"]
    assert len(page.pdf(format="A4")) > 10_000


def test_page_data_is_what_the_document_says(
    document: Document, open_page: Open
) -> None:
    page = open_page("winner")
    data = json.loads(page.locator("#data").text_content())
    assert [r["label"] for r in data["sliders"]["rivals"]] == ["claude-1", "codex-1"]
    assert data["tests"]["columns"] == document("winner")["details"]["tests"]["columns"]
