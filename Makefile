# The front door. Every target is a line or two into cargo or scripts/; nothing is needed but Debian 12 (or its like), Rust,
# build-essential and git; what else there is to install (libclang, curl), `make setup` and every other target installs.

TOOLS := $(HOME)/.cache/covenant/tools
export PATH := $(PATH):$(TOOLS)/bin

# The key of the demonstration: nothing for a development key, "ceremony" to make one together with others first
KEY ?=

# What of snarkjs is timed: "brief" leaves out what takes it many minutes
INTEROP ?= compare

# A real accounting export to play the demonstration on, e.g. make demo BOOKS=ledger.txt
BOOKS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo interop test bench bench-peers bench-ledger bench-service campaign flips schemathesis lint keys golden calibration fuzz fuzz-long

# The table of companies that `make calibration` holds the sample policies against, and which column gives which figure
TABLE ?= $(COVENANT_DATA)/sec/sec_2010q2_wide.csv
MAPPING ?= policies/calibration/sec-2010q2.toml

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile

setup: ## check the toolchain, and install what the other targets need
	@scripts/setup.sh build lint

demo: ## play the whole story on a sample company, or on BOOKS=FILE; under a ceremony's key with KEY=ceremony
	@scripts/setup.sh build
	@KEY="$(KEY)" scripts/demo.sh $(if $(BOOKS),"$(BOOKS)")

test: ## every test
	@scripts/setup.sh build
	cargo test --release --locked --workspace

bench: ## the measured benches
	@scripts/setup.sh build
	cargo bench --locked -p covenant-benches
	FILES="$(FILES)" cargo bench --locked -p covenant-peers

# What provers are compared on; files are kept in FILES, so that keys are made once. See benches/peers/src/main.rs.
CASES ?= compliance 14 16 18
FILES ?= target/peers
JSON ?= target/peers.json

bench-peers: ## provers side by side on the same files (RAPIDSNARK=PROGRAM, SNARKJS=cli.cjs to include these; CASES, RUNS)
	@scripts/setup.sh build
	FILES="$(FILES)" JSON="$(JSON)" cargo run --release --locked -p covenant-peers -- $(CASES)

interop: ## what snarkjs says to our keys and proofs: a ceremony of both phases timed side by side, and the demonstration proven by it
	@scripts/interop.sh $(INTEROP)

# How many entries `make bench-ledger` appends, how many of them at once, and where; a million take about a gigabyte
ENTRIES ?= 1000000
IN_FLIGHT ?= 1024
LEDGER ?= target/scale

bench-ledger: ## the ledger at scale: appends, reopening, proofs, tiles, rechecks by ledger and auditor (ENTRIES=N, IN_FLIGHT=N, LEDGER=DIRECTORY, which is made anew)
	@scripts/setup.sh build
	cargo build --release --locked -p covenant-audit --bin covenant-audit
	rm -rf "$(LEDGER)" "$(LEDGER).export"
	cargo run --release --locked -p covenant-ledger --example scale -- "$(LEDGER)" $(ENTRIES) $(IN_FLIGHT)
	target/release/covenant-audit "$(LEDGER).export" --hashes-only || test $$? = 1

bench-service: ## the service under load over HTTP: saturation, a lone call, appends, bad callers
	@scripts/setup.sh build
	cargo build --release --locked --workspace --bins
	cargo bench --locked --workspace --bench service

# How many calls schemathesis makes at least
CALLS ?= 10000

schemathesis: ## the service's description against what it answers: schemathesis on a sandbox (CALLS=N)
	@scripts/schemathesis.sh $(CALLS)

campaign: ## the ledger against 1,000 kills, 500 power cuts (as root, with xfsprogs and strace), faults at every system call, a million differential cases, bit flips
	@scripts/setup.sh build
	COVENANT_KILLS=1000 COVENANT_POWER_CUTS=500 COVENANT_SWEEP=all cargo test --release --locked -p covenant-ledger --test campaign -- --nocapture
	COVENANT_CASES=1000000 cargo test --release --locked -p covenant-ledger --test differential -- --nocapture
	$(MAKE) flips

# How many bits of each kind of file and row `make flips` changes
FLIPS ?= 10000

flips: ## bits changed in a bundle's files, in the ledger's rows, in the store's own files: each found and located (FLIPS=N)
	@scripts/setup.sh build
	COVENANT_FLIPS=$(FLIPS) cargo test --release --locked --workspace --test audit -- --nocapture any_bit of_any_shape
	COVENANT_FLIPS=$(FLIPS) cargo test --release --locked --workspace --lib -- --nocapture any_bit_of_any_row
	COVENANT_FLIPS=$(FLIPS) cargo test --release --locked --workspace --test flips -- --nocapture

lint: ## formatting, clippy, and the bans, licences and sources of what we depend on
	@scripts/setup.sh build lint
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

keys: ## make the development keys (never for production)
	cargo run --release --locked -p covenant --bin covenant -- keys make --development

calibration: ## the sample policies on a table of real companies (TABLE=FILE, MAPPING=FILE), one-statement policies only
	@scripts/setup.sh build
	cargo run --release --locked -p covenant-api --bin covenant-bank -- policy calibrate $(filter-out policies/growth-with-prior.toml,$(wildcard policies/*.toml)) --table "$(TABLE)" --columns "$(MAPPING)"

golden: ## regenerate the golden files; review the difference before committing it
	COVENANT_GOLDEN=write cargo test --release --locked --workspace golden

fuzz: ## every parser against invented input, some seconds each
	@scripts/fuzz.sh 10

fuzz-long: ## the same, five minutes each
	@scripts/fuzz.sh 300
