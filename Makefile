# Two commands to start with: `make demo` and `make test`. Each makes what it needs.
.DEFAULT_GOAL := help
PYTHON ?= python3
DOCKER ?= docker
ENV := .venv
TORCH_ENV := .venv-torch
BIN := $(ENV)/bin
# one more than cores, as a third of a test is waiting for servers and disks
TEST_PROCESSES = $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() + 1))')

# what tests start, they start often: each process would compile everything anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test docs lock torch-test long-test soak services containers up down clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(ENV)/.installed ## Make the environment in .venv, from locked versions

$(ENV)/.installed: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed; name it: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(ENV) \
		|| { echo "error: no environment could be made; on Debian: apt install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install ## Index Python's own documentation and search it
	@$(BIN)/tandem demo

test: install ## Run the checks and every test that this machine can run
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) $(PYTEST_ARGUMENTS)

docs: install ## Write the generated pages of docs/reference
	$(BIN)/python -m docs.generate

lock: install ## Choose the newest allowed versions and lock them
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 pyproject.toml --group dev -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 pyproject.toml --extra torch --group dev -o requirements/torch.lock

# only what the tests import is worth compiling
$(TORCH_ENV)/.installed: requirements/torch.lock pyproject.toml
	$(PYTHON) -m venv $(TORCH_ENV)
	$(TORCH_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements/torch.lock
	$(TORCH_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

torch-test: $(TORCH_ENV)/.installed ## Test the extra [torch] in an environment of its own (5.3 GB)
	$(TORCH_ENV)/bin/python -m pytest tests/torch $(PYTEST_ARGUMENTS)

# two, not more: they start servers and processes of their own
long-test: install ## The tests that take minutes, in their short form
	$(BIN)/python -m pytest -m long --numprocesses 2 $(PYTEST_ARGUMENTS)

# a line for every long form, with what makes it long before it; nothing is skipped unsaid
LONG_FORM := $(BIN)/python -m pytest -s -m ""
soak: export TANDEM_REQUIRE_SERVICES := 1
soak: install ## The long forms of the tests, by hand
	TANDEM_TEST_KILLS=300 $(LONG_FORM) tests/integration/test_crash_torture.py
	TANDEM_TEST_RELEASE_ROUNDS=5 $(LONG_FORM) tests/integration/test_release_torture.py
	TANDEM_TEST_LOAD_SECONDS=60 $(LONG_FORM) tests/integration/test_zero_downtime.py
	TANDEM_TEST_LOAD_SECONDS=60 TANDEM_TEST_KILLS=100 $(LONG_FORM) tests/integration/test_faults_*.py
	TANDEM_TEST_LOAD_SECONDS=600 $(LONG_FORM) tests/integration/test_http_soak.py
	TANDEM_TEST_ENDINGS=50 $(LONG_FORM) tests/integration/test_http_ending.py
	TANDEM_TEST_HTTP_KILLS=100 $(LONG_FORM) tests/integration/test_http_crash.py
	TANDEM_TEST_OPENSEARCH_VERSION=3.8.0 $(LONG_FORM) tests/contracts/test_opensearch*.py

services: ## Say what the tests with real servers and a browser need and this machine lacks
	@.ci/services || true

up: containers .env ## Start Tandem with its servers in containers
	@mkdir -p content # by Docker it would be root's
	$(DOCKER) compose up --build --detach --wait
	@echo "next: put a file into the folder content and run"
	@echo "  $(DOCKER) compose run --rm tandem index /content/FILE"
	@echo "searches are answered at http://127.0.0.1:8765, by the key API_KEY of the file .env"

down: containers ## Stop the containers; what they hold is kept
	$(DOCKER) compose down

containers:
	@command -v $(DOCKER) > /dev/null \
		|| { echo "error: there is no $(DOCKER) on the PATH; install Docker Engine with its compose plugin"; exit 2; }
	@$(DOCKER) compose version > /dev/null 2>&1 \
		|| { echo "error: $(DOCKER) has no compose plugin; on Debian: apt install docker-compose-plugin"; exit 2; }

# made whole or not at all, and for its owner alone
.env: | .env.example
	@set -e; umask 077; while IFS= read -r line; do \
		case $$line in \
			[A-Z]*=) line=$$line$$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n');; \
		esac; \
		printf '%s\n' "$$line"; \
	done < .env.example > .env.part
	@mv .env.part .env
	@echo "made .env with random secrets: keep it as long as the volumes"

clean: ## Remove the environments and everything generated
	rm -rf $(ENV) $(TORCH_ENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
