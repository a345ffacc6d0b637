# Front door. The build itself is Meson's (meson.build); this file names the few things one does here.
#
#   make            build; the program is build/spoke        make demo       the main job, end to end
#   make check      every test suite, with sanitizers        make lint       seconds, before a commit
#   make deps       install what is missing (apt)            make install    DESTDIR and PREFIX work
#   make check-all  long: everything under sanitizers        make bench      ours against the peers
#   make fuzz T=url SEC=60                                    make clean

MAKEFLAGS += --no-print-directory
MESON ?= meson
NINJA ?= ninja
T ?= all
SEC ?= 60
# MESON_ARGS goes to every first `meson setup`, as in `make MESON_ARGS=--werror`.
MESON_ARGS ?=
# Where `make install` puts things: /usr/local, or PREFIX=DIR given at any time; the build folder keeps it.
PREFIX ?=

REL = build/rel
ASAN = build/asan
TSAN = build/tsan
FUZZ = build/fuzz
SAN_ARGS = --buildtype=debug --optimization=1 -Db_lundef=false

.PHONY: all deps demo check check-all lint fuzz bench install clean asan tsan gen-docs

all: $(REL)/build.ninja
	@test -z "$(PREFIX)" || grep -qxF 'prefix = $(PREFIX)' $(REL)/meson-private/cmd_line.txt || \
	    $(MESON) configure $(REL) --prefix="$(PREFIX)"
	@$(NINJA) -C $(REL)
	@tools/link-out $(REL) build

$(REL)/build.ninja:
	@tools/deps --check build
	$(MESON) setup $(REL) --prefix="$(or $(PREFIX),/usr/local)" $(MESON_ARGS)

asan: $(ASAN)/build.ninja
	@$(NINJA) -C $(ASAN)
	@tools/link-out $(ASAN) $(ASAN)

$(ASAN)/build.ninja:
	@tools/deps --check build
	$(MESON) setup $(ASAN) $(SAN_ARGS) -Db_sanitize=address,undefined $(MESON_ARGS)

tsan: $(TSAN)/build.ninja
	@$(NINJA) -C $(TSAN)
	@tools/link-out $(TSAN) $(TSAN)

$(TSAN)/build.ninja:
	@tools/deps --check build
	$(MESON) setup $(TSAN) $(SAN_ARGS) -Db_sanitize=thread $(MESON_ARGS)

deps:
	@tools/deps build check lint

demo:
	@tools/deps build demo
	@$(MAKE) all
	@tools/demo

check:
	@tools/deps build check
	@tools/check

check-all:
	@tools/deps build check lint
	@tools/check --all

lint:
	@tools/deps build lint
	@$(MAKE) all
	@tools/suite lint tools/lint

# T=all lists the targets.
fuzz:
	@tools/deps build fuzz
	@test -e $(FUZZ)/build.ninja || CC=clang-19 $(MESON) setup $(FUZZ) $(SAN_ARGS) -Dtests=false \
	    -Dlibfuzzer=true -Db_sanitize=address,undefined -Dc_args=-fsanitize=fuzzer-no-link
	@tools/fuzz-run $(FUZZ) $(T) $(SEC)

bench:
	@tools/deps build bench
	@$(MAKE) all
	@bench/run

# Writes the generated pages into the tree (docs/, man/, contrib/completion/); `make lint` tells when to.
gen-docs: all
	@tools/gen-docs

install: all
	@$(MESON) install -C $(REL) --no-rebuild

clean:
	rm -rf build/rel build/asan build/tsan build/fuzz build/results build/spoke build/spoke-server
