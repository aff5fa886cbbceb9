# Công Văn: what a newcomer, a developer and the build machine call. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test-setup test check bench soak lock clean

# Compiled modules are kept: with this variable set, each of the many short processes of a run would compile anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
ARGS ?=
# Two workers fit the smallest machine we promise; PYTEST_WORKERS=0 runs in one process.
PYTEST_WORKERS ?= 2
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## .venv with the program in it; Python 3.11 to 3.13, no root, no Debian package
	@PYTHON='$(PYTHON)' sh deploy/setup.sh run

demo: setup ## two agencies exchange a signed document on this machine (ARGS=--once ends after the main job)
	@$(BIN)/congvan demo $(ARGS)

test-setup: ## what the tests need, Debian packages too where you may install them
	@PYTHON='$(PYTHON)' sh deploy/setup.sh dev
	@sh deploy/debian-packages.sh deploy/debian-test-packages.txt

test: test-setup ## every test, with real servers (ARGS="-k name" narrows)
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup $(ARGS)

check: ## lint, types, import rules and the rules of the house
	@PYTHON='$(PYTHON)' sh deploy/setup.sh dev
	$(BIN)/ruff check core mailbox gateway tests
	$(BIN)/ruff format --check core mailbox gateway tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/house

bench: setup ## speed, as ratios to a plain reader on the same machine
	@$(BIN)/python -m congvan_gateway.operations.bench $(ARGS)

soak: test-setup ## the long runs
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak $(ARGS)

lock: ## resolve the dependencies anew and write the hash-pinned requirement files
	@PYTHON='$(PYTHON)' sh deploy/setup.sh dev
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv $(LOCK) $(ARGS) pyproject.toml -o requirements.txt
	$(BIN)/uv $(LOCK) $(ARGS) pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv $(LOCK) $(ARGS) requirements-build.in -c requirements-dev.txt -o requirements-build.txt

clean: ## remove what was built; the checkout is as cloned
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find core mailbox gateway tests -name __pycache__ -type d -prune -exec rm -rf {} +
