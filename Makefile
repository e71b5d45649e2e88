# Two commands for newcomers: `make demo` and `make test`. Both make .venv and install arena into it first.
PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
WORKERS ?= 2
ROUNDS ?= full
AGENTS ?= .venv/agents
# The two smallest real agent programs, part of all tests; at these versions, so that no new one of theirs breaks ours.
SMALL ?= @qwen-code/qwen-code@0.15.10 @google/gemini-cli@0.61.0
NPM_INSTALL := npm install --silent --no-audit --no-fund --engine-strict --prefix $(AGENTS)

.PHONY: help demo test check format lint types tests long torture agents agents-e2e clean

help:  ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: .venv/installed  ## see it work: three entries of the built-in agent, judged and merged
	$(BIN)/arena demo

test: check  ## everything that must hold: format, lint, types, all tests

check: format lint types tests  ## what CI runs

format: .venv/dev
	$(BIN)/ruff format --check .

lint: .venv/dev
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

tests: .venv/dev  ## all tests, the slow ones too
	@for tool in bwrap chromium; do command -v $$tool >/dev/null || echo "note: $$tool is missing, tests that need it are skipped (apt install bubblewrap chromium)"; done
	@$(MAKE) --silent agents 2>/dev/null || echo "note: the real agents could not be installed, tests with them are left out (make agents says why; it needs npm with Node 20)"
	ARENA_AGENTS=$(CURDIR)/$(AGENTS) $(BIN)/python -P -m pytest -n $(WORKERS) --dist worksteal -m "not long" $(TESTS)

long: .venv/dev  ## the tests that take minutes of processor time each, too many for every run
	$(BIN)/python -P -m pytest -n $(WORKERS) --dist worksteal -m long $(TESTS)

torture: .venv/dev  ## kill -9 and failing writes at every step, races, random histories: hours; ROUNDS=40 for so many of each kind
	ARENA_TORTURE=$(ROUNDS) $(BIN)/python -P -m pytest -n $(WORKERS) --dist worksteal tests/torture

agents: $(AGENTS)/bin/gemini

$(AGENTS)/bin/gemini:
	$(NPM_INSTALL) $(SMALL)
	@mkdir -p $(@D) && ln -sf ../node_modules/.bin/qwen ../node_modules/.bin/gemini $(@D)

agents-e2e: .venv/dev agents  ## six real agent programs, from the run to the merge, against a model on loopback
	$(NPM_INSTALL) opencode-ai @openai/codex
	for name in mini aider; do $(PYTHON) -m venv $(AGENTS)/$$name || exit; done
	$(AGENTS)/mini/bin/python -m pip install --quiet --disable-pip-version-check mini-swe-agent mcp
	$(AGENTS)/aider/bin/python -m pip install --quiet --disable-pip-version-check "aider-chat>=0.86"
	@cd $(AGENTS)/bin && ln -sf ../node_modules/.bin/opencode ../node_modules/.bin/codex ../mini/bin/mini ../aider/bin/aider .
	ARENA_AGENTS=$(CURDIR)/$(AGENTS) $(BIN)/python -P -m pytest --durations=0 --durations-min=1 $(TESTS)/e2e

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "arena needs Python 3.11 or newer; name one: make demo PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing. Install it, on Debian: apt install python3-venv"; exit 2; }

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

clean:  ## remove what the commands above made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
