# The commands of a developer and of CI. A fresh machine needs python3.11 or newer with venv, and make.

# the version the constraints were tested with comes first
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO := synthetic://street?seconds=20&size=1280x720&fps=25&seed=1

.DEFAULT_GOAL := help
.PHONY: help install demo test bench throughput gpu chaos soak lint audit wheel image clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv found (on Debian: apt-get install python3-venv); or set PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) pip
	$(PIP) --editable .
	@touch $@

.venv/.ready-%: .venv/.ready
	$(PIP) --group $*
	@touch $@

install: .venv/.ready ## streamseg and what it needs, in .venv

HOLD ?=
PORT ?= 0
demo: .venv/.ready ## the main job on the built-in street, results in demo-out, its page meanwhile; HOLD=1: until Ctrl-C
	.venv/bin/streamseg run '$(DEMO)' --out demo-out --overwrite --clips --serve --port $(PORT) $(if $(HOLD),--hold)
	@printf '\nLook at\n'
	@printf '  %s\n' demo-out/*/annotated.mp4 demo-out/*/cutouts demo-out/*/objects.jsonl demo-out/summary.json
	@printf 'or at all of it on a page\n  .venv/bin/streamseg serve demo-out\n'

test: .venv/.ready-test ## the whole test suite
	.venv/bin/python -m pytest

bench: .venv/.ready-test ## CPU, hops, memory, recovery of the processes, latency and number of cameras, the scaling law; an hour
	.venv/bin/python tests/bench/hop.py
	.venv/bin/python tests/bench/processes.py --no-video
	.venv/bin/python tests/bench/processes.py
	.venv/bin/python tests/bench/memory.py
	.venv/bin/python tests/bench/recovery.py
	.venv/bin/python tests/bench/startup.py
	.venv/bin/python tests/bench/latency.py
	.venv/bin/python tests/bench/viewers.py
	.venv/bin/python tests/bench/page_latency.py
	.venv/bin/python tests/bench/live_streams.py
	.venv/bin/python tests/bench/scaling.py

CLIP ?=
throughput: .venv/.ready-test ## frames/s beside the machine's limits and what others do; half an hour; CLIP=street.mp4
	.venv/bin/python tests/bench/throughput.py $(CLIP)

GPU ?=
gpu: .venv/.ready-test ## what a GPU does for us, in ten minutes: gpu.json, gpu.md; GPU=--small on a machine without
	.venv/bin/python tests/bench/gpu.py $(GPU)

chaos: .venv/.ready-test ## death, stops, no memory, full disks, clock steps, failing cameras, floods, broken files; two hours
	.venv/bin/python tests/chaos/kill_workers.py
	.venv/bin/python tests/chaos/kill_live.py
	.venv/bin/python tests/chaos/kill_runs.py
	.venv/bin/python tests/chaos/stop_workers.py
	.venv/bin/python tests/chaos/stalled_sinks.py
	.venv/bin/python tests/chaos/out_of_memory.py
	.venv/bin/python tests/chaos/full_disk.py
	.venv/bin/python tests/chaos/clock_steps.py
	.venv/bin/python tests/chaos/faulty_camera.py
	.venv/bin/python tests/chaos/come_and_go.py
	.venv/bin/python tests/chaos/flood_wire.py
	.venv/bin/python tests/chaos/mutated_videos.py
	.venv/bin/python tests/chaos/fuzz.py
	.venv/bin/python tests/chaos/made_up_requests.py

MINUTES ?= 60
soak: .venv/.ready-test ## live and recorded load with faults now and then; MINUTES=60; drawn in soak/soak.html
	.venv/bin/python tests/chaos/soak.py --minutes $(MINUTES)

lint: .venv/.ready-lint ## style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

.audit/.ready:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check bandit pip-audit
	@touch $@

audit: .audit/.ready ## bandit's look at the code, and known flaws of the packages in constraints.txt (asks pypi.org)
	.audit/bin/bandit --quiet --recursive streamseg --severity-level medium --skip B104,B108,B310
	.audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

wheel: .venv/.ready-test ## dist/*.whl, with weights, schemas and configs in it
	.venv/bin/python -m build --wheel --no-isolation

# what else the build is given: IMAGE_OPTIONS='--build-arg BASE=...'
TARGET ?= cpu
image: ## the container image streamseg:cpu, by Docker or buildah; TARGET=cuda is the one for NVIDIA GPUs
	@if docker info >/dev/null 2>&1; then build='docker build'; \
	elif command -v buildah >/dev/null; then build='buildah build --format docker --layers'; \
	else echo "make: neither a Docker engine nor buildah found (on Debian: apt-get install buildah)" >&2; exit 1; fi; \
	$$build --file docker/Dockerfile --target $(TARGET) --tag streamseg:$(TARGET) $(IMAGE_OPTIONS) .

clean: ## removes .venv and everything built
	rm -rf .venv .audit build dist demo-out streamseg.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
