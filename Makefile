# Two commands are enough: `make run` and `make test`. The rest is for who changes the code.
PYTHON3 ?= python3
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help env env-run lock

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

env: ## make .venv what the lock says
	@$(PYTHON3) scripts/env.py dev

env-run:
	@$(PYTHON3) scripts/env.py base

lock: ## work the locks out anew; `make lock ARGS=--upgrade` for newer versions
	@$(PYTHON3) scripts/env.py lock $(ARGS)
