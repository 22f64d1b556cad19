# make setup   environment in .venv (CPU build of torch and vLLM)
# make demo    train a tiny model with GRPO, show what it learned
# make test    all tests;  make test-fast  those that need no other process: some minutes, without Ray
# make test-releases    one real job with each older release of verl that works, in an environment of its own
# make check   lint, types, import rules;  make bench  benchmarks
# make docs    the pages as a site, in site/; a link that leads nowhere is an error
# make upgrade VERL=0.9.0    what moved in another verl (a release, or a folder with a checkout)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := cpu,instructions,report,data,sweep,docs,dev
comma := ,

# A folder that offers a CPU torch to pip wins; elsewhere it comes from PyTorch's CPU wheel index.
OFFERED := $(wildcard $(addsuffix /torch-*+cpu-*.whl,$(PIP_FIND_LINKS)))
TORCH := $(if $(OFFERED),--find-links $(PIP_FIND_LINKS),--torch-backend cpu)

.PHONY: setup demo test test-fast test-releases check bench docs upgrade lock
setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements/cpu.txt
	$(PYTHON) -c "import sys; assert (3,10) <= sys.version_info < (3,13), 'Python 3.10 to 3.12 is needed, set PYTHON='"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "uv>=0.8"
	$(BIN)/uv pip install --python $(BIN)/python --constraint requirements/cpu.txt $(TORCH) --compile-bytecode --editable ".[$(EXTRAS)]"
	touch $@

demo: setup
	$(BIN)/still-verl demo

test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --durations 60

test-fast: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup -m "not slow and not e2e and not process"

test-releases: setup
	$(BIN)/python tests/releases.py --part sync --check -- $(TORCH)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python benchmarks/step_overhead.py

docs: setup
	$(BIN)/python benchmarks/gallery.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

upgrade: setup
	$(BIN)/python tests/upgrade.py $(VERL)

# Renew the pins of requirements/cpu.txt from pyproject.toml.
lock: setup
	$(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header $(TORCH) $(foreach e,$(subst $(comma), ,$(EXTRAS)),--extra $(e)) \
	  pyproject.toml --output-file requirements/cpu.txt
