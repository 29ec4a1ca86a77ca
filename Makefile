# Two commands are enough: `make run` and `make test`. The rest is for who changes the code.
PYTHON3 ?= python3
PY := .venv/bin/python
PYTEST := $(PY) -m pytest -q
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help env env-run lock packages run test test-postgresql test-sqlite test-browser check audit sbom security faults bench clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

env: ## make .venv what the lock says
	@$(PYTHON3) scripts/env.py dev

env-run:
	@$(PYTHON3) scripts/env.py base

lock: ## work the locks out anew; ARGS=--upgrade for newer versions
	@$(PYTHON3) scripts/env.py lock $(ARGS)

packages: ## install what tests need from the system (PostgreSQL, Redis, Chromium, fonts)
	@$(PYTHON3) scripts/packages.py

run: env-run ## the site with demo data on http://localhost:8000 (PORT=…)
	@$(PY) scripts/run.py

test: env packages test-postgresql test-sqlite test-browser ## everything: PostgreSQL, Redis, SQLite, Chromium

test-postgresql: env
	$(PYTEST) -n $(WORKERS)

test-sqlite: env
	$(PYTEST) -n $(WORKERS) --db sqlite

test-browser: env
	$(PYTEST) -n $(WORKERS) tests/functional

check: env ## lint, types, import contracts, migrations, settings, scans
	@$(PY) scripts/check.py

audit: env ## known faults of what we depend on (asks the index of packages)
	@$(PY) -m scripts.audit

sbom: env ## what the site is made of (CycloneDX), in var/sbom.json
	@$(PY) -m scripts.sbom

security: env ## write docs/security.md: requirement, test and the result of the last runs
	@$(PY) -m tests.harness.asvs

faults: env packages ## kill, freeze and double things; report what was lost (nothing)
	@$(PY) -m tests.faults
	@$(PY) -m tests.faults.planted

bench: env packages ## measure; ONLY=name for one; results in var/bench/results.json
	@$(PY) -m tests.bench

clean: ## remove what can be made again
	rm -rf .venv var .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
