# `make help` lists the targets. Everything is installed into .venv beside this file.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e
# What is installed, in steps: each target waits for no more than it needs.
READY := $(VENV)/.installed
TOOLS := $(VENV)/.tools
DOCS := $(VENV)/.docs
RIVALS := $(VENV)/.rivals
MUTMUT := $(VENV)/.mutmut
PACKERS := $(VENV)/.packers
CORES := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: help install reproduce docs pictures check site test test-fast lint validate mutants bench dist matrix clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

install: $(TOOLS) ## only prepare the environment .venv

$(READY): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "smtj needs Python 3.11 or newer; point to one with: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "== installing smtj and its dependencies into $(VENV) (about a minute, once)"
	"$(PYTHON)" -m venv $(VENV)
	@# Python compiles what it imports; to compile all of it now takes as long as the rest.
	$(INSTALL) '.[nn]'
	@touch $@

$(TOOLS): $(READY)
	@echo "== installing what the tests need (half a minute, once)"
	$(INSTALL) '.[cluster,explore,formats,pbits,dev]'
	@touch $@

$(DOCS): $(TOOLS)
	@echo "== installing what the documentation and the exported networks need"
	$(INSTALL) '.[docs,onnx]'
	@touch $@

$(RIVALS): $(TOOLS)
	@echo "== installing the packages that smtj is compared with"
	$(INSTALL) '.[bench]'
	@touch $@

$(MUTMUT): $(TOOLS)
	@echo "== installing mutmut, which plants faults in the code"
	$(INSTALL) '.[mutants]'
	@touch $@

$(PACKERS): $(READY)
	@echo "== installing what packs smtj"
	$(INSTALL) '.[dist]'
	@touch $@

reproduce: $(READY) ## reproduce the whole paper on MNIST; the report is in reproduction/
	@echo "== reproducing the paper into reproduction/"
	$(BIN)/smtj reproduce --out reproduction

docs: $(DOCS) ## build the documentation; open site/index.html
	@echo "== building the documentation into site/"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "Open site/index.html"

pictures: $(TOOLS) ## redraw the pictures of the documentation and the gallery page
	$(BIN)/python validation/gallery.py --render
	$(BIN)/python -m pytest docs --redraw

check: $(DOCS) ## lint, test and check the documentation site, side by side
	@$(MAKE) --no-print-directory --jobs 2 lint test site

site: $(DOCS)
	@echo "== checking the documentation site"
	$(BIN)/python -m pytest tests/test_site.py

test: $(TOOLS) ## run all tests but the long proofs
	@echo "== running the tests"
	@# A worker for each core, so none starts threads of its own.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(CORES) -m "not proof"

test-fast: $(TOOLS) ## run only the fast tests (about a minute)
	@echo "== running the fast tests"
	$(BIN)/python -m pytest $(CORES) -m "not slow and not proof"

lint: $(TOOLS) ## run ruff, mypy and the import contracts
	@echo "== checking style, types and imports"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

validate: $(DOCS) $(RIVALS) ## run the long validations over several seeds; writes docs/validation/
	@echo "== running the long validations (about two hours on two cores; after Ctrl-C the same command resumes)"
	$(BIN)/python -m pytest $(CORES) -m proof
	$(BIN)/python validation/dwell.py
	$(BIN)/python validation/telegraph.py
	$(BIN)/python validation/macrospin.py
	$(BIN)/python validation/scans.py
	$(BIN)/python validation/cards.py
	$(BIN)/python validation/loops.py
	$(BIN)/python validation/field_scatter.py
	$(BIN)/python validation/llg.py
	$(BIN)/python validation/torque.py
	$(BIN)/python validation/bias.py
	$(BIN)/python -m pytest tests/dynamics -k cmtj
	$(BIN)/python validation/resonance.py
	$(BIN)/python validation/networks.py
	$(BIN)/python validation/reads.py
	$(BIN)/python validation/recalibration.py
	$(BIN)/python validation/aware.py
	$(BIN)/python validation/recognition.py
	$(BIN)/python validation/uncertainty.py
	$(BIN)/python validation/energy.py
	$(BIN)/python validation/yields.py
	$(BIN)/python validation/pbits.py
	$(BIN)/python validation/gallery.py
	$(BIN)/python validation/circuits.py
	$(BIN)/python validation/randomness.py
	$(BIN)/python validation/render.py

mutants: $(MUTMUT) ## plant faults in the code and list those no test finds; writes docs/validation/mutants.md
	@echo "== trying mutants of five packages (one to two hours on one core; after Ctrl-C the same command resumes)"
	OMP_NUM_THREADS=1 $(BIN)/python validation/mutants.py

bench: $(RIVALS) ## measure speed, both sides of each comparison in one process
	@echo "== measuring"
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/telegraph.py
	$(BIN)/python benchmarks/states.py
	$(BIN)/python benchmarks/files.py
	$(BIN)/python benchmarks/spectra.py
	$(BIN)/python benchmarks/macrospin.py
	$(BIN)/python benchmarks/reads.py
	$(BIN)/python benchmarks/chips.py
	$(BIN)/python benchmarks/explorer.py

dist: $(PACKERS) ## pack smtj into dist/, and run the main job where nothing but the wheel is
	@echo "== packing, and running the main job from the wheel (about ten minutes on two cores)"
	rm -rf dist results/dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	"$(PYTHON)" -m venv results/dist/venv
	results/dist/venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	    "$$(echo dist/*.whl)[nn]"
	cd results/dist && venv/bin/smtj reproduce --dataset digits --epochs 20 --ablation-epochs 2

matrix: ## run the tests with every Python from 3.11 to 3.13 that is here
	@for version in 3.11 3.12 3.13; do \
	    if python$$version -c '' 2>/dev/null; then \
	        $(MAKE) --no-print-directory test PYTHON=python$$version VENV=.venv-$$version || exit 1; \
	    else echo "== Python $$version is not here, so it is left out"; fi; \
	done

clean: ## remove the environments and all outputs
	rm -rf $(VENV) .venv-* dist reproduction results site .mypy_cache .ruff_cache .pytest_cache
