# Each target sets up what it needs first; a later call finds that done and starts at once.
# Paths stay relative: the folder's own name may hold a space.
#
# Variables, given as `make lab LITE=1`:
#   LITE=1            only what chapters 00 to 02 need
#   PYTHON=…          the Python to build .venv with (3.11 to 3.13)
#   TORCH_INDEX_URL=… a package index with CPU builds of torch, for a Linux machine without an NVIDIA card
#   WHEELHOUSE=DIR    install from this folder instead of the network; ./wheelhouse is found by itself
#   ARGS="…"          passed on to the command: make course ARGS="--jobs 1", make test ARGS="-k drift"

.DEFAULT_GOAL := help
BIN := .venv/bin
SETUP := sh scripts/setup.sh
CHOSEN := $(if $(LITE),lite,course)
BENCHMARKS := $(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))

.PHONY: help course lab test lint bench build wheelhouse services services-down

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo
	@sed -n 's/^#   /  /p' Makefile

course: ## Set up, run the whole solved course, print its table
	@$(SETUP) install $(CHOSEN)
	@$(BIN)/workshop run $(ARGS)

lab: ## Set up and open JupyterLab on your copies of the notebooks
	@$(SETUP) install $(CHOSEN)
	@$(BIN)/workshop lab $(ARGS)

# A chosen part (ARGS) is run alone: neither the gates nor the whole suite's coverage apply to it.
test: ## Every check and test; ARGS="-k drift" runs a part
	@$(SETUP) install $(CHOSEN),dev
ifeq ($(strip $(ARGS)),)
	@$(MAKE) --no-print-directory gates
	$(BIN)/python -m pytest --cov=workshop_lib --cov-report=term
else
	$(BIN)/python -m pytest $(ARGS)
endif

lint: ## Style, types, layers, and notebooks against their sources
	@$(SETUP) install course,dev
	@$(MAKE) --no-print-directory gates

.PHONY: gates
gates:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/workshop build --check

services: ## Start RabbitMQ and Redis: in Docker, or as programs of this machine
	@$(SETUP) install lite
	@$(BIN)/workshop services up $(ARGS)

services-down: ## End what `make services` started; its data stays
	@$(SETUP) install lite
	@$(BIN)/workshop services down $(ARGS)

bench: ## Measure against peers, one subject after another
	@$(SETUP) install course,dev
	@set -e; for subject in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$subject $(ARGS); done

build: ## Write the notebooks from solutions/*.py
	@$(SETUP) install lite
	@$(BIN)/workshop build $(ARGS)

wheelhouse: ## Fill wheelhouse/, from which a room without a network installs
	@$(SETUP) wheelhouse $(CHOSEN)
