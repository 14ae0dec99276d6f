# Everything runs inside .venv, which needs only Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin

# The tests of a file share what is costly, and stay in one process. Browsers keep two cores busy with two processes;
# tests of the database wait for it now and then, and leave room for a third.
TOGETHER := --dist loadfile --no-loadscope-reorder

.PHONY: run test test-e2e test-properties test-slow lint bench clean

run: .venv/installed
	port=$$($(BIN)/python -m lib.settings) && exec $(BIN)/python -m streamlit run app.py --server.port $$port

test: .venv/installed-dev
	$(BIN)/python -m pytest -m "not slow" --ignore=tests/e2e -n 3 $(TOGETHER)

# The application as whole processes, most of it in a browser.
test-e2e: .venv/installed-dev
	$(BIN)/python -m pytest -m "not slow" tests/e2e -n 2 $(TOGETHER)

# Every property on many examples, the same ones every time.
test-properties: .venv/installed-dev
	$(BIN)/python -m pytest -m "hypothesis and not slow" --hypothesis-profile=ci -n 2 $(TOGETHER)

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow -n 2 $(TOGETHER)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

bench: .venv/installed-dev
	$(BIN)/python -m tests.bench

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

.venv/installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
