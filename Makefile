# JUNO Support. `make help` lists what can be made.
#
# Everything needs Python 3.11 or newer and make only, as root or as an ordinary user.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?=
TICKETS ?= 100000
N ?= 100
JSON ?=
ARGS ?=

python := .venv/bin/python
# What only reads the settings asks no server.
no-servers := DATABASE_URL=postgresql:///none REDIS_URL=redis://none JUNO_SECRET_KEY=none
services := $(python) -m juno_support.launcher.with_services
pip := $(python) -m pip --disable-pip-version-check install --require-hashes

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/installed-run ## Run the whole portal: PORT=8000, JUNO_DATA=var, DEMO=1
	@exec $(python) -m juno_support.launcher.stack --with-parent

.PHONY: test
test: .venv/installed-dev ## Run all tests: ARGS="what pytest is told"
	@sh .ci/chromium
ifdef ARGS
	@exec $(services) -- $(python) -m pytest $(ARGS)
else
	@$(MAKE) --keep-going --jobs=1 --no-print-directory test-beside test-alone
endif

# On all cores what needs neither a browser nor a portal of its own, then what does.
.PHONY: test-beside test-alone
test-beside: .venv/installed-dev
	@exec $(services) -- $(python) -m pytest @.ci/beside

test-alone: .venv/installed-dev
	@exec $(services) -- $(python) -m pytest tests/journeys tests/launcher

.PHONY: check
check: .venv/installed-dev ## Run all static checks
	@$(MAKE) --keep-going --no-print-directory $(checks)

# Each one alone, too: make check-types
checks := check-format check-lint check-layers check-types check-compose check-django
.PHONY: $(checks)

check-format: .venv/installed-dev
	$(python) -m ruff format --check --quiet

check-lint: .venv/installed-dev
	$(python) -m ruff check

check-layers: .venv/installed-dev
	$(python) -c 'from importlinter.cli import lint_imports_command as main; main()'

check-types: .venv/installed-dev
	@echo "mypy"
	@$(no-servers) $(python) -m mypy

check-compose: .venv/installed-dev
	$(python) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

check-django: .venv/installed-dev
	@sh .ci/check-django $(services)

.PHONY: lock
lock: .venv/installed-dev ## Lock the packages of pyproject.toml in requirements*.txt: ARGS=--upgrade
	@$(lock) --output-file requirements.txt
	@$(lock) --group dev --output-file requirements-dev.txt

lock = $(python) -m uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet $(ARGS)

.PHONY: fuzz
fuzz: .venv/installed-dev ## Look for what breaks a parser, with new examples each time
	@exec $(services) -- $(python) -m pytest -m hypothesis --hypothesis-profile=fuzz $(ARGS)

.PHONY: bench
bench: .venv/installed-dev ## Measure the speed: TICKETS=100000 JSON=file
	@exec $(python) -m bench.run --tickets $(TICKETS) $(if $(JSON),--json "$(JSON)")

.PHONY: crash
crash: .venv/installed-dev ## Submit N=100 tickets while processes are killed: JSON=file
	@exec $(python) -m bench.crash --tickets $(N) $(if $(JSON),--json "$(JSON)")

.PHONY: clean
clean: ## Remove the virtual environment and caches; JUNO_DATA stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The virtual environment: the marks are newer than what was installed.

.venv/made:
	@PYTHON="$(PYTHON)" sh .ci/venv

.venv/installed-run: .venv/made requirements.txt
	@echo "Installing the packages of requirements.txt (this takes about a minute, once)"
	@$(pip) --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/made requirements-dev.txt
	@echo "Installing the packages of requirements-dev.txt (this takes about two minutes, once)"
	@$(pip) --requirement requirements-dev.txt
	@touch $@ .venv/installed-run
