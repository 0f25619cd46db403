# Everything the project can do. `make help` lists it.
# VENV=none uses the active environment instead of .venv; PYTHON names the interpreter to make .venv from.

VENV ?= .venv
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { command -v $$p; break; }; done)
# torch's own index of CPU builds. Where it cannot be reached, pip goes on with what it knows.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PROFILE ?= default
JOBS ?= 2
SEEDS ?= 3
PORT ?= 8000
HTML ?= _build/html
ANSWERS ?= _build/student/notebooks
CHAPTER ?=
SWEEP ?= book/sweeps/seeds.yml
NAMES ?=
MODEL ?=
TEXTS ?=
K ?=
N_TEXTS ?=
P ?=
export P MODEL TEXTS  # as they are, with quotes and spaces
SCHEDULER ?=
export SCHEDULER  # tcp://host:port of a Dask cluster that takes restarts, draws and cells of sweeps

ifeq ($(VENV),none)
READY :=
RUN := $(shell command -v python || command -v python3)
else
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
endif

.PHONY: help book check-answers check-book chapter plan results student sweep extras model models shipped audit bench bench-record test test-slow lint serve lab clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@echo "usage: make TARGET [NAME=value …]"
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "VENV=none uses the active environment, PYTHON=… picks the interpreter (3.11 to 3.13)."

book: $(READY)  ## execute what is stale, render _build/html/index.html  [PROFILE=smoke] [JOBS=2]
	@$(RUN) book/run.py book --profile $(PROFILE) --jobs $(JOBS)

check-book: $(READY)  ## open every page of the book in Chromium and say what is wrong  [HTML=_build/html]
	@$(RUN) -m checks $(HTML)

chapter: $(READY)  ## one chapter with your parameters: CHAPTER=3 P="model=… texts=…"
	@$(RUN) book/run.py chapter "$(CHAPTER)" --profile $(PROFILE) --jobs $(JOBS) --parameters "$$P"

plan: $(READY)  ## what a model would take, from its configuration alone: MODEL=… TEXTS=… [CHAPTER=5] [K=20] [N_TEXTS=60] [P=…]
	@$(RUN) book/plan.py --model "$$MODEL" --texts "$$TEXTS" --chapter "$(CHAPTER)" --profile "$(filter-out default,$(PROFILE))" \
		"$(if $(K),k=$(K)) $(if $(N_TEXTS),n_texts=$(N_TEXTS)) $$P"

student: $(READY)  ## the book without solutions, and worksheets: _build/student  [PROFILE=smoke]
	@$(RUN) book/run.py student --profile $(PROFILE) --jobs $(JOBS)

check-answers: $(READY)  ## test the answers in worksheets  [ANSWERS=_build/student/notebooks]
	@$(RUN) book/answers.py $(ANSWERS)

results: $(READY)  ## the deep tier, hours: tables for data/results  [NAMES="recurrence …"]
	@$(RUN) book/run.py results $(NAMES)

sweep: $(READY)  ## one chapter over models, data sets, seeds …: SWEEP=book/sweeps/seeds.yml  [JOBS=2] [SCHEDULER=tcp://…]
	@$(RUN) book/run.py sweep "$(SWEEP)" --profile $(PROFILE) --jobs $(JOBS)

extras: $(READY)  ## install what is optional: harness, cluster, hub data sets, large models, the browser checks
	@$(RUN) -m pip install -q -c constraints.txt -e '.[check,cluster,data,harness,large]'

model: $(READY)  ## train the teaching model anew into data/teaching-model (minutes; resumes after a kill)
	@$(RUN) -m analysis.teaching.training --out data/teaching-model
	@$(RUN) -m analysis.teaching.datasheet data/teaching-model
	@$(RUN) book/shipped.py

models: $(READY)  ## train sisters of the teaching model from other seeds into _build/models  [SEEDS=3]
	@for seed in $$(seq 1 $(SEEDS)); do $(RUN) -m analysis.teaching.training --seed $$seed --out _build/models/seed-$$seed || exit $$?; done

shipped: $(READY)  ## list the models in data by their digests, after one was changed on purpose
	@$(RUN) book/shipped.py

audit: $(READY)  ## faults, mutated inputs and code, load: tables in audit/tables  [NAMES="kill fuzz …"] [SIZE=30]
	@$(RUN) -m audit $(NAMES) $(if $(SIZE),--size $(SIZE))

test: $(READY)  ## run the tests, JOBS=2 files side by side
	@OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(JOBS) --dist loadfile

test-slow: $(READY)  ## run the tests that take minutes
	@OMP_NUM_THREADS=1 $(RUN) -m pytest -m slow -n $(JOBS) --dist worksteal

bench: $(READY)  ## measure speed and memory beside peers, into _build/bench.json  [NAMES="group_ica …"] [FULL=1]
	@$(RUN) -m bench $(if $(FULL),--full) $(NAMES)

bench-record: $(READY)  ## all of them, a quarter of an hour on a quiet machine, into bench/recorded.json for the book
	@$(RUN) -m bench --keep

lint: $(READY)  ## ruff, mypy, import directions, the chapters' code and form, spelling
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -c 'from importlinter.cli import lint_imports_command as lint; lint()'
	@$(RUN) book/lint.py
	@$(RUN) -c 'import sys; from codespell_lib import main; sys.exit(main(*sys.argv[1:]))' \
		analysis audit bench book checks _ext README.md CONTRIBUTING.md CHANGELOG.md

serve: $(READY)  ## show the built book at http://localhost:8000
	@$(RUN) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(READY)  ## open the chapters as notebooks in JupyterLab
	@$(RUN) -m jupyter lab book

clean:  ## delete what was built (the environment stays)
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find book -maxdepth 1 -name '*.ipynb' -delete

# The fallback is for Debian without python3-venv. torch comes first and alone, so that pip takes the CPU
# build and not 2.7 GB of CUDA; with it present, the second step leaves it as it is. What it needs is not there yet, so
# it is asked for its build without being imported.
$(VENV)/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found. Install one, or name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Making $(VENV) with $(PYTHON) (once, about two minutes)"
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip --clear $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install -q pip; }
	@$(VENV)/bin/python -m pip install -q --no-deps -c constraints.txt --retries 1 --extra-index-url $(TORCH_INDEX) torch
	@$(VENV)/bin/python -c 'import importlib.util as u, runpy, sys; \
		sys.exit(bool(runpy.run_path(u.find_spec("torch").submodule_search_locations[0] + "/version.py")["cuda"]))' || \
		echo "No CPU build of torch could be had here; pip may now fetch CUDA (2.7 GB). Ctrl-C stops it."
	@$(VENV)/bin/python -m pip install -q -c constraints.txt -e '.[book,test]'
	@touch $@
