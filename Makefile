# frontrow: every target makes what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# Options for the command behind a target, e.g. make run ARGS="--port 8001", make test ARGS="-k points".
ARGS ?=

.DEFAULT_GOAL := help
# A target called from within make says the same as one called by hand.
MAKEFLAGS += --no-print-directory
.PHONY: help install install-dev run demo test lint format lock faults bench doctor audit migrate clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Make .venv with .venv/bin/frontrow from the lock file

install-dev: $(VENV)/.installed-dev ## The same, with what tests and lint need

run: install ## Start everything in the foreground (Ctrl-C stops it); ARGS="--port 8001"
	@exec $(BIN)/frontrow up $(ARGS)

demo: install ## Watch one fan buy one ticket through the running stack
	@exec $(BIN)/frontrow demo $(ARGS)

test: install-dev ## Run every test against real PostgreSQL and Valkey; ARGS="-k points"
	@exec $(BIN)/python -m pytest $(ARGS)

lint: install-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

faults: install-dev ## Hurt a running stack at random while fans buy, and audit what became of it; ARGS="--faults 50"
	@exec $(BIN)/python -m tests.faults $(ARGS)

bench: install-dev ## Measure, each figure beside a floor of the same run
	@exec $(BIN)/python -m bench $(ARGS)

doctor: install ## Check settings, versions and reachability, and say what to do
	@exec $(BIN)/frontrow doctor $(ARGS)

audit: install ## Check every invariant of the data of the running service
	@exec $(BIN)/frontrow audit $(ARGS)

migrate: install ## Bring the database of FRONTROW_DATABASE_URL to the newest schema
	@exec $(BIN)/frontrow migrate $(ARGS)

lock: install ## Write requirements.lock and requirements-dev.lock anew
	$(BIN)/python -m pip install -qq uv==$(UV_VERSION)
	$(BIN)/uv pip compile pyproject.toml --group build $(COMPILE) --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group build --group dev --group bench $(COMPILE) --constraint requirements.lock --output-file requirements-dev.lock

# One lock for every platform and every Python we support; the index it was resolved from is nobody's business.
COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --custom-compile-command "make lock"

clean: ## Remove the virtual environment and caches (never .frontrow, where data lies)
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment -------------------------------------------------------------------------------------

PIP_INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
# The build backend is in the lock, so the project itself is installed without a download of its own; "compat" is a
# plain path entry, which tools understand better than an import hook.
INSTALL_SELF = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps \
	--config-settings editable_mode=compat --editable .

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing frontrow into $(VENV) (once; under a minute) ..."
	@$(PIP_INSTALL) --requirement requirements.lock
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing frontrow and its development tools into $(VENV) (once; about a minute) ..."
	@$(PIP_INSTALL) --requirement requirements-dev.lock
	@$(INSTALL_SELF)
	@touch $(VENV)/.installed $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "frontrow needs Python 3.11 or newer, and '$(PYTHON)' is older or missing." \
		"Name another one: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12" >&2; exit 1; }
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -c 'import pip, venv' 2>/dev/null; then \
		$(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --quiet --python $(BIN)/python install pip; \
	elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv --quiet $(VENV); \
	else echo "'$(PYTHON)' cannot make virtual environments: it lacks the modules venv and ensurepip." \
		"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi
	@touch $@
