# The verbs. Each sets up what it needs: a machine with Python >= 3.10 and make is enough.
SHELL := /bin/sh
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
# A uv that is there is used; else one comes into an environment of the project's own.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
BIN := .venv/bin

.PHONY: setup check test test-long test-serverless test-cdc faults side-by-side fuzz simulate first-day doctor demo bench wheels conformance site ecosystem release

setup: .venv/.ready

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

# The native library comes with the editable install of singer-bulk: by the system's compiler, else by ziglang from the
# package registry. Where that cannot be had either, everything works without the library (CONTRIBUTING.md).
# --reinstall-package: uv keeps editable wheels, and one from its cache brings no library into a cleaned checkout.
SYNC := $(UV) sync --locked --all-packages --quiet --compile-bytecode --reinstall-package singer-bulk --python $(PYTHON)
NATIVE := singer-bulk/hatch_build.py $(wildcard singer-bulk/native/*.[ch] singer-bulk/native/*.py)

.venv/.ready: $(UV) pyproject.toml uv.lock $(wildcard */pyproject.toml) $(NATIVE)
	@$(SYNC) || { test -z "$$SINGER_BULK_NATIVE" && echo 'once more, without a compiler' && SINGER_BULK_NATIVE=none $(SYNC); }
	@ls singer-bulk/singer_bulk/encode/_rows.* >/dev/null 2>&1 || (cd singer-bulk && $(PYTHON) -m native.build)
	@touch $@

check: setup site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

# The documents as a site, into site/: a link that leads nowhere fails, and so does a page that asks another server.
site: $(UV)
	@UV_PROJECT_ENVIRONMENT=$(CURDIR)/.envs/docs $(UV) sync --locked --only-group docs --quiet --python $(PYTHON)
	@NO_MKDOCS_2_WARNING=1 .envs/docs/bin/mkdocs build --strict --quiet
	@$(PYTHON) -m tests.site.check site
	@$(PYTHON) -m tests.site.questions site

# Three workers for two cores: tests wait for servers, and those for them. worksteal, because loadgroup waits for ever
# when a worker has crashed (pytest-xdist 3.8).
test: setup
	$(BIN)/pytest -n 3 --dist worksteal || $(BIN)/pytest -n 0 --crashed
	$(BIN)/pytest -n 3 --dist worksteal --s3 rclone tests/conformance/redshift/test_copy.py tests/conformance/snowflake/test_copy.py

# What takes long, or needs programs of other projects: Meltano, other taps and targets, drivers, dbt, pip.
test-long: setup test-serverless
	$(BIN)/pytest -n 2 --dist worksteal --long

# Loads, faults and conformance of Redshift once more, against a Serverless workgroup.
test-serverless: setup
	$(BIN)/pytest -n 2 --dist worksteal --redshift serverless -k redshift tests/load tests/conformance/redshift

# Log-based taps on MariaDB and PostgreSQL, which come from Debian's packages into .envs/, as any user. loadgroup, so
# that each tap is recorded once; a worker that crashes ends the run, which would otherwise wait for ever.
test-cdc: setup
	$(BIN)/python -m tests.cdc.packages
	$(BIN)/pytest -n 2 --dist loadgroup --max-worker-restart 0 --cdc tests/cdc

# Every fault at every moment, which takes 40 minutes on two cores; writes docs/faults.md.
faults: setup
	$(BIN)/python -m tests.faults

# 30 pipelines at once into one table, one of them of the version before, and into 30 tables, while a view is read.
BEFORE ?= 0cc1e63
side-by-side: setup
	$(BIN)/python -m tests.faults.side_by_side --before $(BEFORE)

# Programs around ours, each in an environment of its own: Meltano, Airflow, Dagster, dbt, the suites of the SDK.
ecosystem: setup
	$(BIN)/pytest -n 2 --dist worksteal --long tests/ecosystem tests/load/test_meltano.py tests/load/test_meltano_project.py \
	  tests/load/test_sdk_suites.py tests/load/test_sdk_versions.py tests/conformance/redshift/test_clients.py

# All that a release is, into dist/<version>/; nothing is published.
release: setup
	$(BIN)/python -m tests.packaging.release

# Random names, messages, settings, files and rows: 20,000 of each kind, half an hour, or TIME minutes of each; then the
# native pass, guided by its coverage, for TIME minutes (10). Goes on where it was stopped (.fuzz/).
fuzz: setup
	$(BIN)/python -m tests.fuzz $(if $(TIME),--minutes $(TIME))
	$(BIN)/python -m tests.native.fuzz $(if $(TIME),--minutes $(TIME)) || [ $$? = 3 ]

# Whole runs in a simulated world, in every order of events: SEEDS of them, for so many MINUTES at most, on both cores.
SEEDS ?= 100000
MINUTES ?= 60
simulate: setup
	$(BIN)/python -m tests.simulate --seeds $(SEEDS) --minutes $(MINUTES)
	$(BIN)/python -m tests.simulate --mutants --seeds 400

# Every misconfiguration of a first day, and whether what is said of it helps: five minutes for each warehouse.
first-day: setup
	$(BIN)/python -m tests.first_day

# Every misconfiguration that --doctor is to find, and whether what it says helps: ten minutes; writes docs/doctor.md.
doctor: setup
	$(BIN)/python -W ignore -m tests.doctor --write

# On real accounts, with configuration files of the two targets: make conformance REDSHIFT=r.json SNOWFLAKE=s.json
# Writes conformance.txt, which has no data and no names, for the developers.
conformance: setup
	$(BIN)/pytest -p no:randomly --report conformance.txt $(if $(REDSHIFT),--redshift-config $(REDSHIFT) tests/conformance/redshift) \
	  $(if $(SNOWFLAKE),--snowflake-config $(SNOWFLAKE) tests/conformance/snowflake) \
	  $(if $(REDSHIFT)$(SNOWFLAKE),,tests/conformance)

demo: setup
	@$(BIN)/local-warehouse exec -- $(BIN)/python -m demo

bench: setup
	$(BIN)/python -m bench
	$(BIN)/python -m bench.standins

# The wheels of singer-bulk for Linux, macOS and Windows, and its sdist, into dist/; the first time takes minutes.
wheels: $(UV)
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/.envs/wheels $(UV) sync --locked --only-group wheels --quiet --python $(PYTHON)
	cd singer-bulk && $(CURDIR)/.envs/wheels/bin/python -m native.wheels
