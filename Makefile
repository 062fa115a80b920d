# Prerequisites: Python >= 3.11, make, git. Everything else is set up on the way: `demo`, `test` and the others need no step before them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
IMAGE ?= poolwright:dev
CONTAINER_TOOL ?= docker
# What `test` runs, and more arguments for any command: make test TESTS=tests/domain, make torture ARGS="--seed 7"
TESTS ?= tests
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
JUDGE := .venv-conformance/.ready
RECORDINGS ?= ../shared/recordings
# Azurite knows page blobs, so the same tests run against both; npm brings it where there is one.
AZURITE := $(if $(shell command -v npm),.azurite/.ready)
LOCKS := requirements/build.txt requirements/runtime.txt requirements/dev.txt
CODE := $(wildcard operator simulator controlplane tests demo benchmarks)
FAST := $(wildcard tests/domain tests/engine tests/architecture)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## Run the operator against a real API server and a simulated Azure (KUBECONFIG=... uses your own cluster)
	PYTHONPATH=controlplane:. $(BIN)/python -m demo $(ARGS)

.PHONY: test
test: $(READY) ## Run every test
	$(BIN)/python -m pytest $(TESTS) $(ARGS)

.PHONY: check
check: $(READY) ## Format, lint, types, import rules and the fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(FAST)

.PHONY: bench
bench: $(READY) ## Measure: one table, compared within one run
	PYTHONPATH=tests:controlplane $(BIN)/python -m benchmarks.converge $(ARGS)

.PHONY: bench-simulator
bench-simulator: $(READY) ## Measure the simulator: requests a second, memory, long lists
	$(BIN)/python -m benchmarks.simulator $(ARGS)

# The Azure CLI pins SDKs older than ours, so it has an environment of its own: 730 MB, made once.
.PHONY: conformance
conformance: $(READY) $(JUDGE) $(AZURITE) ## Let recordings, az and Azurite judge the simulator (downloads azure-cli once; under 20 minutes)
	$(if $(wildcard $(RECORDINGS)),$(BIN)/azuresim replay $(RECORDINGS),@echo "No recordings in $(RECORDINGS): the replay is left out.")
	CONFORMANCE_AZ="$(CURDIR)/.venv-conformance/bin/python -m azure.cli" $(BIN)/python -m pytest tests/conformance $(wildcard tests/simulator/test_replay.py) $(ARGS)
	$(if $(AZURITE),AZURESIM_AZURITE="$(CURDIR)/.azurite" $(BIN)/python -m pytest -m azurite tests/simulator tests/cloud,@echo "No npm here: Azurite is left out.")

$(JUDGE): requirements/conformance.txt
	$(BIN)/python -m venv --clear .venv-conformance
	.venv-conformance/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

.azurite/.ready:
	npm install --silent --no-audit --no-fund --prefix .azurite azurite@3.37.0
	@touch $@

.PHONY: torture
torture: $(READY) ## Crash, delay and confuse the operator everywhere; ends with the number of violations
	PYTHONPATH=tests:controlplane $(BIN)/python -m torture $(ARGS)

.PHONY: image
image: ## Build the container image (CONTAINER_TOOL=podman works too)
	$(CONTAINER_TOOL) build --tag $(IMAGE) .

# `make lock` keeps the versions it finds; UPGRADE=--upgrade moves them, UPGRADE="--upgrade-package kopf" moves one.
UPGRADE ?=
COMPILE := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header $(UPGRADE)
.PHONY: lock
lock: ## Renew requirements/*.txt from the declared dependencies (needs uv)
	$(COMPILE) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) --constraint requirements/runtime.txt simulator/pyproject.toml requirements/dev.in --output-file requirements/dev.txt
	$(COMPILE) requirements/conformance.in --output-file requirements/conformance.txt
	$(COMPILE) --constraint requirements/runtime.txt --constraint requirements/dev.txt requirements/build.in --output-file requirements/build.txt

$(READY): $(LOCKS) pyproject.toml simulator/pyproject.toml
	@found=; for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "No Python >= 3.11 found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	echo "setting up .venv with $$($$found --version)"; \
	$$found -m venv --clear .venv
	$(PIP) install --require-hashes $(LOCKS:%=--requirement %)
	$(PIP) install --no-deps --no-build-isolation --editable . --editable simulator
	@touch $@
