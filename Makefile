# Each target builds .venv from the lock files when it is missing or stale. PYTHON names another python3.
.POSIX:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo up test check lint browser-test faults etiquette fuzz bench bench-peers soak pictures lock clean

# the tests start hundreds of processes: each would compile our modules anew where no bytecode may be written
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
# workers for tests that mostly wait, for processes and servers
MORE ?= $(shell expr $(JOBS) + 3)
MINUTES ?= 3
QUICK ?=
PAIRS ?= 1000000
FEEDS ?= 1000
LOAD ?= team
# of the soak; the load's own when it is left empty
DATABASE ?=
# what the runtime needs is part of what development needs: a demo never takes the tests' packages away
DEV := .venv/dev.stamp
RUN := $(if $(wildcard $(DEV)),$(DEV),.venv/runtime.stamp)
# the rooms with a floor of coverage, which their own tests have to reach: tracing takes twice the time
OWN := tests/core tests/rules tests/stories tests/alerts
PURE := core/* rules/* stories/* alerts/policy.py,alerts/stages.py

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

demo: $(RUN) ## the whole way once, offline, with what it finds and what it sends
	@$(BIN)/wirewatch demo

up: $(RUN) ## everything on this machine: Prefect's server, the scheduled flows, the page
	@$(BIN)/wirewatch up

test: $(DEV) ## what CI runs: checks, tests on both databases, coverage floors, browser
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	@# types on one core; on the other the tests are compiled, or each of their workers would do it anew
	@$(BIN)/pytest -q --collect-only > /dev/null 2>&1 & echo $(BIN)/mypy; $(BIN)/mypy && wait
	$(BIN)/pytest -n $(JOBS) $(OWN) --cov --cov-report=
	@set -f; for room in $(PURE); do $(BIN)/coverage report --include "$$room" --fail-under 95 || exit 1; done
	$(BIN)/pytest -n $(MORE) --dist loadgroup -m "not faults and not other_database" --ignore tests/browser $(OWN:%=--ignore %)
	@$(MAKE) --no-print-directory browser-test

check: $(DEV) lint ## the fast part of test, before a commit: SQLite only, no Prefect, no browser
	$(BIN)/pytest -n $(JOBS) --dist loadgroup -m "not faults" -k "not postgresql" --ignore tests/flows --ignore tests/browser

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

browser-test: $(DEV) ## the page in Chromium
	@sh tools/chromium.sh
	$(BIN)/pytest -n $(JOBS) tests/browser

faults: $(DEV) ## what `make test` samples: every fault at every point, tests on their other database (some minutes)
	@code=0; \
	$(BIN)/pytest -n $(MORE) --dist loadgroup -m "faults or other_database" --ignore tests/faults --ignore tests/browser || code=1; \
	$(BIN)/pytest -n $(JOBS) -s tests/faults || code=1; \
	exit $$code

etiquette: $(DEV) ## a month of polling FEEDS=1000 made-up feeds, judged by the servers' owners (an hour or two)
	$(BIN)/python -m tests.etiquette --feeds $(FEEDS) --jobs $(JOBS)

fuzz: $(DEV) ## the matcher against brute force, on PAIRS=1000000 of a rule and a text (some minutes)
	$(BIN)/python -m tests.fuzz --pairs $(PAIRS)

bench: $(DEV) ## all measurements as one report, beside peers, on made-up news (15 minutes; QUICK=--quick: three)
	$(BIN)/python -m bench $(QUICK)

bench-peers: .venv-peers/peers.stamp ## the peers of the measurements that cannot live beside us, in .venv-peers

soak: $(DEV) ## `up` under LOAD=team for MINUTES=3 beside sites that publish, while it is hurt: nothing lost or doubled
	$(BIN)/python -m bench.soak --minutes $(MINUTES) --load $(LOAD) $(DATABASE:%=--database %)

pictures: $(DEV) ## the pictures of README and guide, from the demo's page in Chromium
	@sh tools/chromium.sh
	$(BIN)/python -m tests.browser.pictures

lock: $(DEV) ## choose new versions of everything, within what pyproject.toml allows
	sh tools/lock.sh

clean: ## remove .venv and everything that tools left behind
	rm -rf .venv .venv-peers build dist htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv-peers/peers.stamp: requirements-peers.lock $(DEV)
	@sh tools/environment.sh peers

.venv/runtime.stamp: requirements.lock requirements-build.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh runtime

$(DEV): requirements-dev.lock requirements-build.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh dev
