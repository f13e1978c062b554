# `make demo` tries Heqi, `make test` tests it. Both need make and Python 3.11 or newer, and set up .venv themselves.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CANDIDATES := python3.13 python3.12 python3.11 python3 python
FITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(shell $(name) -c '$(FITS)' 2>/dev/null && echo $(name))))
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
STORY ?= --story
JOBS ?= 2
DATA ?=
TESTS ?= tests
CHAOS ?=
GROWTH ?=
QUICK ?=
BENCH ?=

.PHONY: help
help:  ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: .venv/ran  ## try it on http://127.0.0.1:8080 (STORY= starts with an empty desk)
	@$(BIN)/heqi demo $(STORY)

.PHONY: test
test: .venv/developed  ## run all tests (TESTS=tests/dialogs runs some)
	@$(BIN)/python -m pytest -q -n $(JOBS) $(TESTS)

.PHONY: check
check: .venv/developed  ## lint, format, types, import directions, playbooks and locales
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m bot.data_checks

.PHONY: bench
bench: .venv/ran  ## measure time, memory and throughput (QUICK=1: a minute; BENCH="--parts turns")
	@$(BIN)/python -m tools.bench $(if $(QUICK),--quick) $(BENCH)

.PHONY: growth
growth: .venv/developed  ## measure with a thousand to a million messages (GROWTH="--database postgresql 1000 10000")
	@$(BIN)/python -m tools.growth $(GROWTH)

.PHONY: eval
eval: .venv/developed  ## measure the tone guard, and reading on labelled messages (DATA=folder, EMBEDDINGS=1)
	@$(BIN)/python tools/eval.py $(if $(DATA),"$(DATA)") $(if $(EMBEDDINGS),--embeddings)

.PHONY: fuzz
fuzz: .venv/developed  ## throw 10,000 broken requests at every door, and hard texts at every pattern
	@$(BIN)/python -m tools.fuzz_patterns
	@$(BIN)/python tools/fuzz.py

.PHONY: chaos
chaos: .venv/developed  ## kill it under load, prove nothing is lost (CHAOS="--database postgresql")
	@$(BIN)/python -m tools.chaos $(CHAOS)

.PHONY: screenshots
screenshots: .venv/developed  ## take the pictures of docs/screenshots anew (needs Chromium)
	@$(BIN)/python tools/screenshots.py

.PHONY: clean
clean:  ## remove what was installed and cached; var/ with your conversations stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/python:
	@test -n "$(PYTHON)" || { \
	  echo '需要 Python 3.11 或更新版本，并带 venv 模块（Debian/Ubuntu：apt install python3-venv）。' >&2; \
	  echo 'Heqi needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt install python3-venv).' >&2; \
	  echo 'Another Python is chosen with: make PYTHON=/path/to/python3.12 demo' >&2; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { \
	  echo 'PYTHON=$(PYTHON) 不可用：需要 3.11 或更新版本，并带 venv 模块 (needs 3.11 or newer with venv).' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/ran: .venv/python pyproject.toml constraints.txt
	@echo '正在安装，约一分钟 (installing, about a minute) …'
	@$(PIP) --editable .
	@touch $@

.venv/developed: .venv/ran
	@echo '正在安装测试工具 (installing the tools for tests) …'
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > .venv/dev.txt
	@$(PIP) --requirement .venv/dev.txt
	@touch $@
