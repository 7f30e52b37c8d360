# The commands of the pipeline. Each does the set-up it needs; `make help` explains them.
#
# For GNU make 3.81 too, which macOS has (tests/unit/stack/test_makefile.py). It knows no .SHELLFLAGS, so a recipe's line of
# several commands must not rely on them: && between them, and `set -e` before a loop.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# -p: bash takes no start-up file and no functions from the caller's shell.
.SHELLFLAGS := -p -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# The Python of .venv: the newest of 3.11, 3.12 and 3.13 that is here, unless one is named.
PYTHON ?=
comma := ,
BIN := .venv/bin
TEST_PROCESSES ?= 2
STAMPS := .venv/stamps
# For 3.11 and all newer ones, with one version of each package.
COMPILE := uv pip compile --quiet --generate-hashes --override requirements/overrides.in \
	--universal --python-version 3.11 --fork-strategy fewest \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# Our own distribution; not its folders, which bytecode changes.
KINESIS_SOURCE := $(wildcard $(addprefix kinesis-source/,pyproject.toml README.md src/*/*.py src/*/py.typed))
# A dot for the number sign, at which a comment would begin before make 4.3.
IMAGE_SCRIPTS = $(shell grep -rlE '^.!.*sh$$' images stack)
QUIET := $(shell test -t 2 || echo --quiet)  # uv's progress is for a terminal
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUTF8 := 1
# What acts on a program before its first line. The rest of the environment is composed in common/environment.py
# (in containers, docker-compose.yml), through which all of our programs start.
unexport BASH_ENV ENV CDPATH GREP_OPTIONS LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PYTHONPATH PYTHONHOME PYTHONSTARTUP \
	PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONWARNINGS PYTHONOPTIMIZE PYTHONINSPECT PYTHONBREAKPOINT VIRTUAL_ENV JAVA_HOME \
	_JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH NODE_OPTIONS LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TZ
IN_OURS := $(BIN)/python -I common/environment.py
# What runs here is never behind a proxy.
export NO_PROXY := 127.0.0.1,localhost$(if $(NO_PROXY),$(comma)$(NO_PROXY))
export no_proxy := $(NO_PROXY)

