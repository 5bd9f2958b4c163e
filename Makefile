# Everything happens in .venv, which `make setup` makes; stamps say what is in it.
.DEFAULT_GOAL := help
.PHONY: help setup serve test check bench tables docs dist soak lock

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Bytecode is kept: without it each start of Python compiles all that it loads anew.
unexport PYTHONDONTWRITEBYTECODE
RUN := .venv/.stamp-run
DEV := .venv/.stamp-dev
DOCS := .venv/.stamp-docs
WEB := hearth/web/dist/.stamp
WEB_SOURCES := $(shell find hearth/web/src hearth/web/public -type f) \
	$(wildcard hearth/web/*.json hearth/web/*.ts hearth/web/*.html)

help:
	@echo "make setup   make .venv with the hearth command, and the web client"
	@echo "make serve   start Hearth; options go in ARGS='--listen 0.0.0.0:8080'"
	@echo "make test    run the tests; ARGS='tests/unit -k config' chooses"
	@echo "make check   formatting, lint and types"
	@echo "make bench   measure, and write perf/RESULTS.md"
	@echo "make soak    the tests with their long runs"
	@echo "make tables  write the tables of the documentation anew, from the code"
	@echo "make docs    build the documentation site into site/"
	@echo "make dist    build the wheel and the source distribution into dist/"
	@echo "make lock    remake the locks after a change of dependencies (UPGRADE=1 takes newer ones)"

setup: $(RUN) $(WEB)

$(RUN): pyproject.toml packaging/setup.sh packaging/bootstrap.lock packaging/requirements.lock
	@PYTHON='$(PYTHON)' packaging/setup.sh run
	@touch $@

$(DEV): $(RUN) packaging/requirements-dev.lock
	@packaging/setup.sh dev
	@touch $@

# The web client; where Node cannot be had the server says so on its page.
$(WEB): $(RUN) packaging/requirements-web.lock packaging/build_web.py $(WEB_SOURCES)
	@packaging/setup.sh web
	@mkdir -p $(@D) && touch $@

$(DOCS): $(RUN) packaging/requirements-docs.lock
	@packaging/setup.sh docs
	@touch $@

serve: $(RUN) $(WEB)
	@exec $(BIN)/hearth serve $(ARGS)

test: $(DEV) $(WEB)
	@packaging/test-deps.sh
	@$(BIN)/pytest -q -n 3 $(ARGS)

soak: $(DEV) $(WEB)
	@packaging/test-deps.sh
	@HEARTH_SOAK=1 $(BIN)/pytest -q --timeout=0 $(ARGS)

check: $(DEV) $(WEB)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/python packaging/build_web.py check

bench: $(DEV)
	@$(BIN)/python perf/run.py $(ARGS)

tables: $(DEV)
	@for page in api errors events compatibility; do \
		PYTHONPATH=. $(BIN)/python tests/unit/test_docs_$$page.py || exit 1; done
	@$(BIN)/python -m hearth.config >config.example.toml

docs: $(DOCS)
	@$(BIN)/zensical build --clean --strict

dist: $(RUN)
	@$(BIN)/hatchling build

lock: $(RUN)
	@UPGRADE='$(UPGRADE)' packaging/setup.sh lock
