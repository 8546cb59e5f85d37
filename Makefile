# `make demo` bakes an image on this machine; `make check test` is what CI runs.

CARGO ?= cargo
DEMO := hello

.PHONY: demo test check bench setup
.DEFAULT_GOAL := demo

demo: rust
	@scripts/setup.sh demo
	@$(CARGO) build
	@scripts/demo.sh $(DEMO)

# The runner tells the time of each test.
TIMED := --config "target.'cfg(all())'.runner = 'scripts/timed-tests.sh'"

# Integration tests wait most of the time, many of them for each other (`rig/guests.rs`).
test: setup
	$(CARGO) test $(TIMED) --lib --bins
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-24} $(CARGO) test $(TIMED) --test integration

# Lints need of the dependencies what tests have no use for. In a folder of their own they are made beside the tests:
# half of a cold build is one crate, on one processor.
LINTS := --target-dir $(or $(CARGO_TARGET_DIR),target)/lints

# Quick: no guest is started.
check: setup
	$(CARGO) fmt --check
	$(CARGO) test --no-run --lib --bins --tests & tests=$$!; \
	$(CARGO) clippy $(LINTS) --all-targets -- -D warnings; lints=$$?; \
	wait $$tests && exit $$lints
	git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
	$(CARGO) test --test integration rooms
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(LINTS) --no-deps --lib
	@scripts/deny.sh $(or $(CARGO_TARGET_DIR),target)

# hornero and its peers at the same work, about 45 minutes; `make bench BENCH='bake files --quick'` is less.
bench: rust
	@scripts/setup.sh bench
	@$(CARGO) bench --bench peers -- $(BENCH)

setup: rust
	@scripts/setup.sh test

.PHONY: rust
rust:
	@command -v $(CARGO) >/dev/null || { echo "make: Rust is missing; install it from your distribution or with rustup" >&2; exit 1; }
