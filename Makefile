# Needs Python 3.11 or later and make. Whatever else is needed is installed into .venv, once, at the versions of
# constraints.txt; again when that file or pyproject.toml changes. Another interpreter: make test PYTHON=python3.12.
# Options for pytest: make test ARGS="-k demo".

PYTHON ?= python3
ARGS ?=

VENV := .venv
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
# The option -c does not reach the build of the package itself, where pip installs the build backend: the variables do,
# the first one up to pip 25.2, the second one since.
PIP := PIP_CONSTRAINT=$(CONSTRAINTS) PIP_BUILD_CONSTRAINT=$(CONSTRAINTS) $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench
DOCS_INSTALLED := $(VENV)/.installed-docs
BROWSER_INSTALLED := $(VENV)/.installed-browser

# `make newest` and `make oldest` run the gates in environments of their own.
NEWEST := .venv-newest
OLDEST := .venv-oldest
# `make upstream` reads the newest official SDK here.
UPSTREAM := .upstream
FLOORS := $(OLDEST)/floors.txt
# Without lint: every release of ruff brings new rules, and a new rule says nothing about whether the package works.
# New rules are met when constraints.txt is written anew.
VERSION_GATES := types generate-check wheel test

# The whole suite is spread over the cores: 71 s of CPU on two of them, against 51 s on one. With options, one process
# runs what they ask for: a few tests end before the workers have started (-k demo: 5 s of CPU against 11 s), and
# snapshots need one writer.
WORKERS := -n auto

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format types spec generate generate-check bench wheel check newest oldest constraints clean
.PHONY: upstream docs docs-serve browser official-suite sandbox-load sandbox-fuzz image
# The gates share an environment and the caches of the tools; side by side they would only mix their reports.
.NOTPARALLEL:

help:
	@echo "make demo      the whole product in one run, on the sandbox: no key, no cost, no ringing phone"
	@echo "make test      all tests"
	@echo "make generate  write generated/ anew from spec/"
	@echo "make check     every gate: lint, types, spec finished, generated code up to date, wheel, tests"
	@echo "make lint | format | types | spec | generate-check | wheel   single gates, and the formatter"
	@echo "make docs      the docs site, in site/; make docs-serve shows it on this machine"
	@echo "make browser   the docs site and the sandbox's page in chromium, which has to be installed (apt-get install chromium)"
	@echo "make newest    the gates with the newest releases of all dependencies"
	@echo "make oldest    the gates with the oldest releases that pyproject.toml allows"
	@echo "make constraints   write constraints.txt anew, from the newest releases"
	@echo "make bench     the budgets, measured beside raw httpx and the official SDK"
	@echo "make official-suite | sandbox-load | sandbox-fuzz   the sandbox judged by the official SDK's own tests, by"
	@echo "               200 requests at once, and by schemathesis (SECONDS=3600 for an hour)"
	@echo "make image     the sandbox as a container image, built from the wheel (DOCKER=podman for another builder)"
	@echo "make upstream  what the newest official SDK changes for our tools"
	@echo "make clean     remove the environments and the caches"

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ...")'
	@echo "Installing into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -qq -c $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/retell-tools demo

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(or $(strip $(ARGS)),$(WORKERS))

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(INSTALLED)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(INSTALLED)
	@$(BIN)/mypy --strict runtime generator generated

# Nothing is left to do in the spec: no review marks, no empty texts, an example for every tool, and so on.
spec: $(INSTALLED)
	@$(BIN)/toolgen validate --strict --spec spec/retell_ai

# Ends with what users of the bindings will feel, against the last commit; silent where there is no commit. A break is
# said, and is no failure here: whether it may happen is decided at the release.
generate: $(INSTALLED)
	@$(BIN)/toolgen generate --spec spec/retell_ai --out generated/retell_ai
	@! git rev-parse --quiet --verify HEAD > /dev/null 2>&1 || $(BIN)/toolgen diff HEAD generated/retell_ai || true

generate-check: $(INSTALLED)
	@$(BIN)/toolgen generate --spec spec/retell_ai --out generated/retell_ai --check

$(DOCS_INSTALLED): $(INSTALLED)
	@$(PIP) install -qq -c $(CONSTRAINTS) --editable '.[docs]'
	@touch $@

docs: $(DOCS_INSTALLED)
	@$(BIN)/toolgen site --spec spec/retell_ai $(ARGS)

docs-serve: $(DOCS_INSTALLED)
	@$(BIN)/toolgen site --spec spec/retell_ai --serve $(ARGS)

$(BROWSER_INSTALLED): $(DOCS_INSTALLED)
	@$(PIP) install -qq -c $(CONSTRAINTS) --editable '.[browser]'
	@touch $@

# Screenshots of what was looked at are kept in build/screenshots.
browser: $(BROWSER_INSTALLED)
	@$(BIN)/python -m pytest $(or $(strip $(ARGS)),tests/browser)

