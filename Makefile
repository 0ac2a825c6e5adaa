# Two commands do everything on a fresh machine: make demo, make test. Each sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TEACHER := .venv-linkage
FUZZER := .venv-fuzz

.PHONY: setup demo cluster-demo run test check bench chaos hostile fuzz fuzz-doors linkage-model linkage-names lock
.DEFAULT_GOAL := setup

define venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: install it, or name it with make PYTHON=..."; exit 1; }
@$(PYTHON) -m venv $(1) >/dev/null 2>&1 || ./.ci/install-packages python3-venv && $(PYTHON) -m venv $(1)
endef

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(call venv,$(VENV))
	@echo "Installing the pinned libraries into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: setup
	@$(BIN)/cdr demo $(if $(ONCE),--once)

# Three brokers, a load through the doors, one node after another killed: in containers where an engine runs, else without.
cluster-demo: setup
	@./.ci/cluster-demo

run: setup
	@$(BIN)/cdr db upgrade && $(BIN)/cdr run all

# As many tests at once as there are processors; one after the other with ARGS="-n 0".
test: setup
	@$(BIN)/pytest -n auto $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cdr map check
	$(BIN)/cdr map test
	$(BIN)/cdr reference check
	$(BIN)/cdr broker definitions --check
	@.ci/asyncapi-check $(BIN)/python
	@.ci/advisories $(BIN)/python

bench: setup
	@$(BIN)/python -m benchmarks $(NAME) $(ARGS)

# Kills the engine's processes at every stage and accounts for every message. A round that fails prints its SEED.
chaos: setup
	@$(BIN)/python -m tests.chaos --kills $(or $(KILLS),1000) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Everything hostile over the wire, by every way in, good traffic beside it: the project's own tables, or a folder with a manifest.
hostile: setup
	@$(BIN)/python -m tests.hostile $(ARGS) $(DIR)

# An hour of looking for bytes that break a reader: make fuzz NAME=er7 MINUTES=60. What it finds is kept, and tried by make test.
fuzz: $(FUZZER)/.ready
	@$(FUZZER)/bin/python -m tests.fuzz.guided $(or $(NAME),er7) --minutes $(or $(MINUTES),60)

# An hour of schemathesis at the HTTP doors, one token after the other: make fuzz-doors MINUTES=60.
fuzz-doors: setup
	@$(BIN)/python -m tests.fuzz.doors --minutes $(or $(MINUTES),60)

$(FUZZER)/.ready: fuzz.lock
	$(call venv,$(FUZZER))
	@echo "Installing the pinned libraries into $(FUZZER) ..."
	@$(FUZZER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r fuzz.lock
	@touch $@

# How the linkage model and its table of names are made; the engine needs neither to run.
linkage-model: $(TEACHER)/.ready
	@$(TEACHER)/bin/python -m benchmarks.linkage_model $(ARGS)

linkage-names: $(TEACHER)/.ready
	@$(TEACHER)/bin/python -m benchmarks.linkage_names $(ARGS)

$(TEACHER)/.ready: linkage-model.lock linkage-names.lock
	$(call venv,$(TEACHER))
	@echo "Installing the pinned libraries into $(TEACHER) ..."
	@$(TEACHER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r linkage-model.lock
	@$(TEACHER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r linkage-names.lock
	@touch $@

PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

# Pins every library, with hashes; needs the tool uv.
lock:
	$(PIN) --extra dev --extra mesh --extra reports --extra tracing pyproject.toml -o requirements.lock
	$(PIN) --extra linkage-model -c requirements.lock pyproject.toml -o linkage-model.lock
	$(PIN) --extra fuzz -c requirements.lock pyproject.toml -o fuzz.lock
	$(PIN) --group linkage-names --no-deps -o linkage-names.lock
	$(PIN) --group mesh-sandbox -o mesh-sandbox.lock
	$(PIN) --group advisories -o advisories.lock
	$(PIN) --group schemathesis -o schemathesis.lock
