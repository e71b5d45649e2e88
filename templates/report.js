// The page is complete without this script. It adds sorting, filters, sliders, copying and deep links.
(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  for (const part of document.querySelectorAll(".js[hidden]")) {
    if (part.id !== "test-pages") part.hidden = false;
  }

  // Copying: the command without a line break, so that pasting never runs it.
  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = byId(button.dataset.copy);
    const say = (word) => {
      button.firstChild.data = word;
      setTimeout(() => (button.firstChild.data = "Copy"), 1500);
    };
    button.addEventListener("click", () => {
      const fallback = () => {
        select(source);
        say("Selected");
      };
      if (!navigator.clipboard) return fallback();
      navigator.clipboard.writeText(source.textContent).then(() => say("Copied"), fallback);
    });
  }

  // Sorting: missing values stay last in both directions.
  function compare(first, second, numeric) {
    if (first === "" || second === "") return null;
    return numeric ? Number(first) - Number(second) : first.localeCompare(second);
  }

  function sortBy(table, index, ascending, numeric) {
    const body = table.tBodies[0];
    const value = (row) => row.cells[index].dataset.value || "";
    const rows = Array.from(body.rows).sort((a, b) => {
      const order = compare(value(a), value(b), numeric);
      if (order === null) return (value(a) === "") - (value(b) === "");
      return ascending ? order : -order;
    });
    body.append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, index) => {
      if (!head.dataset.sort) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      head.setAttribute("aria-sort", index ? "none" : "ascending");
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) if (other.dataset.sort) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sortBy(table, index, ascending, head.dataset.sort === "number");
      });
    });
  }

  // Other weights: only the sentence changes, never the verdict.
  const form = byId("what-if");

  function totals(weights, sum) {
    return data.sliders.rivals
      .map((rival) => {
        const points = Object.keys(weights).reduce((all, k) => all + weights[k] * rival.fractions[k], 0);
        return { label: rival.label, points: (100 * points) / sum };
      })
      .sort((a, b) => b.points - a.points);
  }

  function sentence(weights) {
    const sum = Object.values(weights).reduce((all, weight) => all + weight, 0);
    if (!sum) return "All weights are 0: nothing to compare.";
    const { noise, winner, word } = data.sliders;
    const [first, second] = totals(weights, sum);
    const close = first.points - second.points < noise ? " (too close to call)" : "";
    const ranking = `With these weights: ${first.label} ${first.points.toFixed(1)}, then ${second.label} ${second.points.toFixed(1)}${close}.`;
    if (!winner) return ranking;
    return first.label === winner
      ? `${ranking} Same ${word} as recorded.`
      : `${ranking} The recorded ${word} ${winner} would lose its place.`;
  }

  function recalculate() {
    const weights = {};
    for (const input of form.querySelectorAll("input")) {
      weights[input.dataset.measure] = Number(input.value);
      input.nextElementSibling.value = String(Math.round(input.value * 10) / 10);
    }
    byId("what-if-says").textContent = sentence(weights);
  }

  if (form) {
    form.addEventListener("input", recalculate);
    form.addEventListener("submit", (event) => event.preventDefault());
    // The fields have their old values only after this event.
    form.addEventListener("reset", () => setTimeout(recalculate, 0));
    recalculate();
  }

  // Tests: all results are packed in the page and drawn a hundred rows at a time.
  const PER_PAGE = 100;
  const matrix = byId("matrix");
  const state = { all: null, view: [], page: 0 };

  async function unpack() {
    if (state.all) return state.all;
    const bytes = Uint8Array.from(atob(byId("packed").textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = await new Response(stream).text();
    state.all = text.split("\n").map((line, index) => {
      const [required, id, results] = line.split("\t");
      return { index, id, results, required: required === "r" };
    });
    return state.all;
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function testRow(test) {
    const row = element("tr");
    row.id = `t${test.index}`;
    const head = element("th");
    head.scope = "row";
    const link = element("a", test.id, "test-id");
    link.href = `#t${test.index}`;
    head.append(link);
    if (test.required) head.append(" ", element("span", "required", "tag quiet-tag"));
    row.append(head);
    for (const letter of test.results) {
      const differs = letter === test.results[0] ? "" : " differs";
      row.append(element("td", data.tests.words[letter] || letter, `r-${letter}${differs}`));
    }
    return row;
  }

  function draw() {
    const start = state.page * PER_PAGE;
    const pages = Math.max(1, Math.ceil(state.view.length / PER_PAGE));
    matrix.tBodies[0].replaceChildren(...state.view.slice(start, start + PER_PAGE).map(testRow));
    byId("test-count").textContent = `${state.view.length} of ${state.all.length} tests`;
    byId("test-page").textContent = `page ${state.page + 1} of ${pages}`;
    byId("test-back").disabled = state.page === 0;
    byId("test-forward").disabled = state.page === pages - 1;
    byId("test-pages").hidden = pages < 2;
  }

  const modes = {
    all: () => true,
    differing: (test) => new Set(test.results).size > 1,
    failing: (test) => /[FE]/.test(test.results),
    required: (test) => test.required,
  };

  async function filter() {
    const all = await unpack();
    const wanted = byId("test-find").value.trim().toLowerCase();
    const mode = modes[byId("test-mode").value];
    state.view = all.filter((test) => mode(test) && (!wanted || test.id.toLowerCase().includes(wanted)));
    // The page lists required tests first; so does every view.
    state.view.sort((a, b) => b.required - a.required || a.index - b.index);
    state.page = 0;
    draw();
  }

  async function showTest(index) {
    byId("test-mode").value = "all";
    byId("test-find").value = "";
    await filter();
    const place = state.view.findIndex((test) => test.index === index);
    if (place < 0) return;
    state.page = Math.floor(place / PER_PAGE);
    draw();
    const row = byId(`t${index}`);
    row.scrollIntoView({ block: "center" });
    // Rows made after the address was resolved are not ":target": mark it by hand.
    row.classList.add("target");
  }

  // An old browser can't unpack: the rows in the page stay, and the controls leave.
  const canUnpack = typeof DecompressionStream === "function";
  if (matrix && canUnpack) {
    let timer;
    byId("test-form").addEventListener("submit", (event) => event.preventDefault());
    byId("test-mode").addEventListener("change", filter);
    byId("test-find").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(filter, 120);
    });
    const turn = (step) => () => {
      state.page += step;
      draw();
      matrix.scrollIntoView({ block: "nearest" });
    };
    byId("test-back").addEventListener("click", turn(-1));
    byId("test-forward").addEventListener("click", turn(1));
    if (data.tests.differing > matrix.tBodies[0].rows.length) filter();
  } else if (matrix) {
    byId("test-form").hidden = true;
  }

  // Diffs side by side, or in one column.
  const unified = byId("unified");
  if (unified) {
    unified.addEventListener("click", () => {
      const on = document.documentElement.classList.toggle("unified");
      unified.setAttribute("aria-pressed", String(on));
    });
  }

  // Addresses: open what is folded, draw the row that is not there yet.
  function follow() {
    let name;
    try {
      name = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const target = name && byId(name);
    if (!target) {
      if (/^t\d+$/.test(name) && matrix && canUnpack) showTest(Number(name.slice(1)));
      return;
    }
    const folded = target.closest("details");
    if (folded) folded.open = true;
    target.scrollIntoView();
  }

  addEventListener("hashchange", follow);
  follow();
})();