# The newest SDK goes into a folder of its own; it is read, and no line of it runs. Fails if anything breaks or is gone.
upstream: $(INSTALLED)
	@rm -rf $(UPSTREAM) && mkdir -p $(UPSTREAM)
	@$(BIN)/python -m pip --disable-pip-version-check install -qq --no-deps --upgrade --target $(UPSTREAM) retell-sdk
	@$(BIN)/toolgen facts $(UPSTREAM)/retell --out $(UPSTREAM)/facts.json
	@$(BIN)/toolgen drift $(UPSTREAM)/facts.json $(ARGS)

bench: $(INSTALLED)
	@test -e $(BENCH_INSTALLED) -a ! pyproject.toml -nt $(BENCH_INSTALLED) \
	  || { $(PIP) install -qq -c $(CONSTRAINTS) --editable '.[bench]' && touch $(BENCH_INSTALLED); } \
	  || echo "The official SDK could not be installed: its rows are left out." >&2
	@$(BIN)/python tests/benchmarks $(ARGS)

# In environments of their own: what only these need is no dependency of the project.
official-suite: $(INSTALLED)
	@$(PYTHON) -m venv .venv-official
	@PIP_CONSTRAINT=$(CONSTRAINTS) .venv-official/bin/python -m pip --disable-pip-version-check install -qq \
	  -c $(CONSTRAINTS) --editable '.[sandbox]' pytest pytest-xdist
	@.venv-official/bin/python tests/official/suite.py

sandbox-load: $(INSTALLED)
	@$(BIN)/python tests/official/load.py

SECONDS ?= 300
sandbox-fuzz: $(INSTALLED)
	@$(PYTHON) -m venv .venv-fuzz
	@.venv-fuzz/bin/python -m pip --disable-pip-version-check install -qq schemathesis
	@$(BIN)/python tests/official/fuzz.py .venv-fuzz/bin/schemathesis $(SECONDS)

DOCKER ?= docker
image: $(INSTALLED)
	@rm -rf dist
	@$(PIP) wheel -qq --no-deps --wheel-dir dist .
	@$(DOCKER) build --file Containerfile --tag retell-sandbox .

# What a user gets: the wheel alone, in an empty environment, used from outside the repository. What needs an extra says so.
wheel: $(INSTALLED)
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PIP) wheel -qq --no-deps --wheel-dir "$$work" .; \
	$(PYTHON) -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip --disable-pip-version-check install -qq -c $(CONSTRAINTS) "$$work"/*.whl; \
	cd "$$work"; \
	venv/bin/python -c 'import retell_ai; print("wheel: imports as", retell_ai.__name__, retell_ai.__version__)'; \
	venv/bin/retell-tools demo > demo.txt; \
	venv/bin/retell-tools docs > pages.txt; \
	for words in "lua -e return" "mcp serve" "sandbox serve"; do \
	  said=$$(venv/bin/retell-tools $$words 2>&1 < /dev/null || true); \
	  case "$$said" in *"pip install 'retell-tools["*) ;; *) \
	    echo "wheel: without its extra, retell-tools $$words says: $$said" >&2; exit 1 ;; esac; done; \
	echo "wheel: retell-tools demo ran in an empty environment ($$(wc -l < demo.txt) lines)"

check: lint types spec generate-check wheel test

# Every gate is run, whether or not one before it failed: a new release is judged by all that it breaks.
newest:
	@rm -rf $(NEWEST)
	@$(MAKE) --no-print-directory --keep-going VENV=$(NEWEST) CONSTRAINTS=/dev/null $(VERSION_GATES)

oldest:
	@rm -rf $(OLDEST)
	@$(MAKE) --no-print-directory --keep-going VENV=$(OLDEST) CONSTRAINTS=$(FLOORS) $(VERSION_GATES)

$(FLOORS): pyproject.toml tests/project/floors.py
	@mkdir -p $(OLDEST)
	@$(PYTHON) tests/project/floors.py > $@

# By Python 3.11, since a release that runs there runs on later ones too, and not the other way round. hatchling builds
# the package, and needs editables to do that in place.
constraints:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "constraints.txt is written by Python 3.11: make constraints PYTHON=/path/to/python3.11")'
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PYTHON) -m venv "$$work/venv"; \
	pip="$$work/venv/bin/python -m pip --disable-pip-version-check"; \
	$$pip install -qq '.[all,dev,docs,browser]' hatchling editables; \
	$$pip freeze --exclude retell-tools > "$$work/constraints.txt"; \
	cp "$$work/constraints.txt" constraints.txt; \
	echo "constraints.txt: $$(wc -l < constraints.txt) packages"

clean:
	rm -rf $(VENV) $(NEWEST) $(OLDEST) $(UPSTREAM) .venv-official .venv-fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site
