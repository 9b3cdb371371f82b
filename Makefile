# Two commands, and nothing before them: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
WORKERS ?= auto
BIN := $(VENV)/bin
PYTEST := NAPARI_CONFIG= $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: help install demo test test-full lint types architecture check sample screenshots clean

help:
	@echo "make demo       the whole job on the embedded sample, then the window (or its picture)"
	@echo "make test       every test that is quick (under 12 minutes on two cores)"
	@echo "make test-full  all tests: real data, long training, killed workers"
	@echo "make check      lint, types, architecture"
	@echo "make sample     make the embedded sample again"

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt scripts/system-libraries.sh
	sh scripts/system-libraries.sh
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e ".[all,test]"
	touch $@

demo: install
	$(BIN)/synapse-debug demo demo

test: install
	$(PYTEST) -m "not slow and not real"

test-full: install
	$(PYTEST)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

architecture: install
	$(BIN)/lint-imports
	$(BIN)/npe2 validate --imports napari-synapse-debug

check: lint types architecture

sample: install
	$(BIN)/python scripts/make_sample.py

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
