# make demo | app | test | test-ray | audit | docs | bench | reliability | screenshots | lint | clean: each does the set-up it needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_ARGS ?=
PYTEST_ARGS ?=
# Processes for the tests that need no browser, each with a database of its own: as many as there are processors, at most two,
# for each takes up to 4 GB. 1: all in one, as with PYTEST_ARGS.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(2, os.cpu_count() or 1))')
BENCH_ARGS ?=
RELIABILITY_ARGS ?= --write
# Empty for the newest versions of everything in place of those that are known to work together.
CONSTRAINTS ?= constraints.txt
# Per cent of lines and branches that the whole suite must run.
COVERAGE := 60
PYTEST := $(BIN)/python -m pytest --cov --cov-report=

# FiftyOne finds the plugin of this checkout, and no other, and calls nobody.
export FIFTYONE_PLUGINS_DIR := $(CURDIR)
export FIFTYONE_DO_NOT_TRACK := true
export TF_CPP_MIN_LOG_LEVEL := 3

.DEFAULT_GOAL := help
.PHONY: help venv demo app test test-ray audit docs bench reliability lint screenshots clean

help:
	@echo "make demo         build the demo data set in FiftyOne, score it, write a contact sheet"
	@echo "make app          open the FiftyOne App on the demo data set"
	@echo "make test         lint and all tests (App tests where there is a Chromium)"
	@echo "make test-ray     scoring on a Ray cluster of two nodes on this machine, one of them killed (needs the extra ray: an environment of its own)"
	@echo "make audit        ask a database (network) for known faults of the packages we install and allow"
	@echo "make docs         the documentation as a site, in build/site"
	@echo "make bench        how fast it is here, beside what it is measured against (BENCH_ARGS=... for less)"
	@echo "make reliability  kill, fuzz, compare: the promises of docs/reliability.md, broken on purpose (an hour; RELIABILITY_ARGS=...)"
	@echo "make lint         ruff, mypy and bandit"
	@echo "make screenshots  draw the pictures in docs/images anew, with the App tests"
	@echo "make clean        remove the environment, the demo images and all caches"

venv: $(READY)

$(READY): pyproject.toml setup.py constraints.txt scripts/set_up.py scripts/ensure_mongod.py
	@$(PYTHON) scripts/set_up.py $(VENV) --extras fiftyone,dev,docs $(if $(CONSTRAINTS),--constraints $(CONSTRAINTS))
	@touch $@

demo: $(READY)
	@$(BIN)/python -m demo $(DEMO_ARGS)

app: $(READY)
	@$(BIN)/python -m demo --app

lint: $(READY)
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff --quiet .; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive faceqgen_core plugin demo scripts models benchmarks
	@echo "lint: ruff format, ruff check, mypy --strict and bandit found nothing"

# A file's tests stay together: its fixtures are made once. The order of tests/conftest.py is kept: the longest files first.
IN_WORKERS = failed=0; \
	$(PYTEST) -m "not app" -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 2 || failed=1; \
	$(PYTEST) -m app --cov-append || failed=1; \
	exit $$failed

test: lint
	@$(if $(PYTEST_ARGS)$(filter 1,$(WORKERS)),$(PYTEST) $(PYTEST_ARGS),$(IN_WORKERS))
	@echo "coverage: $$($(BIN)/coverage report --format=total) % of lines and branches$(if $(PYTEST_ARGS),, ($(COVERAGE) % are asked))"
	@mkdir -p build; $(if $(PYTEST_ARGS),,$(BIN)/coverage report --sort=cover --skip-covered --fail-under=$(COVERAGE) >build/coverage.txt || { head -30 build/coverage.txt; exit 1; })

# Ray and pyarrow take 600 MB that nothing else needs.
$(VENV)-ray/.ready: pyproject.toml setup.py constraints.txt scripts/set_up.py
	@$(PYTHON) scripts/set_up.py $(VENV)-ray --extras fiftyone,dev,ray $(if $(CONSTRAINTS),--constraints $(CONSTRAINTS))
	@touch $@

test-ray: $(VENV)-ray/.ready
	@$(VENV)-ray/bin/python -m pytest tests/core/distributed tests/plugin/scoring/test_import_scores.py $(PYTEST_ARGS)

audit: $(READY)
	@$(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/pip install --quiet "pip-audit>=2.7,<3"
	@$(BIN)/python -m scripts.audit $(VENV)-audit/bin/pip-audit

docs: $(READY)
	@NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --strict --quiet
	@echo "docs: build/site/index.html"

bench: $(READY)
	@$(BIN)/python -m faceqgen_core.cli bench $(BENCH_ARGS)

reliability: $(READY)
	@$(BIN)/python -m benchmarks.reliability $(RELIABILITY_ARGS)

screenshots: $(READY)
	@FACEQGEN_SCREENSHOTS=$(CURDIR)/docs/images $(BIN)/python -m pytest tests/app/test_app.py tests/app/test_operators.py tests/app/test_panel.py tests/app/test_panel_places.py tests/app/test_panel_under_way.py
	@$(BIN)/python scripts/walkthrough.py

clean:
	rm -rf $(VENV) $(VENV)-ray $(VENV)-audit .coverage .coverage.* build dist demo-output *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
