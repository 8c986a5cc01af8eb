# Targets for people and for CI; `make` lists them.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
PACKAGES ?= .build/packages
DESTDIR ?=
SWIFT ?= swift
CYCLES ?= 20
LOG_LINES ?= ../shared/data/loghub

# A host that runs the agent needs no Swift: its runtime is part of the binary. Nobody links against the program, so
# nothing has to be kept for that, and of functions with the same code one is enough.
# Optimised for size: as fast here as for speed (logs and configurations, measured in turns), and 0.4 MB smaller.
# Relative relocations in their packed form spare 1 MB; loaders know it from glibc 2.36 on.
PACKED = $(shell getconf GNU_LIBC_VERSION | awk '{ split($$2, v, "."); if (v[1] > 2 || v[2] >= 36) \
    print "-Xlinker -z -Xlinker pack-relative-relocs" }')
# With each function in a section of its own the linker leaves out those that nobody calls, which spares 0.4 MB.
# The C++ library that Swift's runtime uses is linked in, where ARCHIVES has it: to relocate the shared one took a fifth of
# the time of each start. No library is looked for beside the program.
RELEASE = --configuration release --static-swift-stdlib --product pandora-agent --disable-local-rpath \
    -Xswiftc -Osize -Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -use-ld=lld -Xlinker -L$(ARCHIVES) \
    -Xlinker --no-export-dynamic -Xlinker --gc-sections -Xlinker --icf=safe -Xlinker -O2 $(PACKED)
ARCHIVES = $(CURDIR)/.build/archives
BINARY = .build/release/pandora-agent
SCRIPTS = scripts/* packaging/check packaging/setup packaging/build-deb packaging/build-rpm packaging/deb/p* \
    Tests/packaging/* plugins/launcher

.DEFAULT_GOAL := help
.PHONY: help run test torture never-listens fleet build release format lint linkage units bench bench-configuration bench-inventory bench-shipping bench-logs bench-passwords bench-audit install deb rpm package-test clean

help: ## list the targets
	@awk -F ': *[^#]*## ' '/^[a-z-]+:.*## / { printf "    make %-19s %s\n", $$1, $$2 }' Makefile

run: release ## build, then one real cycle into the folder run/, with a summary
	@scripts/quick-start $(BINARY)

# The tests of the whole agent start hundreds of processes; beside them, others would wait for a core too long.
test: test-dependencies lint units ## everything that decides whether a change is good
	$(SWIFT) test --skip '^AgentTests\.'
	$(SWIFT) test --filter '^AgentTests\.'
	@$(MAKE) --no-print-directory linkage

# Optimised, since what takes minutes then takes hours otherwise, but with the faults that tests inject; in a folder of its
# own, so that the next build finds what it left.
TORTURE = PANDORA_TORTURE=1 $(SWIFT) test --configuration release --scratch-path .build/torture \
    -Xswiftc -enable-testing -Xswiftc -DDEBUG

torture: test-dependencies ## the tests in their long forms, optimised; SUITES=KillTests runs some
ifdef SUITES
	$(TORTURE) --filter '$(SUITES)'
else
	$(TORTURE) --skip '^AgentTests\.'
	$(TORTURE) --filter '^AgentTests\.'
endif

never-listens: test-dependencies ## the tests of the agent with each run of the program under strace
	scripts/never-listens $(SWIFT)

fleet: ## draw docs/fleet.svg: what a server sees of ten thousand agents
	REGENERATE_FLEET=1 $(SWIFT) test --filter FleetTests

build: build-dependencies ## build for debugging
	$(SWIFT) build

release: build-dependencies ## build the binary that is installed
	@scripts/find-archives $(ARCHIVES)
	$(SWIFT) build $(RELEASE)

format: ## format the Swift sources
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

lint: ## check the format of the Swift sources and the syntax of the scripts
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	@for script in $(SCRIPTS); do sh -n "$$script" || exit 1; done
	@! git ls-files --error-unmatch Package.resolved >/dev/null 2>&1 || { echo "error: Package.resolved is committed"; exit 1; }

linkage: release ## check which libraries the binary loads, and its size
	@scripts/check-linkage $(BINARY)

units: ## check the systemd units, where systemd is there
	@packaging/check

bench: release test-dependencies ## compare with the Perl agent, in turns
	python3 Benchmarks/compare.py --cycles $(CYCLES) $(BINARY)

bench-configuration: release ## measure large configurations
	python3 Benchmarks/configuration.py $(BINARY)

bench-inventory: release test-dependencies ## measure the inventory
	python3 Benchmarks/inventory.py $(BINARY)

bench-shipping: release test-dependencies ## measure the Tentacle client
	python3 Benchmarks/shipping.py $(BINARY)

bench-logs: release test-dependencies ## compare the reading of a large log with grep and the Perl plugin, in turns
	python3 Benchmarks/logs.py --lines $(LOG_LINES) $(BINARY)

bench-passwords: release ## compare the trying of passwords with John the Ripper, in turns
	python3 Benchmarks/passwords.py $(BINARY)

bench-audit: release ## measure the audit
	python3 Benchmarks/audit.py $(BINARY)

install: ## install below $(DESTDIR)$(PREFIX); needs `make release` first
	@test -x $(BINARY) || { echo "error: there is no $(BINARY); run 'make release' first" >&2; exit 1; }
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' scripts/install-files $(BINARY)

deb: release package-dependencies ## build the package for Debian, in $(PACKAGES)
	@packaging/build-deb $(BINARY) $(PACKAGES)

rpm: release package-dependencies ## build the package for Fedora, in $(PACKAGES)
	@packaging/build-rpm $(BINARY) $(PACKAGES)

package-test: release package-dependencies ## install both packages in trees of their own, run them there; as root
	@scripts/install-dependencies package-test
	@Tests/packaging/run $(BINARY)

clean: ## remove what was built, and the folder run/
	rm -rf .build run

.PHONY: build-dependencies test-dependencies package-dependencies
build-dependencies:
	@scripts/install-dependencies build

test-dependencies:
	@scripts/install-dependencies test

package-dependencies:
	@scripts/install-dependencies package
