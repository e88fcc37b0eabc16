# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
EXTRAS := $(VENV)/.installed-extras
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: setup demo wheel test test-long lint types docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("dbnchurn needs Python 3.11 to 3.13, this is %d.%d; try: make PYTHON=python3.11" % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	@echo 'Installing pinned versions into $(VENV), some 3 GB; this takes minutes.'
	$(PIP) -e '.[train,bench,dev,db]'
	touch $@

# The integrations are large, and only their tests need them.
$(EXTRAS): $(STAMP)
	$(PIP) -e '.[tune,mlflow,spark,onnx]'
	touch $@

demo: setup
	$(BIN)/python scripts/train.py configs/tv.yaml

# The source archive, and from it the wheel.
wheel: setup
	rm -rf dist
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m build --outdir dist . > /dev/null

# What is released is what is tested: the installed wheel, where the source cannot be imported.
test: $(EXTRAS) wheel
	$(BIN)/python scripts/check_wheel.py

# Many cases of what `make test` tries on few: thousands of mutated models, tens of kills.
test-long: $(EXTRAS) wheel
	$(BIN)/python scripts/check_wheel.py -- -n 2 --dist worksteal -m long tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/vulture

types: setup
	$(BIN)/mypy

# Every warning is an error: a link, an anchor or a reference that leads nowhere, a docstring that
# cannot be read. Then open build/site/index.html.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) build dist *.egg-info runs .pytest_cache .mypy_cache .ruff_cache