# Where the services run, in containers or as processes of this machine: as the caller says, else .env, else by what is here.
ifndef MODE
MODE := $(lastword $(shell sed -n 's/^ *MODE *= *["'\'']\{0,1\}\([^"'\'' ]*\).*/\1/p' .env 2> /dev/null))
endif
ifndef MODE
MODE := $(shell stack/containers/mode)
WHY_MODE := stack/containers/mode --why
endif
export MODE
ifeq ($(MODE),compose)
STACK := stack/containers/stack
NO_TTY := $(if $(MENDED)$(EXPORT)$(CONFIG),-T,$(shell test -t 0 -a -t 2 || echo -T))
IN := $(if $(NO_TTY),$(STACK) unattended,docker compose --progress quiet run --rm) --env COLUMNS
RUN := $(IN) --no-deps tools python -m
EMULATOR := $(IN) --no-deps emulator python -m emulator
CLEANER := $(STACK) cluster && $(IN) --no-deps batch-cleaner python -m
PSQL := docker compose exec $(NO_TTY) postgres psql --username analyst --set ON_ERROR_STOP=1 pinterest
KAFKA := $(STACK) kafka
DOCTOR := $(STACK) doctor
# A container has none of the caller's files.
MENDED_FILE = - < "$(MENDED)"
EXPORT_FILE = - > "$(EXPORT)"
CONFIG_FILE = - < "$(CONFIG)"
READY := $(if $(wildcard .env),,setup)
LAB := .lab-image
else ifeq ($(MODE),local)
RUN := $(IN_OURS)
STACK := $(RUN) stack.local
EMULATOR := $(RUN) emulator
CLEANER := $(RUN)
PSQL := $(RUN) operations.psql
KAFKA := $(RUN) stack.kafka.tools
DOCTOR := $(RUN) stack.local.doctor
MENDED_FILE = "$(MENDED)"
EXPORT_FILE = "$(EXPORT)"
CONFIG_FILE = "$(CONFIG)"
READY := setup
LAB := $(STAMPS)/notebook
else ifdef WHY_MODE
unexport MODE
READY := setup
STACK := $(WHY_MODE) >&2 && false
else
$(error MODE is $(MODE); it should be compose or local)
endif

# ARGS are options of the one target on the command line that takes some; EMULATE_ARGS and the like name theirs. A make
# that a target calls for its own needs has the caller's ARGS too.
TAKERS := $(sort $(filter emulate kafka query,$(MAKECMDGOALS)))
own_args = $(shell echo $(1)_args | tr a-z A-Z)="$(ARGS)"
ifdef ARGS
ifneq ($(word 2,$(TAKERS)),)
$(error ARGS could be for $(word 1,$(TAKERS)) or for $(word 2,$(TAKERS)): give $(call own_args,$(word 1,$(TAKERS))) \
	or $(call own_args,$(word 2,$(TAKERS))))
else ifeq ($(origin ARGS):$(TAKERS):$(MAKELEVEL),command line::0)
$(error ARGS is for `make emulate`, `make kafka` and `make query`; `make help` shows what the other targets take)
endif
endif
EMULATE_ARGS ?= $(ARGS)
KAFKA_ARGS ?= $(ARGS)
QUERY_ARGS ?= $(ARGS)
# Of Kafka's command-line tools, those that have a use with one broker.
KAFKA_TOOLS := broker-api-versions configs console-consumer console-producer consumer-groups get-offsets topics

.PHONY: help
help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##### The two commands #####

.PHONY: demo
demo: up ## Everything at once: set up, start, replay the posts, clean, serve, print the nine answers
	@$(EMULATOR)
	@$(MAKE) landed
	@if $(RUN) stack.local.profile stream; then $(RUN) operations.streamed \
		|| { echo 'The posts are sent: `make streamed` waits again, `make batch query` goes on without the speed path.'; exit 1; }; fi
	@printf '\n== Before the batch run: one question to what is served so far ==\n\n'
	@$(RUN) operations.query 2
	@printf '\n== The batch run, then all nine answers ==\n\n'
	@if $(RUN) stack.local.profile airflow; then $(RUN) operations.airflow.trigger; else $(CLEANER) spark_jobs.batch; fi
	@$(RUN) operations.query
	@printf '\nLook around: `make status` and `make open` have the addresses, `make psql` the tables, `make help` the rest.\n'

# Runs a target here or, where Python or Java is missing and there is an engine, in a container that has them.
anywhere = if [ $(MODE) = local ] || stack/local/prerequisites check $(PYTHON) 2> /dev/null; then $(MAKE) $(1); \
	else $(STACK) dev make $(1) MODE=local TEST_PROCESSES=$(TEST_PROCESSES) TESTS="$(TESTS)"; fi

.PHONY: test
test: ## All tests: unit, integration, end to end (TESTS="tests/unit/stack/test_setup.py" for some)
	@$(call anywhere,test-here)

.PHONY: test-here
test-here: setup-dev
ifneq ($(TESTS),)
	@$(IN_OURS) pytest $(TESTS)
else
	@# A run each: the unit tests' Spark has options of its own, and a process can have one JVM only.
	@$(MAKE) test-unit
	@$(MAKE) test-servers
endif

.PHONY: test-unit
test-unit: setup-dev
	@$(IN_OURS) pytest --numprocesses $(TEST_PROCESSES) --dist worksteal tests/unit kinesis-source/tests

.PHONY: test-servers
test-servers: setup-dev
	@# Each process has servers of its own, some 4 GB of them. Groups of tests begin in the order of tests/groups.py; by
	@# default those of many tests would be the first.
	@$(IN_OURS) pytest --numprocesses $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder tests/e2e tests/integration

.PHONY: test-pythons
test-pythons: setup-dev ## The unit tests on Python 3.11, 3.12 and 3.13, as many as are here, .venv's own apart
	@TEST_PROCESSES=$(TEST_PROCESSES) tests/on-each-python 3.11 3.12 3.13

.PHONY: mutants
mutants: setup-dev ## Put small faults into the pure modules, one at a time, and list those that no unit test notices
	@nice -n 19 mutmut run --max-children $(TEST_PROCESSES)
	@nice -n 19 $(BIN)/python -m tests.mutation_score

.PHONY: test-compose
test-compose: setup-dev ## The stack in containers, end to end, on a Docker engine
	@# The tests of the servers too: the fixtures of all tests take them from containers here.
	@$(IN_OURS) pytest tests/compose tests/integration/test_servers.py

##### The stack #####

.PHONY: up
up: .announce setup ## Start all services and wait until they are healthy (in containers, WORKERS=3 for more of Spark's)
	@$(STACK) up $(if $(WORKERS),--workers $(WORKERS))

.PHONY: .announce
.announce:
	@stack/announce $(MODE) $(if $(filter demo,$(MAKECMDGOALS)),demo,up)

.PHONY: status
status: $(READY) ## Show each service (state, URL, memory), streaming query (rate, lag), and the disk
	@$(STACK) status

.PHONY: logs
logs: $(READY) ## Show the services' last log lines (SERVICE=name for one, FOLLOW=1 to go on)
	@$(STACK) logs $(if $(SERVICE),--service $(SERVICE)) $(if $(FOLLOW),--follow)

.PHONY: restart
restart: $(READY) ## Restart a service (SERVICE=name)
	@test -n "$(SERVICE)" || { echo 'Name the service: `make restart SERVICE=kafka`. `make status` lists them.'; exit 2; }
	@$(STACK) restart --service $(SERVICE)

.PHONY: down
down: $(READY) ## Stop all services, keep the data
	@$(STACK) down

.PHONY: clean
clean: $(if $(filter-out compose,$(MODE)),setup) ## Stop all services and remove the data (asks first, unless FORCE=1)
	@$(STACK) clean $(if $(FORCE),--force)

.PHONY: doctor
doctor: $(READY) ## Check this machine: Python, Java, ports, memory, disk; or the Docker engine
	@$(DOCTOR)

##### The flow #####

.PHONY: emulate
emulate: $(READY) ## Replay the source rows through the API (ARGS="--help" shows the options)
	@$(EMULATOR) $(EMULATE_ARGS)

.PHONY: landed
landed: $(READY) ## Wait until all that is in Kafka now is in the landing zone
	@$(RUN) services.s3_sink.catch_up

.PHONY: connector
connector: $(READY) ## Have the S3 sink run with the properties of a Confluent connector (CONFIG=file; without, show them)
	@test -z "$(CONFIG)" -o -r "$(CONFIG)" || { echo '$(CONFIG) cannot be read.'; exit 2; }
	@$(RUN) services.s3_sink.connect $(if $(CONFIG),$(CONFIG_FILE))
	@$(if $(CONFIG),$(STACK) restart --service s3-sink)

.PHONY: batch
batch: $(READY) ## Clean and serve what has landed since the last run (FULL=1 rebuilds all)
	@$(CLEANER) spark_jobs.batch $(if $(FULL),--full)

.PHONY: trigger
trigger: $(READY) ## Have Airflow do a batch run and follow it (FULL=1 rebuilds all, TABLE=pin takes only one table)
	@$(RUN) operations.airflow.trigger $(if $(FULL),--full) $(if $(TABLE),--table $(TABLE))

.PHONY: backfill
backfill: $(READY) ## Have Airflow run past days again (FROM=2026-01-01 TO=2026-01-03)
	@$(RUN) operations.airflow.backfill "$(FROM)" "$(TO)"

.PHONY: verify
verify: $(READY) ## Compare what each stage holds, from the emulator to Postgres; fails with the offsets that are wrong
	@$(RUN) operations.verify

.PHONY: open
open: $(READY) ## Show the addresses of the UIs; in local mode, which of them are down too, and open the dashboard where there is a browser
	@# From a container of its own it could not ask those that listen for this machine.
	@$(RUN) stack.local.open$(if $(filter compose,$(MODE)), --no-ask)

.PHONY: stream
stream: $(READY) ## Start the streaming writer where COMPOSE_PROFILES leaves it out
	@$(STACK) up --service streaming-writer

.PHONY: streamed
streamed: $(READY) ## Wait until all that is in the streams now is served
	@$(RUN) operations.streamed

.PHONY: query
query: $(READY) ## Print the nine answers (ARGS="3 7" for some)
	@$(RUN) operations.query $(QUERY_ARGS)

.PHONY: quarantine
quarantine: $(READY) ## Show the newest rejected records and why
	@$(RUN) operations.quarantine

.PHONY: replay
replay: $(READY) ## Check rejected records again (REASON= TOPIC= FROM= TO= MENDED= EXPORT=; APPLY=1 loads those that pass)
	@if test -n "$(EXPORT)" -a -e "$(EXPORT)"; then echo "$(EXPORT) is there already. Name a new file."; exit 1; fi
	@$(CLEANER) spark_jobs.replay $(if $(REASON),--reason $(REASON)) $(if $(TOPIC),--topic $(TOPIC)) \
		$(if $(FROM),--first "$(FROM)") $(if $(TO),--last "$(TO)") $(if $(APPLY),--apply) \
		$(if $(MENDED),--mended $(MENDED_FILE)) $(if $(EXPORT),--export $(EXPORT_FILE))

.PHONY: psql
psql: $(READY) ## Open psql on the served database as the read-only analyst
	@$(PSQL)

# Processes of this machine in both modes: they need Python and Java, as local mode does.
.PHONY: sql
sql: $(READY) setup-local ## Open a Spark SQL prompt over the Delta tables
	@$(IN_OURS) workspace.sql_prompt

.PHONY: notebook-run
notebook-run: $(if $(FILE),,.no-file) $(READY) setup-local $(STAMPS)/notebook ## Run a notebook or a folder of them (FILE=my.ipynb PARAMS="table=pin" AT_MOST=600)
	@$(IN_OURS) workspace.run "$(FILE)" $(PARAMS) $(if $(AT_MOST),--at-most $(AT_MOST)) \
		$(if $(WORKSPACE),--workspace "$(WORKSPACE)")

.PHONY: .no-file
.no-file:
	@echo 'Name the notebook: `make notebook-run FILE=notebooks/batch.py`.'; exit 2

.PHONY: notebook
notebook: setup $(LAB) ## Start JupyterLab for notebooks in a browser, and print its address
	@$(STACK) up --service notebook
	@$(RUN) stack.jupyter.address

.PHONY: kafka
kafka: $(READY) ## Run one of Kafka's command-line tools (ARGS="topics --list"; ARGS="topics --help" shows its options)
	@test -n "$(filter $(KAFKA_TOOLS),$(firstword $(KAFKA_ARGS)))" \
		|| { echo 'Name a tool, as in `make kafka ARGS="topics --list"`: $(KAFKA_TOOLS).'; exit 2; }
	@$(KAFKA) $(KAFKA_ARGS)

.PHONY: credentials
credentials: $(READY) setup-local ## Write the files that the course's emulators read (TO=folder; FORCE=1 overwrites)
	@$(IN_OURS) operations.credentials "$(or $(TO),.local/credentials)" $(if $(FORCE),--force)

# Terraform is a program of this machine in both modes.
.PHONY: terraform-local
terraform-local: $(READY) setup-local ## Make terraform/shared at LocalStack (ID=name, AUTHORIZATION=api_key; DESTROY=1 removes it)
	@$(IN_OURS) --set-up stack.terraform.localstack $(if $(ID),--user-id "$(ID)") \
		$(if $(AUTHORIZATION),--authorization "$(AUTHORIZATION)") $(if $(DESTROY),--destroy)

##### Set-up #####

# Made again when its Python has gone, as after an upgrade of the system.
.PHONY: no-python
$(STAMPS)/venv: requirements/bootstrap.txt $(if $(realpath $(BIN)/python),,no-python)
	@stack/local/prerequisites check $(PYTHON)
	@python=$$(stack/local/prerequisites python $(PYTHON)) \
		&& echo "Making .venv with $$($$python --version)" && $$python -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: $(STAMPS)/venv requirements/runtime.txt
	@echo "Installing Python packages (Spark and Airflow among them, 500 MB)"
	@# The lock is complete; without --no-deps uv asks again for what requirements/overrides.in leaves out.
	@uv pip install $(QUIET) --python $(BIN)/python --no-deps --require-hashes -r requirements/runtime.txt
	@touch $@

# Built into a wheel and installed like a package of the index, which neither step asks: uv brings the build's backend.
$(STAMPS)/kinesis-source: $(STAMPS)/runtime $(KINESIS_SOURCE)
	@uv pip install $(QUIET) --python $(BIN)/python --no-deps --offline --reinstall ./kinesis-source
	@touch $@

$(STAMPS)/dev: $(STAMPS)/runtime requirements/dev.txt
	@echo "Installing the tools for tests and checks"
	@uv pip install $(QUIET) --python $(BIN)/python --no-deps --require-hashes -r requirements/runtime.txt -r requirements/dev.txt
	@touch $@

# Of notebooks alone, so that what does without them is no larger.
$(STAMPS)/notebook: $(STAMPS)/runtime requirements/notebook.txt
	@echo "Installing JupyterLab and matplotlib (200 MB)"
	@uv pip install $(QUIET) --python $(BIN)/python --no-deps --require-hashes -r requirements/notebook.txt
	@touch $@

.PHONY: setup
setup: $(if $(filter none,$(MODE)),.no-mode,setup-$(MODE)) $(if $(filter local,$(MODE)),.chosen-lab) ## Install, or build, what is missing and write .env; quick when nothing changed

# The commands that a stack begins with.
SAY_WHY := setup up demo doctor

.PHONY: .why-mode
.why-mode:
	@$(WHY_MODE) >&2

.PHONY: .no-mode
.no-mode: .why-mode
	@exit 1

.PHONY: setup-compose
setup-compose:
	@$(STACK) setup

# No profile that .env chooses by default has it.
.PHONY: .lab-image
.lab-image: setup
	@$(STACK) build notebook

.PHONY: setup-local
setup-local: $(if $(WHY_MODE),$(if $(filter $(SAY_WHY),$(MAKECMDGOALS)),.why-mode)) $(STAMPS)/runtime $(STAMPS)/kinesis-source
	@$(IN_OURS) --set-up stack.local.setup

# JupyterLab where .env chooses the profile that starts it. Where it is installed already .env is not asked.
install_chosen_lab = $(MAKE) --question $(STAMPS)/notebook || ! $(RUN) stack.local.profile notebook || $(MAKE) $(STAMPS)/notebook

.PHONY: .chosen-lab
.chosen-lab: setup-local
	@$(install_chosen_lab)

.PHONY: setup-dev
setup-dev: setup-local $(STAMPS)/notebook $(STAMPS)/dev

.PHONY: base-image
base-image: ## Make the image that all others are built from, where there is no image registry (Debian, root)
	@images/base/build $(or $(BASE_IMAGE),pinterest-pipeline/base)

##### Development #####

.PHONY: lint
lint: ## ruff, mypy, the direction of imports, shellcheck, hadolint, sqlfluff; Compose's and Terraform's own checks where they are installed
	@$(call anywhere,lint-here)

.PHONY: lint-here
lint-here: setup-dev
	@ruff check .
	@ruff format --check .
	@mypy
	@mypy airflow/dags/pinterest_batch.py kinesis-source/tests
	@lint-imports
	@shellcheck --external-sources .ci/run .ci/phases .ci/containers .ci/engine stack/containers/stack stack/local/prerequisites \
		spark_jobs/session/java/bin/java tests/on-each-python $(IMAGE_SCRIPTS)
	@hadolint Dockerfile images/Dockerfile
	@if docker compose version > /dev/null 2>&1; then docker compose --profile '*' config --quiet; fi
	@sqlfluff lint --disable-progress-bar sql
	@$(IN_OURS) --set-up stack.terraform.lint

.PHONY: format
format: setup-dev ## Format the code, and write .env.example and what is derived from the tables' declaration
	@$(IN_OURS) stack.dotenv > .env.example
	@$(IN_OURS) stack.derived
	@ruff format .
	@ruff check --fix .

.PHONY: bench
bench: setup-dev up ## Run every benchmark and write the figures into docs/benchmarks.md
	@set -e; for bench in start ingest authentication emulator landing cleaning batch growth scaling answers kinesis_puts kinesis_source kinesis_executors streaming decisions mutated_requests mutated_streams; do $(IN_OURS) bench.$$bench --write; done

# Processes of this machine in both modes: a stack of its own, as the tests start.
.PHONY: drill
drill: setup-local ## Kill, pause and cut off services of a stack of its own under load, and prove that nothing was lost (KILLS=20 SEED=1 KINDS="kill step")
	@$(IN_OURS) bench.drill $(if $(KILLS),--kills "$(KILLS)") $(if $(SEED),--seed "$(SEED)") $(if $(KINDS),--kinds "$(KINDS)")

.PHONY: lock
lock: setup-local ## Pin the newest versions that requirements/*.in allow
	@set -e; for set in bootstrap runtime dev notebook localstack mysql postgres; do \
		$(COMPILE) --upgrade requirements/$$set.in -o requirements/$$set.txt; done
	@# The images' sets are parts of runtime.
	@set -e; for set in app spark airflow dashboard; do \
		$(COMPILE) --constraint requirements/runtime.txt requirements/$$set.in -o requirements/$$set.txt; done
