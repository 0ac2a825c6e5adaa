# Two commands do everything on a fresh machine: make demo, make test. Each sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo run test check bench lock
.DEFAULT_GOAL := setup

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: install it, or name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || ./.ci/install-packages python3-venv && $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned libraries into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: setup
	@$(BIN)/cdr demo $(if $(ONCE),--once)

run: setup
	@$(BIN)/cdr db upgrade && $(BIN)/cdr run all

test: setup
	@$(BIN)/pytest $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cdr map check
	$(BIN)/cdr map test
	$(BIN)/cdr reference check
	$(BIN)/cdr broker definitions --check

bench: setup
	@$(BIN)/python -m benchmarks $(NAME)

# Pins every library, with hashes; needs the tool uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra dev --extra reports pyproject.toml -o requirements.lock
