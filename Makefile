# `make demo` bakes an image on this machine; `make check test` is what CI runs.

CARGO ?= cargo
DEMO := hello

.PHONY: demo test check bench setup
.DEFAULT_GOAL := demo

demo: rust
	@scripts/setup.sh demo
	@$(CARGO) build
	@scripts/demo.sh $(DEMO)

# Most tests wait for something most of the time; those with guests wait for each other.
# The runner tells the time of each test.
test: export RUST_TEST_THREADS ?= $(shell expr $$(nproc) + 2)
test: setup
	$(CARGO) test --config "target.'cfg(all())'.runner = 'scripts/timed-tests.sh'"

# Quick: no guest is started.
check: setup
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
	$(CARGO) test --test integration rooms
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --lib
	@scripts/deny.sh

# hornero and its peers at the same work, about 45 minutes; `make bench BENCH='bake files --quick'` is less.
bench: rust
	@scripts/setup.sh bench
	@$(CARGO) bench --bench peers -- $(BENCH)

setup: rust
	@scripts/setup.sh test

.PHONY: rust
rust:
	@command -v $(CARGO) >/dev/null || { echo "make: Rust is missing; install it from your distribution or with rustup" >&2; exit 1; }
