# `make run` and `make test` are all a newcomer needs; each makes .venv first where it is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Without a writable home folder, data, runs and caches are stored in the clone.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_DATA_HOME ?= $(CURDIR)/.home/data
export XDG_STATE_HOME ?= $(CURDIR)/.home/state
export XDG_CACHE_HOME ?= $(CURDIR)/.home/cache
endif

# Tests start many processes: where byte code may not be kept, each would compile the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow test-bounds torture monkey check format animation pictures bench bench-busy bench-dashboard bench-drawing clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## Make .venv with the program in it

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("mnist-tui needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(READY) ## Train the reference network in the dashboard (headless where there is no terminal)
	$(BIN)/mnist-tui train

test: $(READY) ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST)

test-slow: $(READY) ## Run the long campaigns too
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not torture'

test-bounds: $(READY) ## Run the tests with the lowest and the newest dependencies allowed (installs both)
	.ci/bounds lowest
	.ci/bounds newest

torture: $(READY) ## Try to break it: kills, full disks, hostile files and servers (half an hour)
	$(BIN)/python -m pytest -q -n 0 -m torture tests/torture

monkey: $(READY) ## Press random keys in the dashboard (MINUTES=120)
	$(BIN)/python -m tests.torture.monkey --minutes $(or $(MINUTES),120)

check: $(READY) ## Format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test

format: $(READY) ## Bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

animation: $(READY) ## Record the README's animation from a real run of the quick recipe
	$(BIN)/python docs/make_animation.py

pictures: $(READY) ## Make the README's pictures from a real run (RUN=latest)
	$(BIN)/python docs/make_pictures.py $(or $(RUN),latest)

bench: $(READY) ## Measure this machine's speed, compared with a plain loop
	$(BIN)/mnist-tui bench

bench-busy: $(READY) ## Measure the speed of two threads beside 0 to 8 busy loops
	$(BIN)/python -m tests.benchmarks.busy

bench-dashboard: $(READY) ## Measure the dashboard: first frame, keys, its cost (MNIST_TUI_DATA_DIR=...)
	$(BIN)/python -m tests.benchmarks.dashboard

bench-drawing: $(READY) ## Measure how soon predictions follow the pen, also during training (MNIST_TUI_DATA_DIR=...)
	$(BIN)/python -m tests.benchmarks.drawing

clean: ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
