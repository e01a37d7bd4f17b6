# make setup   everything that eippot needs, on a bare Debian machine or in an existing environment
# make demo    the whole method on silicon, about twenty minutes on two cores; results in demo/
# make test    the test suite: real KIM models, real LAMMPS
# make docs    the pages of docs/ as a site, in build/docs/html
# make lint    what CI checks beside the tests
# make sanitize   tests of the LAMMPS pair style with sanitizers for memory and undefined behaviour
# make fuzz      hostile files at every reader: hypothesis, then SECONDS of atheris each (600)
# make audit     known vulnerabilities of what .ci/constraints.txt pins (asks PyPI)
# make matrix    the tests with the oldest and newest of what eippot needs, where this machine has them
# make bench NAME=silicon   a benchmark of benchmarks/; OPTIONS='...' are handed to it
# make bench-peers   environments in .peers of the programs that make bench NAME=speed compares with

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export OMP_WAIT_POLICY := passive

.PHONY: setup demo test docs lint sanitize fuzz audit matrix bench bench-peers

setup:
	@bash .ci/setup $(VENV)

demo: setup
	@$(BIN)/python examples/silicon/demo.py --output demo

test: setup
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

docs: setup
	@$(BIN)/python docs/site/sources.py build/docs/source
	@$(BIN)/python -m sphinx -q -W --keep-going -b html build/docs/source build/docs/html

lint: setup
	@$(BIN)/pre-commit run --all-files

sanitize: setup
	@bash .ci/sanitize $(BIN)

fuzz: setup
	@bash .ci/fuzz $(BIN) $(or $(SECONDS),600)

audit: setup
	@$(BIN)/pip-audit --strict --no-deps --disable-pip -r .ci/constraints.txt

matrix:
	@bash .ci/matrix $(NAME)

bench: setup
	@$(BIN)/python -m benchmarks.$(NAME) $(OPTIONS)

bench-peers: setup
	@$(BIN)/python -m benchmarks.speed.environments
