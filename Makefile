# Everything a newcomer, a developer and CI type. Each target says what it does; `make` alone lists them.

CARGO ?= cargo
FEATURES ?= --features live,cloud
VENV := .venv
PYTHON := $(VENV)/bin/python

.PHONY: help demo build test check bench fuzz notebooks fixtures install-build install-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: install-build ## build, analyse the bundled traffic, say where the report is
	$(CARGO) build --release $(FEATURES)
	$${CARGO_TARGET_DIR:-target}/release/offpath demo

build: install-build ## build the release binary
	$(CARGO) build --release $(FEATURES)

test: install-build install-test ## install what the tests need, run them all
	OFFPATH_PYTHON="$(abspath $(PYTHON))" $(CARGO) test --workspace $(FEATURES)

check: install-build ## format, lints, docs and licences, without the tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(FEATURES) -- -D warnings
	$(CARGO) clippy --workspace -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items $(FEATURES)
	python3 scripts/licences.py

bench: install-build install-test ## measure beside the peers, as ratios in one run
	$(CARGO) build --release --workspace $(FEATURES) --bins --examples
	-$(CARGO) build --release --manifest-path benches/peers/process-mining/Cargo.toml --target-dir $${CARGO_TARGET_DIR:-target}
	python3 scripts/bench.py

fuzz: ## run every fuzz target for FUZZ_SECONDS (60), needs a nightly compiler and g++
	@scripts/install g++:g++
	nice -n 15 python3 scripts/fuzz.py --seconds $(or $(FUZZ_SECONDS),60)

fixtures: ## write the sample scenario again
	$(CARGO) run --release -p offpath-fixtures -- order-to-cash --orders 100 --seed 1 --abuse all --out fixtures/order-to-cash
	gzip -9nf fixtures/order-to-cash/capture.pcapng fixtures/order-to-cash/capture.har

install-build: ## libpcap's headers, where they are missing
	@scripts/install cargo:cargo python3:python3 libpcap-dev:/usr/include/pcap/pcap.h gcc:gcc

install-test: $(VENV)/.installed ## peers and tools that the tests compare with, where they are missing
	@scripts/install tshark:tshark tcpdump:tcpdump nginx:/usr/sbin/nginx nghttp2-client:nghttp nghttp2-server:/usr/sbin/nghttpd openssl:openssl chromium:chromium

$(VENV)/.installed: notebooks/requirements.txt
	@echo "installing the notebooks' Python packages into $(VENV)"
	python3 -m venv $(VENV) 2>/dev/null || { scripts/install python3-venv:/nonexistent && python3 -m venv $(VENV); }
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r notebooks/requirements.txt
	@touch $@
