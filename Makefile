# Two commands matter: `make run` and `make test`. `make check` is everything CI does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.dev
# Tests side by side, one on each core.
WORKERS := -n auto --maxprocesses 4
AXE := .cache/node_modules/axe-core/axe.min.js
NODEMAILER := .cache/node_modules/nodemailer/package.json
TYPESCRIPT := .cache/node_modules/typescript/package.json
PLAYWRIGHT := .cache/node_modules/playwright-core/package.json
IMAPFLOW := .cache/node_modules/imapflow/package.json
ANGUS := .cache/java/jakarta.mail-2.0.3.jar
GREENMAIL := .cache/java/greenmail/greenmail-standalone-2.1.5.jar

.PHONY: run test test-all check lint types layers docs fix bench interop reactions readers typescript torture wheel setup clean

run: $(STAMP) ## set up and serve
	@$(BIN)/mailtrap serve

test: $(DEV) ## set up and test; browser and interop tests are skipped where their programs are missing
	$(BIN)/pytest $(WORKERS)

test-all: $(DEV) $(AXE) $(NODEMAILER) $(TYPESCRIPT) $(PLAYWRIGHT) $(IMAPFLOW) $(ANGUS) ## the same, and a skipped test is a failure
	@# On a machine that is busy with other things a wait may run out: what failed is run once more, by itself.
	$(BIN)/pytest $(WORKERS) --no-skips --cov --cov-report= || \
		$(BIN)/pytest --no-skips --cov --cov-report= --cov-append --last-failed --last-failed-no-failures none
	$(BIN)/coverage report

check: lint layers types docs ## all that needs no running server

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@test ! -x $(BIN)/hadolint || $(BIN)/hadolint Dockerfile
	$(BIN)/codespell README.md CHANGELOG.md docs mailtrap templates static

layers: $(DEV)
	$(BIN)/lint-imports

types: $(DEV)
	$(BIN)/mypy

docs: $(DEV) ## pages printed from the code are up to date
	$(BIN)/python -m docs.printed --check

fix: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m docs.printed

bench: $(STAMP) $(GREENMAIL) ## the numbers in docs/performance.md
	$(BIN)/python -m bench

interop: $(DEV) $(NODEMAILER) ## which real clients can send to us, as a table
	$(BIN)/python -m tests.interop

reactions: $(DEV) $(NODEMAILER) ## what real clients do after failures, as in docs/reactions.md
	$(BIN)/python -m tests.interop reactions

readers: $(DEV) $(IMAPFLOW) $(ANGUS) ## which real clients collect mail from us, as a table
	$(BIN)/python -m tests.interop readers

typescript: $(DEV) $(TYPESCRIPT) ## types and tests of clients/typescript
	$(BIN)/pytest tests/clients/test_typescript.py

torture: $(DEV) ## kill -9, disk full, strace, floods: minutes
	$(BIN)/python -m tests.torture

wheel: $(DEV) ## build, install in a clean environment, smoke-test
	$(BIN)/python -m tests.wheel

setup: $(DEV)

$(STAMP): pyproject.toml ## the product alone: quick
	@$(PYTHON) -c 'import sys; sys.exit("mailtrap needs Python 3.11 or newer; try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up in $(VENV) (once, some seconds)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(STAMP)
	@echo "Setting up test tools in $(VENV) (once, up to a minute)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(AXE):
	npm install --silent --no-audit --no-fund --prefix .cache axe-core

EXIM := .cache/exim/usr/sbin/exim4
$(EXIM): # Debian installs one mail server at a time: this one is unpacked beside it
	mkdir -p .cache/exim
	cd .cache/exim && apt-get download -q exim4-daemon-light exim4-base && for package in *.deb; do dpkg -x $$package .; done

$(NODEMAILER):
	npm install --silent --no-audit --no-fund --prefix .cache nodemailer

$(TYPESCRIPT):
	npm install --silent --no-audit --no-fund --prefix .cache typescript @types/node

$(PLAYWRIGHT): # drives the browser that is there; brings none
	npm install --silent --no-audit --no-fund --prefix .cache playwright-core

$(IMAPFLOW):
	npm install --silent --no-audit --no-fund --prefix .cache imapflow node-pop3

# What cannot be had, for want of Java or of a way to it, is missing in a table.
$(ANGUS):
	-mvn -q dependency:copy -Dartifact=jakarta.activation:jakarta.activation-api:2.1.3 -DoutputDirectory=$(CURDIR)/.cache/java
	-mvn -q dependency:copy -Dartifact=org.eclipse.angus:angus-activation:2.0.2 -DoutputDirectory=$(CURDIR)/.cache/java
	-mvn -q dependency:copy -Dartifact=org.eclipse.angus:jakarta.mail:2.0.3 -DoutputDirectory=$(CURDIR)/.cache/java

$(GREENMAIL): # a server to measure beside ours
	-mvn -q dependency:copy -Dartifact=com.icegreen:greenmail-standalone:2.1.5 -DoutputDirectory=$(CURDIR)/.cache/java/greenmail

clean:
	rm -rf $(VENV) .cache dist build
