# mirrorctl: what is built and how it is tested. One file, not recursive;
# other variants live in build/<variant>/, so nothing needs a `make clean`.
#
#   make            build/mirrorctl
#   make demo       a dark launch on this machine, with all its set-up
#   make test       every test, with all its set-up
#   make browser    HTML reports in Chromium, with all its set-up
#   make help       the other targets

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
FUZZ_SECONDS ?= 30
CORPUS  ?=

# ---- set-up -----------------------------------------------------------------
# Targets that must work on a bare machine install what is missing first; the
# rest of this file is then read again, when pkg-config can answer.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all
SETUP := tests/support/setup.sh

PKGS_core    := libzstd zlib libbrotlidec libxxhash libcjson yaml-0.1
PKGS_capture := libpcap
PKGS_replay  := libcurl libpcre2-8
PKGS_cli     := libseccomp
PKGS_all     := $(PKGS_core) $(PKGS_capture) $(PKGS_replay) $(PKGS_cli)

pkg_libs   = $(shell pkg-config --libs $(1) 2>/dev/null)
pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)

# Short lines while building; V=1 shows the commands.
ifeq ($(V),)
say = @printf '  %-4s %s\n' $(1) $@;
else
say =
endif

# ---- flags ------------------------------------------------------------------

# The warnings of git's developer build, and a few more; errors in CI, where
# compilers are known, and not on a user's machine, where they are not.
WARN := -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wwrite-strings -Wpointer-arith -Wundef -Wvla -Wunused \
        -Wcast-qual -Wno-format-zero-length -Wno-missing-field-initializers
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif

SAN   ?=
OPT   ?= -O3 -g
HARDEN_C := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-strict-aliasing
HARDEN_L := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
ifneq ($(SAN),)
OPT      := -O1 -g -fno-omit-frame-pointer
HARDEN_C := -fsanitize=$(SAN) -fno-sanitize-recover=all
HARDEN_L := -fsanitize=$(SAN)
endif

# The program is optimised as a whole, which makes a capture a tenth faster;
# tests link the same objects as they are. (An undefined name comes back: gcc.)
ifeq ($(SAN)$(shell echo __clang__ | $(CC) -E -P - 2>/dev/null),__clang__)
LTO := -flto=auto -ffat-lto-objects
endif

CPPFLAGS_ALL := -I. -I$(BUILD)/gen -D_GNU_SOURCE -DMIRRORCTL_VERSION='"$(VERSION)"' \
                $(call pkg_cflags,$(PKGS_all)) $(CPPFLAGS)
CFLAGS_ALL   := -std=c11 $(WARN) $(OPT) $(HARDEN_C) $(EXTRA) $(CFLAGS)
LDFLAGS_ALL  := $(HARDEN_L) $(EXTRA) $(LDFLAGS)

LIBS_core    := $(call pkg_libs,$(PKGS_core)) -lpthread -lm
LIBS_capture := $(call pkg_libs,$(PKGS_capture)) $(LIBS_core)
LIBS_replay  := $(call pkg_libs,$(PKGS_replay)) $(LIBS_core)
LIBS_diff    := $(LIBS_core)
LIBS_cli     := $(call pkg_libs,$(PKGS_capture) $(PKGS_replay) $(PKGS_cli)) $(LIBS_core)

# ---- the program ------------------------------------------------------------

