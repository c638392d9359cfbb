# Every target sets up .venv first when it is missing or the lock changed.
.PHONY: help setup demo test check format bench lock

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## make .venv from the lock
	@scripts/setup.sh

demo: setup ## real bilingual manuals to cited answers, in examples/handbook
	@.venv/bin/python scripts/demo.py

test: setup ## all tests
	@scripts/s3_server.sh
	@.venv/bin/python -m pytest --cov --cov-report=term:skip-covered

check: setup ## lint, format, types, import rings
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

format: setup ## format the code
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

bench: setup ## time and memory of every stage of the demo, and how good its bot is
	@.venv/bin/python benchmarks/first_run.py

lock: ## resolve dependencies anew
	@scripts/lock.sh
