# make demo | test    each sets up all that it needs first; `make help` lists the rest

.DEFAULT_GOAL := help
.PHONY: help setup tools demo test kernels lint types boards bench firmware reference pictures wheel clean
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Python compiles each file once, also where the caller's environment asks for no compiled files: some
# hundred processes would each compile the package.
unexport PYTHONDONTWRITEBYTECODE

say = @printf '\n== %s\n' "$(1)"

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# While the large programs are installed, Python's packages are, too.
setup: ## system tools that are missing, .venv, Python packages, firmware
	$(call say,what Python packages need)
	@scripts/setup-system.sh python3-venv ca-certificates
	@$(MAKE) --no-print-directory --jobs=2 tools $(STAMP)
	@$(MAKE) --no-print-directory firmware
	$(call say,ready)
	@echo 'realnet is in $(BIN); try: $(BIN)/realnet doctor'

tools: ## the system tools alone
	$(call say,system tools)
	@scripts/setup-system.sh

# The pinned packages first, then this package as links into the checkout.
$(STAMP): constraints.txt pyproject.toml scripts/setup-python.sh
	$(call say,Python packages in $(VENV))
	@scripts/setup-python.sh '$(PYTHON)' '$(VENV)'
	@touch $@

demo: setup ## XOR from weights to verdict on the virtual bench, with a report
	$(call say,demo)
	@$(BIN)/realnet demo

test: setup ## everything that proves it: style, types, layers, boards, tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target kernels lint types
	$(call say,tests)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

kernels: $(STAMP) ## compile the simulator, so that nobody waits for it later
	$(call say,kernels)
	@$(BIN)/python -m realnet_hw.predict.compiled

lint: $(STAMP) ## style of the Python code, layers of the package
	$(call say,style)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo 'mend it with: $(BIN)/ruff format .'; exit 1; }
	$(call say,layers)
	@$(BIN)/lint-imports --config pyproject.toml

types: $(STAMP) ## types of the package, strictly
	$(call say,types)
	@$(BIN)/mypy

boards: setup ## every board under boards/ builds to what is committed
	@for board in boards/*/board.py; do \
	    board=$$(basename $$(dirname $$board)); \
	    printf '\n== realnet build %s --check\n' $$board; \
	    $(BIN)/realnet build $$board --check || exit; \
	done

bench: setup ## measure speed, as ratios; BENCH=name for one of tests/benchmarks
	$(call say,benchmarks)
	@$(BIN)/python tests/benchmarks/run.py $(BENCH)

firmware: ## the fixture's controller: .elf and .hex
	$(call say,firmware)
	@$(MAKE) --no-print-directory -C firmware/fixture

reference: $(STAMP) ## the pages of docs/reference that follow from the code
	@$(BIN)/python -m scripts.write_reference

pictures: setup ## the pictures of docs, by running the tutorials
	@$(BIN)/python -m scripts.draw_pictures

wheel: setup ## dist/: a wheel that needs no checkout, and the source distribution
	$(call say,wheel)
	@$(BIN)/python -m hatchling build

clean: ## what was built, not what was installed
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@$(MAKE) --no-print-directory -C firmware/fixture clean
	@find realnet_hw tests boards bench -name __pycache__ -type d -prune -exec rm -rf {} +