FOLDERS := core capture replay diff
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# main.c stays out of its library, so that tests can link the rest.
define folder
$$(BUILD)/lib$(1).a: $$(call objects,$$(filter-out cli/main.c,$$(wildcard $(1)/*.c)))
endef
$(foreach f,$(FOLDERS) cli,$(eval $(call folder,$(f))))
$(FOLDERS:%=$(BUILD)/obj/%/%.o) $(BUILD)/obj/cli/%.o: EXTRA += $(LTO)

.PHONY: all
all: $(BUILD)/mirrorctl $(BUILD)/moviesd $(BUILD)/make_pcap

$(BUILD)/mirrorctl: $(BUILD)/obj/cli/main.o $(BUILD)/libcli.a $(BUILD)/libdiff.a \
                    $(BUILD)/libreplay.a $(BUILD)/libcapture.a $(BUILD)/libcore.a
	$(call say,LD)$(CC) $(if $(LTO),$(OPT) $(LTO)) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_cli)

$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The style and the script of the HTML report, and the hashes that allow them.
$(BUILD)/gen/diff/html_assets.h: diff/html/embed.sh diff/html/report.css diff/html/report.js
	@mkdir -p $(@D)
	$(call say,GEN)$^ >$@.tmp && mv $@.tmp $@
$(BUILD)/obj/diff/report_html.o: $(BUILD)/gen/diff/html_assets.h

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- samples ----------------------------------------------------------------

$(BUILD)/moviesd: samples/movies/moviesd.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -MMD -MP -MF $(BUILD)/obj/moviesd.d -o $@ $< \
	    $(call pkg_libs,libmicrohttpd) -lpthread

$(BUILD)/make_pcap: samples/movies/make_pcap.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -MMD -MP -MF $(BUILD)/obj/make_pcap.d -o $@ $<

# ---- unit tests -------------------------------------------------------------
# tests/unit/FOLDER/*.c: each a program that links FOLDER's library and those
# below it, so that a sideways call fails to link.

SUPPORT := $(call objects,$(wildcard tests/support/*.c))

define unit
UNIT_$(1) := $$(patsubst tests/unit/%.c,$$(BUILD)/tests/unit/%,$$(wildcard tests/unit/$(1)/*.c))
$$(UNIT_$(1)): $$(BUILD)/tests/unit/%: $$(BUILD)/obj/tests/unit/%.o $$(SUPPORT) \
               $$(sort $$(BUILD)/lib$(1).a $$(BUILD)/libcore.a)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$< $$(SUPPORT) $$(BUILD)/lib$(1).a $$(BUILD)/libcore.a \
	    -lcmocka $$(LIBS_$(1))
UNITS += $$(UNIT_$(1))
endef
$(foreach f,$(FOLDERS) cli,$(eval $(call unit,$(f))))

# llhttp, whose source Debian's node-llhttp ships, is an oracle for the framer.
LLHTTP := $(if $(wildcard /usr/share/llhttp/llhttp.c),$(patsubst %,$(BUILD)/obj/llhttp/%.o,api http llhttp))
ifneq ($(LLHTTP),)
$(BUILD)/obj/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -w -O1 -fPIE -I/usr/share/include/llhttp -c -o $@ $<
$(BUILD)/obj/tests/unit/core/llhttp.o: CPPFLAGS_ALL += -DHAVE_LLHTTP=1 -isystem /usr/share/include
$(BUILD)/tests/unit/core/llhttp: $(LLHTTP)
$(BUILD)/tests/unit/core/llhttp: LIBS_core += $(LLHTTP)
endif

# ---- other tests ------------------------------------------------------------

ALL_LIBS := $(foreach l,cli diff replay capture core,$(BUILD)/lib$(l).a)

# Fuzz targets: with clang's libFuzzer to search, with any compiler to replay
# the inputs that were found before.
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAY := $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/%)
FUZZ_MAIN := $(if $(FUZZING),-fsanitize=fuzzer,$(BUILD)/obj/tests/fuzz/replay.o)

$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(if $(FUZZING),,$(FUZZ_MAIN)) $(SUPPORT) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< $(FUZZ_MAIN) $(SUPPORT) $(ALL_LIBS) $(LIBS_cli)

# Under the memory sanitizer every byte of code must be compiled with it, so only
# targets that need no library (xxhash comes as a header), run over their seeds.
MSAN_decode   := capture/decode.c
MSAN_fragment := capture/fragment.c capture/decode.c core/mem.c core/err.c
MSAN_stream   := capture/stream.c core/mem.c
MSAN_http1    := core/http1.c core/http1_head.c core/http1_guess.c core/http.c core/buf.c core/err.c core/mem.c
MSANS := decode fragment stream http1

define msan
$$(BUILD)/tests/msan/$(1): tests/fuzz/fuzz_$(1).c tests/fuzz/replay.c $$(MSAN_$(1))
	@mkdir -p $$(@D)
	$$(call say,CC)clang -std=c11 $$(WARN) -g -O1 -fno-omit-frame-pointer -fsanitize=memory \
	    -fsanitize-memory-track-origins -fno-sanitize-recover=all -DXXH_INLINE_ALL $$(CPPFLAGS_ALL) -o $$@ $$^
endef
$(foreach m,$(MSANS),$(eval $(call msan,$(m))))

TORTURES := $(patsubst tests/torture/%.c,$(BUILD)/tests/torture/%,$(wildcard tests/torture/torture_*.c))
$(BUILD)/tests/torture/%: $(BUILD)/obj/tests/torture/%.o $(SUPPORT) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT) $(ALL_LIBS) $(LIBS_cli)

# Programs that bats files and benches drive: tests/tools/NAME.c.
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(wildcard tests/tools/*.c))
$(BUILD)/tests/tools/%: $(BUILD)/obj/tests/tools/%.o $(SUPPORT) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT) $(ALL_LIBS) $(LIBS_cli)

BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
$(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(SUPPORT) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS_ALL) -o $@ $< $(SUPPORT) $(ALL_LIBS) $(LIBS_cli)

.SECONDARY:

# How a target starts over once its set-up is done: with a job a core unless
# the caller said how many.
AGAIN = $(MAKE) -s --no-print-directory $(if $(findstring j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))

# ---- targets ----------------------------------------------------------------

.PHONY: tests test browser demo deps lint asan tsan msan fuzz torture bench bench-live soak exact honesty cover conformance \
        install uninstall clean help

tests: all $(UNITS) $(FUZZ_REPLAY) $(TORTURES) $(TOOLS)

# Two steps: what is missing is installed, then make starts over and sees it.
test:
	@$(SETUP) test
	@+$(AGAIN) run-tests

run-tests: tests
	@BUILD=$(BUILD) CORPUS=$(CORPUS) tests/run.sh

# The HTML report in Chromium: its pages and screenshots stay in build/browser.
browser:
	@$(SETUP) browser
	@+$(AGAIN) run-browser

run-browser: all $(BUILD)/tests/tools/make_result $(BUILD)/tests/tools/make_noisy
	@BUILD=$(BUILD) tests/browser/run.sh

demo:
	@$(SETUP) demo
	@+$(AGAIN) all
	@MIRRORCTL=$(BUILD)/mirrorctl MOVIESD=$(BUILD)/moviesd MAKE_PCAP=$(BUILD)/make_pcap \
	    DEMO_DIR=$(BUILD)/demo samples/demo.sh

deps:
	@$(SETUP) all

lint:
	@$(SETUP) lint
	@+$(AGAIN) all
	@BUILD=$(BUILD) tests/lint/all.sh

asan:
	@+$(AGAIN) BUILD=build/asan SAN=address,undefined test

tsan:
	@+$(AGAIN) BUILD=build/tsan SAN=thread test

torture:
	@$(SETUP) test
	@+$(AGAIN) BUILD=build/asan SAN=address,undefined run-torture

run-torture: $(TORTURES)
	@BUILD=$(BUILD) tests/run.sh torture

msan:
	@$(SETUP) fuzz
	@+$(AGAIN) BUILD=build/msan run-msan

run-msan: $(MSANS:%=$(BUILD)/tests/msan/%)
	@for m in $(MSANS); do \
	    echo "fuzz_$$m under the memory sanitizer"; $(BUILD)/tests/msan/$$m tests/fuzz/corpus/$$m || exit 1; done

fuzz:
	@$(SETUP) fuzz
	@+$(AGAIN) BUILD=build/fuzz CC=clang SAN=address,undefined \
	    EXTRA=-fsanitize=fuzzer-no-link FUZZING=1 run-fuzz

run-fuzz: $(FUZZ_REPLAY)
	@BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) CORPUS=$(CORPUS) tests/fuzz/run.sh $(FUZZ_NAMES)

bench:
	@$(SETUP) bench
	@+$(AGAIN) run-bench

run-bench: all $(BENCHES) $(TOOLS)
	@BUILD=$(BUILD) tests/bench/run.sh

bench-live:
	@$(SETUP) bench
	@+$(AGAIN) run-bench-live

run-bench-live: all $(TOOLS)
	@BUILD=$(BUILD) tests/bench/live.sh

# SOAK_SECONDS (600) and SOAK_RATE (5000) may be set.
soak:
	@$(SETUP) bench
	@+$(AGAIN) run-soak

run-soak: all $(TOOLS)
	@BUILD=$(BUILD) tests/bench/soak.sh

# What tests/cli/exact.bats shows of a few requests, of many.
exact:
	@$(SETUP) test
	@+$(AGAIN) run-exact

run-exact: all $(TOOLS)
	@BUILD=$(BUILD) EXACT_REQUESTS=100000 EXACT_CONNECTIONS=2000 bats tests/cli/exact.bats

# HONESTY_SEEDS (100) written, and HONESTY_SOCKETS (10) sent through replay.
HONESTY_SEEDS ?= 100
HONESTY_SOCKETS ?= 10
honesty:
	@$(SETUP) test
	@+$(AGAIN) run-honesty

run-honesty: all $(TOOLS)
	@BUILD=$(BUILD) tests/honesty/honesty.sh $(HONESTY_SEEDS) $(HONESTY_SOCKETS)

cover:
	@$(SETUP) test
	@+$(AGAIN) BUILD=build/cover OPT='-O0 -g' EXTRA=--coverage run-cover

# Where one may not write, the counters say so on stderr, and tests that read all of
# it fail here: make test is the judge of them, this only of what they reach.
run-cover: tests
	-@BUILD=$(BUILD) tests/run.sh
	@tests/support/cover.sh $(BUILD)

conformance: all $(BUILD)/tests/tools/record_facts
	@BUILD=$(BUILD) tests/support/conformance.sh $(CORPUS)

install: $(BUILD)/mirrorctl
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/doc/mirrorctl
	install -m 755 $(BUILD)/mirrorctl $(DESTDIR)$(PREFIX)/bin/mirrorctl
	install -m 644 docs/mirrorctl.1 $(DESTDIR)$(PREFIX)/share/man/man1/mirrorctl.1
	install -m 644 docs/mirrorctl.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/mirrorctl.yaml.5
	install -m 644 README.md LICENSE CHANGELOG.md docs/design.md docs/diagnostics.md docs/record-format.md docs/verdicts.md \
	    docs/diff.schema.json docs/junit.xsd $(DESTDIR)$(PREFIX)/share/doc/mirrorctl

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mirrorctl $(DESTDIR)$(PREFIX)/share/man/man1/mirrorctl.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5/mirrorctl.yaml.5
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/mirrorctl

clean:
	rm -rf build

help:
	@printf '%s\n' \
	 'make              build/mirrorctl and the sample service' \
	 'make demo         a dark launch on this machine, with all its set-up' \
	 'make test         every test, with all its set-up' \
	 'make tests        build what the tests need, and run nothing' \
	 'make browser      HTML reports in Chromium, with all its set-up' \
	 'make deps         install what building and testing need' \
	 'make lint         formatting, static analysis, layers, man page' \
	 'make asan         all tests under address and undefined-behaviour sanitizers' \
	 'make tsan         all tests under the thread sanitizer' \
	 'make msan         fuzz targets without libraries over their seeds, memory sanitizer' \
	 'make torture      fail the n-th allocation, under sanitizers' \
	 'make fuzz         search with libFuzzer, FUZZ_SECONDS=30 a target' \
	 'make bench        speed as ratios to tcpdump, wrk, hey' \
	 'make soak         ten minutes of replay: neither memory nor descriptors grow' \
	 'make bench-live   what a live capture costs the service, and what it misses' \
	 'make exact        a hundred thousand requests, ten ways, against the logs of their servers' \
	 'make honesty      how often the verdict about a noisy service is right' \
	 'make cover        line coverage a folder' \
	 'make conformance CORPUS=DIR   compare real captures with answers that are not ours' \
	 'make install      DESTDIR and PREFIX=/usr/local are honoured' \
	 'make uninstall, make clean'
