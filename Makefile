# Two commands: `make demo` shows the bridge at work, `make test` proves it. Everything else is for those who work on it.

WORKERS ?= 4
# Two for each of CI's cores: most tests wait for a broker, a socket or a disk.

KILLS ?= 1000
SEED ?=

SEEDS ?= 100
HOURS ?= 1.5
FIRST ?= 0
# Under four minutes on two cores; every kind of fault happens in these seeds.

demo: ## show the bridge at work, without any hardware; make demo ARGS=--once ends by itself
	@.ci/environment .venv-demo requirements/demo.txt
	@.venv-demo/bin/python -m bridge demo $(ARGS)

test: prepare lint types schemas sim ## prove it: style, types, schemas, simulated years, then every test and what it covers
	@EVBRIDGE_TEST_SLOWNESS=$${EVBRIDGE_TEST_SLOWNESS:-2} .venv/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile --cov=bridge $(ARGS)

conformance: prepare ## the public certification cases, and how many of them pass
	@EVBRIDGE_TEST_SLOWNESS=$${EVBRIDGE_TEST_SLOWNESS:-2} .venv/bin/python -m pytest -p tests.conformance.closing --numprocesses $(WORKERS) --dist loadfile --quiet tests/conformance $(ARGS)

prepare:
	@.ci/prepare

environment:
	@.ci/environment .venv requirements/dev.txt

lint: environment
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .

types: environment
	@.venv/bin/mypy

schemas: environment
	@.venv/bin/python -m bridge schemas --check

sim: environment ## live years of storms in minutes, then audit every Wh; make sim SEEDS=1000 HOURS=24 FIRST=5000 runs longer
	@.venv/bin/python -m tests.simulation --first $(FIRST) --seeds $(SEEDS) --hours $(HOURS) --regressions $(if $(filter file,$(origin SEEDS)),--complete) $(ARGS)

mutants: environment ## plant bugs in the bridge, one at a time, and see the simulation find each; make mutants ARGS=--record writes it down
	@.venv/bin/python -m tests.simulation.mutants $(ARGS)

kills: environment ## kill the real bridge again and again, then audit every Wh; make kills KILLS=100 SEED=… repeats a run
	@EVBRIDGE_TEST_SLOWNESS=$${EVBRIDGE_TEST_SLOWNESS:-4} .venv/bin/python -m tests.kills --kills $(KILLS) --seed "$(SEED)"

bench: ## compare with the thinnest forwarder there is, in one run; make bench ARGS="tap --rounds 5"
	@.ci/environment .venv-bench requirements/bench.txt
	@.venv-bench/bin/python benchmarks/compare.py $(ARGS)

format: environment ## put the source into form
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format --quiet .

write: environment ## write anew what is generated: the AsyncAPI document, the tables of the README
	@.venv/bin/python -m bridge schemas --write
	@.venv/bin/python -m tests.conformance.ledger

lock: ## take newer dependencies: writes requirements/*.txt
	@.ci/lock

clean: ## remove every environment and cache
	rm -rf .venv .venv-demo .venv-lowest .venv-lock .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* tests/node/node_modules tests/go/bin
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: demo test conformance sim mutants kills bench prepare environment lint types schemas format write lock clean help
