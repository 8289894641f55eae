# Two commands: `make run` shows a whole network on this machine, `make test` proves it.
# Options: ARGS="--exit --json" goes to `entente demo`; CONFIGURATION=release builds optimised (about 9 minutes at first).

CONFIGURATION ?= debug
ARGS ?=

.PHONY: run test bench help

help:
	@echo 'make run    installs what is missing, builds, and runs a whole network here (ARGS="--exit --json" for scripts)'
	@echo 'make test   installs what is missing, builds, and runs every test'
	@echo 'make bench  compares with Kamailio, where the load harness is at hand (ENTENTE_BENCH)'

run:
	@scripts/prepare run
	@scripts/build "$(CONFIGURATION)" entente
	@".build/$(CONFIGURATION)/entente" demo $(ARGS)

test:
	@scripts/prepare test
	@./check
	@Examples/judge/check
	@scripts/interop

bench:
	@Benchmarks/run
