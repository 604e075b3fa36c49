# Every target installs what it needs first; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
AI := $(BIN)/scalable-ai

.PHONY: help install demo test test-nbgrader mutation lab build lint site slides bench bench-grading bench-kernels clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

install:  ## create .venv and install the pinned versions (instant when nothing changed)
	@bash requirements.sh

demo: install  ## the whole product at work: build, grade a class of eight, train, evaluate, export
	@$(AI) demo

test: install  ## everything CI holds: format, rubric, notebooks current, tests
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(AI) build --check
	@$(AI) lint
	@$(BIN)/python -m pytest

test-nbgrader: install  ## nbgrader's own tests of autograde, with the engine plugged in (some minutes)
	@cd $$(mktemp -d) && JUPYTER_CONFIG_PATH=$(CURDIR)/tests/grading/plugged PATH=$(CURDIR)/$(BIN):$$PATH \
		$(CURDIR)/$(BIN)/python -m pytest -q -p no:cacheprovider --pyargs nbgrader.tests.apps.test_nbgrader_autograde

mutation: install  ## prove the hidden checks: named answers, and reference answers with a fault each (about five minutes)
	@$(AI) mutation

lab: install  ## open JupyterLab on the learner's start page
	@$(AI) lab

build: install  ## write the learner notebooks in chapters/ from solutions/
	@$(AI) build

lint: install  ## hold the lessons to the rubric and the code to its style
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(AI) lint

site: install  ## build the course's static site in site/; lessons that changed are run for it (REPOSITORY=owner/name)
	@$(AI) site $(if $(REPOSITORY),--repository $(REPOSITORY)) $(if $(REF),--ref $(REF))

slides: install  ## build a reveal.js deck per lesson in slides/, its script as speaker notes
	@$(AI) slides

bench: install  ## measure loading, training and inference side by side
	@$(AI) bench

bench-grading: install  ## stock nbgrader and the engine on the same 40 hand-ins (about half an hour)
	@$(AI) bench grading

bench-kernels: install  ## stock and warm kernels, from the request to the answer of a first cell (about two minutes)
	@$(AI) bench kernels

clean:  ## remove what builds and runs made; lessons, data and .venv stay
	@rm -rf demo source runs bench site slides .executed .pytest_cache .ruff_cache .hypothesis
	@find scalable_ai tests solutions graders -name __pycache__ -type d -prune -exec rm -rf {} +
