# Two commands do all the set-up: `make run` and `make test`. `make help` lists the rest.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.txt)

# bytecode makes every task start two to three times faster
unexport PYTHONDONTWRITEBYTECODE
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: browser help run simulate replay test lint lint-types lint-sql format benchmarks benchmark-models sources lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.ready ## run the loop on an embedded PostgreSQL and Airflow (ARGS=--exit ends it after the table)
	@$(BIN)/customs-risk run $(ARGS)

simulate: $(VENV)/.ready ## run the loop in one process, a week at a time (WEEKS=17 SEED=7)
	@$(BIN)/customs-risk simulate --weeks $(or $(WEEKS),17) --seed $(or $(SEED),7) $(ARGS)

replay: $(VENV)/.ready ## run the loop over labelled declarations of your own (DECLARATIONS=file.csv MAPPING=file.yml)
	@$(BIN)/customs-risk replay $(DECLARATIONS) --mapping $(or $(MAPPING),expectations/mappings/kcs.yml) $(ARGS)

# a file at a time in each of three workers: those that run a whole Airflow come first, and wait much
test: $(VENV)/.ready $(if $(CHROMIUM),browser) ## run all tests but the benchmarks (CHROMIUM=1: the pages in Chromium, too)
ifdef ONLY
	@$(BIN)/pytest $(ONLY)
else
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 80 --durations-min 4 tests/end_to_end tests/integration tests/faults tests/contracts tests/dags tests/unit
endif

# the pages are read in it; whoever may not install it goes without
browser:
	@command -v chromium > /dev/null || \
		{ [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk > /dev/null; } || \
		echo "no Chromium: the pages are not tested in a browser (apt-get install chromium)"

lint: $(VENV)/.ready ## check style, types and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-types lint-sql

lint-types: $(VENV)/.ready
	@$(BIN)/mypy

lint-sql: $(VENV)/.ready
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project

format: $(VENV)/.ready ## put style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar dbt_project

benchmarks: $(VENV)/.ready ## measure speed and memory (ONLY=name for one)
	@$(BIN)/python -m pytest tests/benchmarks --ignore tests/benchmarks/models -s -p no:timeout $(if $(ONLY),-k $(ONLY))

benchmark-models: $(VENV)/.ready ## compare this system with its rivals (ONLY=name; KCS=folder of the Korean files)
	@$(BIN)/python -m pytest tests/benchmarks/models -s -p no:timeout $(if $(ONLY),-k $(ONLY))

sources: $(VENV)/.ready ## write dbt's sources anew from the feeds' declarations
	@$(BIN)/customs-risk sources

lock: $(VENV)/.ready ## compile requirements.txt anew from pyproject.toml
	@$(BIN)/uv pip compile --universal --generate-hashes --no-header \
		--python-version 3.11 --extra dev pyproject.toml -o requirements.txt

clean: ## forget all state, and end what a killed run left behind (the environment stays)
	@if [ -x $(BIN)/customs-risk ]; then $(BIN)/customs-risk clean; else rm -rf .run; fi

# pip only brings uv; uv installs exactly what is pinned, checked by hash
$(VENV)/.ready: requirements.txt pyproject.toml
	@echo "making the environment in $(VENV) (about 1.4 GB, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
