# Needs Python 3.11 or later and make. Whatever else is needed is installed into .venv, once; again when
# pyproject.toml changes. Another interpreter: make test PYTHON=python3.12. Options for pytest: make test ARGS="-k demo".

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types generate generate-check bench wheel check clean
# The gates share .venv and the caches of the tools; side by side they would only mix their reports.
.NOTPARALLEL:

help:
	@echo "make demo      the whole product in one run, on the sandbox: no key, no cost, no ringing phone"
	@echo "make test      all tests"
	@echo "make generate  write generated/ anew from spec/"
	@echo "make check     every gate: lint, types, generated code up to date, wheel, tests"
	@echo "make lint | format | types | generate-check | wheel   single gates, and the formatter"
	@echo "make bench     the budgets, measured beside raw httpx and the official SDK"
	@echo "make clean     remove .venv and the caches"

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ...")'
	@echo "Installing into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -qq --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/retell-tools demo

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(INSTALLED)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(INSTALLED)
	@$(BIN)/mypy --strict runtime generator generated

generate: $(INSTALLED)
	@$(BIN)/toolgen generate --spec spec/retell_ai --out generated/retell_ai

generate-check: $(INSTALLED)
	@$(BIN)/toolgen generate --spec spec/retell_ai --out generated/retell_ai --check

bench: $(INSTALLED)
	@test -e $(BENCH_INSTALLED) -a ! pyproject.toml -nt $(BENCH_INSTALLED) \
	  || { $(PIP) install -qq --editable '.[bench]' && touch $(BENCH_INSTALLED); } \
	  || echo "The official SDK could not be installed: its rows are left out." >&2
	@$(BIN)/python tests/benchmarks $(ARGS)

# What a user gets: the wheel alone, in an empty environment, used from outside the repository.
wheel: $(INSTALLED)
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PIP) wheel -qq --no-deps --wheel-dir "$$work" .; \
	$(PYTHON) -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip --disable-pip-version-check install -qq "$$work"/*.whl; \
	cd "$$work"; \
	venv/bin/python -c 'import retell_ai; print("wheel: imports as", retell_ai.__name__, retell_ai.__version__)'; \
	venv/bin/retell-tools demo > demo.txt; \
	venv/bin/retell-tools docs > pages.txt; \
	echo "wheel: retell-tools demo ran in an empty environment ($$(wc -l < demo.txt) lines)"

check: lint types generate-check wheel test

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
