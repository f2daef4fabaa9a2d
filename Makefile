# make setup PYTHON=python3.12        another Python than python3
# make setup TORCH_INDEX=…            take torch from this index as well: PyTorch's own has CPU builds
# make test PYTEST_ARGS='-k gather'   more arguments for pytest
# make test JOBS=8                    more processes
# make bench MEASURE=aggregation      one of environments, aggregation, returns, rounds and report
# make bench BENCH_ARGS=--quick       a look, in some minutes

PYTHON ?= python3
TORCH_INDEX ?=
JOBS ?= 2
PYTEST_ARGS ?=
MEASURE ?= environments aggregation returns rounds report
BENCH_ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
PEERS := .venv-peers/installed.json
RLLIB := .venv-rllib/.installed
SITE := .venv/.installed-docs
WHEEL := .venv-wheel/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser test-rllib test-tutorials test-wheel soak fuzz check format peers bench readme claims site clean
# Threads of their own would make timings, and last bits of sums, depend on the machine.
demo test test-browser test-rllib test-tutorials test-wheel soak fuzz bench site: export OMP_NUM_THREADS := 1
demo test test-browser test-rllib test-tutorials test-wheel soak fuzz bench site: export OPENBLAS_NUM_THREADS := 1
# Tests start hundreds of processes: what one has compiled, the others need not.
test: export PYTHONDONTWRITEBYTECODE :=

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv

# A folder stays without its stamp until all is installed, so that a broken setup is done again.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "rallypoint needs Python 3.11 to 3.13, and there is no $(PYTHON): make setup PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("rallypoint needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d: make setup PYTHON=…" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --editable '.[dev,bench]'
	@touch $@

demo: setup ## train ten agents to gather, and report the claims (under a minute)
	$(BIN)/rallypoint run gathering --quick --out runs/demo

test: setup ## run the tests
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup $(PYTEST_ARGS)

test-browser: setup ## open pages in a headless Chromium (CHROMIUM=…), and look for what is wrong with them
	$(BIN)/python -m pytest -m browser tests/browser $(PYTEST_ARGS)

# RLlib pins another gymnasium than ours. torch comes first, so that nothing else chooses one.
$(RLLIB): pyproject.toml constraints-rllib.txt
	$(PYTHON) -m venv .venv-rllib
	.venv-rllib/bin/python -m pip install --quiet --disable-pip-version-check \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) "$$(grep ^torch constraints-rllib.txt)"
	.venv-rllib/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints-rllib.txt --editable . 'ray[rllib]' hypothesis mpe2 pytest
	@touch $@

test-rllib: $(RLLIB) ## run the tests of the view for RLlib, in .venv-rllib
	.venv-rllib/bin/python -m pytest tests/rllib $(PYTEST_ARGS)

test-tutorials: setup ## follow the tutorials and recipes, with every command in them
	$(BIN)/python -m pytest -m tutorial tests/test_tutorials.py $(PYTEST_ARGS)

# Whatever changed may be in the wheel, so it is built anew each time; what it needs is installed once.
$(WHEEL): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) . hypothesis pytest
	@touch $@

test-wheel: setup $(WHEEL) ## use the wheel, in .venv-wheel, from another folder
	rm -rf build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel . >/dev/null
	.venv-wheel/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall build/wheel/*.whl
	.venv-wheel/bin/python -m pytest -m wheel tests/wheel $(PYTEST_ARGS)

soak: setup ## kill processes of a Ray cluster for ten minutes, and count what becomes of rounds
	$(BIN)/python -m pytest -m soak tests/agents/rounds/cluster -s $(PYTEST_ARGS)

fuzz: setup ## break a hundred thousand files: each is read, or refused in one line
	$(BIN)/python -m pytest -m fuzz tests/fuzz --numprocesses $(JOBS) $(PYTEST_ARGS)

check: setup ## format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: setup ## put the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# What cannot be installed is noted there, and a row of the benchmark: without a network it runs, too.
$(PEERS): constraints-peers.txt benchmarks/install_peers.py | $(STAMP)
	$(BIN)/python benchmarks/install_peers.py $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

peers: setup ## install the peers that cannot share .venv, or try again what failed
	rm -f $(PEERS)
	$(MAKE) $(PEERS)

bench: $(addprefix bench-,$(MEASURE)) ## measure environments, PPO and aggregation beside their peers (an hour)

bench-aggregation: BENCH_PAGE := --page
bench-%: setup $(PEERS)
	$(BIN)/python benchmarks/$*.py --json runs/bench-$*.json $(BENCH_PAGE) $(BENCH_ARGS)

readme: setup ## write the README's tables anew; RUN=DIR and BENCH=FILE give claims and speed
	$(BIN)/python docs/readme_tables.py $(if $(RUN),--run $(RUN)) $(if $(BENCH),--bench $(BENCH))

claims: setup ## write the pages of claims anew; RUN=DIR keeps a run in full, PART=NAME as a part of its experiment
	$(BIN)/python docs/claims_pages.py $(if $(RUN),--keep $(RUN)) $(if $(PART),--part $(PART))

# What the site is built with is installed once; after that nothing needs the network.
$(SITE): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --editable '.[docs]'
	@touch $@

site: $(SITE) ## build the documentation into build/site; a broken link or reference is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -c docs/site docs build/site
	@echo "build/site/index.html"

clean: ## remove builds and caches; .venv, .venv-peers and runs/ stay
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find agents benchmarks envs experiments safety src tests -name __pycache__ -prune -exec rm -rf {} +
