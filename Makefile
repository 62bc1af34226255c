# Needs make and Python 3.11 or newer; everything else is fetched into .venv/ from the hashed lock files.

PY     := .venv/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --no-input install --quiet
LOCKED := --require-hashes --only-binary :all:
BABEL  := $(PY) -m babel.messages.frontend --quiet
# Any one Python may be named: make run PYTHON=python3.13
PYTHON := python3 python3.14 python3.13 python3.12 python3.11

CODE     := $(wildcard app models views reports seed tools bench config.py run.py)
TEXTS    := $(wildcard app models views reports seed)
POS      := $(wildcard app/translations/*/LC_MESSAGES/messages.po)
LANGUAGE := zh en
SCALE    := 1k
ENGINE   := sqlite
BENCH    := 10k 100k 1m

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install install-dev run test lint format assets translations messages lock browser demo bench bench-check bench-peers

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install assets translations ## serve the office on http://127.0.0.1:8080 (PORT=...); the first start sets everything up
	@$(PY) run.py serve

test: install-dev assets translations ## the whole test suite (PYTEST_ADDOPTS="-n 2 -k orders" narrows or speeds it)
	@$(PY) -m pytest

lint: install-dev ## ruff, its formatter and mypy, changing nothing
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy $(CODE)

format: install-dev ## let ruff mend and format the code
	@$(PY) -m ruff check --fix --exit-zero
	@$(PY) -m ruff format

demo: install assets translations ## a throw-away office with volume data (SCALE=10k), gone when stopped
	@office=$$(mktemp -d) && trap 'rm -rf "$$office"' EXIT && trap 'exit 130' INT && trap 'exit 143' TERM && \
	export WENSHU_DATABASE_URL="sqlite:///$$office/demo.db" WENSHU_DATA_DIR="$$office" && \
	$(PY) run.py demo load --scale $(SCALE) && $(PY) run.py serve

bench: install-dev assets translations ## measure the office of a million orders against its peers (BENCH="10k 100k", ENGINE=postgresql; make bench-peers first)
	@$(PY) -m bench --engine $(ENGINE) --scales $(BENCH)

bench-check: install-dev assets translations ## the same, failing where a ratio rose beyond its margin since the last make bench
	@$(PY) -m bench --engine $(ENGINE) --scales $(BENCH) --check

browser: ## how to get the browser for the browser tests
	@echo "Debian, Ubuntu: apt-get install chromium fonts-noto-cjk (Chinese text needs the fonts)"
	@echo "Elsewhere: install Chromium or Chrome and name it: CHROMIUM=/path/to/chromium make test"

# --- the environment: a stamp in .venv/ per lock file, so that a second start has nothing to do

install: .venv/.installed ## .venv/ with what the office needs to run
install-dev: .venv/.installed-dev ## the same with the test tools

.venv/.installed: requirements.txt | .venv/.made
	@echo "Installing what Wenshu needs into .venv/ (about a minute the first time) ..."
	@$(PIP) $(LOCKED) -r $<
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing the test tools into .venv/ ..."
	@$(PIP) $(LOCKED) -r $<
	@touch $@

# What users would pick instead needs a package that Wenshu does not: an environment of its own, filled by our pip.
bench-peers: .venv-peers/.installed ## .venv-peers/ with what the peers of the benchmark need

.venv-peers/.installed: requirements.txt bench/peers/requirements.txt | .venv/.made
	@echo "Installing what the peers of the benchmark need into .venv-peers/ ..."
	@$(PY) -m venv --without-pip .venv-peers
	@PIP_PYTHON=.venv-peers/bin/python $(PIP) $(LOCKED) -r requirements.txt -r bench/peers/requirements.txt
	@touch $@

# An environment that works is taken as it is. Where Python came without ensurepip (Debian without python3-venv),
# its own pip puts a pip into the new environment.
.venv/.made:
	@if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  for python in $(PYTHON); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	  done; \
	  [ -n "$$python" ] || { echo "Wenshu needs Python 3.11 or newer, and found none as $(PYTHON)." >&2; exit 1; }; \
	  "$$python" -m venv --clear .venv >/dev/null 2>&1 || { \
	    echo "$$python has no ensurepip; trying with its pip instead."; \
	    "$$python" -m venv --clear --without-pip .venv && "$$python" -m pip --python $(PY) install --quiet pip; \
	  } || { echo "$$python needs its venv and pip modules (Debian: apt-get install python3-venv)." >&2; exit 1; }; \
	fi
	@touch $@

lock: .venv/.made ## remake the lock files with the newest versions that pyproject.toml allows
	@$(PIP) 'uv>=0.13,<0.14'
	@$(PY) -m uv lock --quiet --upgrade
	@$(PY) -m uv export --quiet --frozen --format requirements-txt --no-dev --output-file requirements.txt
	@$(PY) -m uv export --quiet --frozen --format requirements-txt --output-file requirements-dev.txt
	@if grep -n '://' requirements.txt requirements-dev.txt; then echo "A lock file names a host." >&2; exit 1; fi

# --- built files, none of them in git

ASSETS := app/static/vendor/echarts/pinned.txt app/fonts/pinned.txt

assets: $(ASSETS) ## browser libraries into app/static/vendor/, fonts into app/fonts/

$(ASSETS): requirements-assets.txt tools/assets.py | .venv/.installed
	@$(PY) tools/assets.py
	@touch $@

translations: $(POS:.po=.mo) ## compile the catalogues that changed

%.mo: %.po | .venv/.installed
	@$(BABEL) compile --input-file $< --output-file $@

messages: install ## collect the texts of the code into the catalogues of all languages
	@pot=$$(mktemp) && trap 'rm -f "$$pot"' EXIT && \
	$(BABEL) extract --mapping-file babel.cfg -k _ -k _l -k lazy_gettext --no-location --sort-output --width 120 \
	  --project wenshu --version 0.1.0 --msgid-bugs-address= --output-file "$$pot" $(TEXTS) && \
	for language in $(LANGUAGE); do \
	  $(BABEL) update --input-file "$$pot" --output-dir app/translations --locale $$language \
	    --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120 || exit 1; \
	done
