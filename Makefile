# One way to run each thing. Needs Python 3.10 or newer and make; everything else is put into .venv.
#
#   make run     the product on this machine      make test    all tests (JOBS=2: two files at a time, ARGS=)
#   make lint    what a machine can judge         make bench   measurements beside a naive pipeline
#   make chaos   thousands of random stories, and real workers that are killed (SEEDS=, STORIES=, ROUNDS=, SEED= to repeat)
#   make lock    write requirements/*.txt anew    make messages  collect and compile translations (needs gettext)
#   make screenshots  photograph the running demo, for people to look at (needs a Chromium)

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 0
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# Another Python, or other locks, is another set of packages: the stamp's name holds the version.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
RUNTIME := $(VENV)/.stamp-run-$(VERSION)
TOOLS := $(VENV)/.stamp-dev-$(VERSION)
# A public deployment, for the checks that ask whether this could be one.
DEPLOYED := ENV_FILE= DEBUG=false PUBLIC_URL=https://sdr.example.com SECRET_KEY=checked-never-used-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ \
	WEBHOOK_SECRET=checked-never-used-0123456789 EVOLUTION_API_URL=https://evolution.example.com EVOLUTION_API_KEY=checked-never-used

.DEFAULT_GOAL := run
.PHONY: run test chaos lint bench lock messages screenshots python
.DELETE_ON_ERROR:

run: $(RUNTIME)
	@$(BIN)/python -m sdr_dashboard.run --with-parent

test: $(TOOLS)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

# The seed is printed; whoever wants to see one again says SEED=.
chaos: $(TOOLS)
	@$(BIN)/python -m pytest -q -s -m chaos tests/schedules tests/chaos $(ARGS)

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/djlint --lint --quiet templates
	$(DEPLOYED) $(BIN)/python manage.py makemigrations --check --dry-run
	$(DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_architecture.py tests/test_docs.py tests/test_translations.py

bench: $(TOOLS)
	@$(BIN)/python -m benchmarks $(ARGS)

# For every Python from 3.10 on, with hashes, without the address of anybody's index.
lock: $(TOOLS)
	for name in pip base postgres google-genai dev; do \
	  $(BIN)/uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-strip-extras \
	    --quiet --custom-compile-command "make lock" requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

messages: $(TOOLS)
	$(BIN)/python manage.py makemessages --all --no-obsolete --no-wrap --ignore .venv --ignore var --ignore tests --ignore benchmarks
	$(BIN)/python -m sdr_dashboard.translations

screenshots: $(TOOLS)
	@$(BIN)/python -m tests.screenshots

python:
	@test -n "$(VERSION)" || { echo "$(PYTHON) was not found. Install Python 3.10 or newer, or name it: make run PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "$(PYTHON) is $(VERSION), and 3.10 or newer is needed: make run PYTHON=python3.13"; exit 1; }

# A directory made by another Python is made anew; one that is right is kept.
$(BIN)/python$(VERSION): | python
	@echo "Making $(VENV) with Python $(VERSION) ..."
	@$(PYTHON) -m venv --clear $(VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(RUNTIME): requirements/base.txt requirements/pip.txt | $(BIN)/python$(VERSION)
	@echo "Installing the locked requirements (a few minutes at the first time) ..."
	@$(INSTALL) -r requirements/pip.txt && $(INSTALL) -r requirements/base.txt
	@touch $@

$(TOOLS): requirements/dev.txt requirements/base.txt requirements/pip.txt | $(BIN)/python$(VERSION)
	@echo "Installing the locked development requirements (a few minutes at the first time) ..."
	@$(INSTALL) -r requirements/pip.txt && $(INSTALL) -r requirements/dev.txt
	@touch $@ $(RUNTIME)
