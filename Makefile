# The commands of this repository. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
BIN := .venv/bin
SETUP = python=$$(tools/find-python) && "$$python" tools/setup.py

.PHONY: help demo serve test test-full lint docs bench licences wheel lock openapi reference setup clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: ## set up, build and start the demo facility (PORT=8000)
	@$(SETUP) platform
	@exec $(BIN)/pandaas demo --port $(PORT)

serve: ## start the service with the configuration in PANDAAS_HOME (PORT=8000)
	@$(SETUP) platform
	@exec $(BIN)/pandaas serve --port $(PORT)

test: ## set up and run all tests that have a time budget
	@python=$$(tools/find-python) && "$$python" tools/run_tests.py

test-full: ## the slow tests as well
	@python=$$(tools/find-python) && "$$python" tools/run_tests.py --full

lint: ## every check that runs without a server: style, types, layers, documentation, licences
	@$(SETUP) dev
	@$(BIN)/python tools/lint.py

docs: ## build the documentation into site/
	@$(SETUP) dev --no-web
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet && echo "Documentation: site/index.html"

bench: ## run the benchmarks of this checkout
	@$(SETUP) dev
	@for file in benchmarks/[a-z]*.py; do echo "== $$file" && $(BIN)/python "$$file" || exit 1; done

licences: ## write the third-party list and check every licence
	@$(SETUP) dev
	@$(BIN)/python tools/licences.py --write

wheel: ## build the wheel, page and recipes inside, into dist/
	@$(SETUP) dev
	@$(BIN)/python -m hatchling build --target wheel && ls -l dist

reference: ## regenerate the command line and configuration reference
	@$(SETUP) dev --no-web
	@$(BIN)/python tools/make_reference.py

openapi: ## regenerate docs/reference/openapi.json and the page's API types from the application
	@$(SETUP) dev
	@$(BIN)/python tools/make_openapi.py
	@cd web && npm run --silent api

lock: ## regenerate the locks in requirements/
	@$(SETUP) dev --no-web
	@$(BIN)/python tools/lock.py

setup: ## set up for development
	@$(SETUP) dev

clean: ## remove everything that was built or installed here, the demo included
	rm -rf .venv .demo .cache dist site web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
