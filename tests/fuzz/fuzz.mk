# Fuzzers: tests/fuzz/fuzz_*.c, each with its seeds in tests/fuzz/corpus/<name>/. They and
# what they test are built by clang with libFuzzer and the sanitizers, in build/fuzz/.
#
#   make fuzz [FUZZ_SECONDS=60] [FUZZ=fuzz_dfuse]   look for crashes, two at a time
#   make fuzz-corpus                                replay the seeds, in seconds, as TAP
#
#   make fuzz-images [IMAGES=24]                    run that many strangers' images, as TAP
#
# What a fuzzer finds stays in build/fuzz/<name>.crash-*, what it learned in
# build/fuzz/corpus/<name>/.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_MAX_LEN ?= 4096
FB := build/fuzz

FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ ?= $(patsubst tests/fuzz/%.c,%,$(FUZZ_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(FB)/%,$(FUZZ_SRC))
# The virtual board, the hub, libprov, the firmware and the command are tested by the targets
# that bear their names, libdfu by the others.
FUZZ_BOARD := $(filter $(FB)/fuzz_usbip_server $(FB)/fuzz_board_%,$(FUZZ_BIN))
FUZZ_HUB := $(filter $(FB)/fuzz_hub_%,$(FUZZ_BIN))
FUZZ_LIBPROV := $(filter $(FB)/fuzz_prov_%,$(FUZZ_BIN))
FUZZ_CLI := $(filter $(FB)/fuzz_cli_%,$(FUZZ_BIN))
FUZZ_FIRMWARE := $(filter $(FB)/fuzz_firmware_%,$(FUZZ_BIN))
FUZZ_LIBDFU := $(filter-out $(FUZZ_BOARD) $(FUZZ_HUB) $(FUZZ_LIBPROV) $(FUZZ_CLI) \
	$(FUZZ_FIRMWARE),$(FUZZ_BIN))

fuzz_obj = $(patsubst %.c,$(FB)/obj/%.o,$(1))
FUZZ_LIBDFU_OBJ := $(call fuzz_obj,$(LIBDFU_SRC))
FUZZ_LIBPROV_OBJ := $(call fuzz_obj,$(LIBPROV_SRC))
FUZZ_BOARD_OBJ := $(call fuzz_obj,$(filter-out %/main.c,$(BOARD_SRC)))
FUZZ_HUB_OBJ := $(call fuzz_obj,$(filter-out %/main.c,$(HUB_SRC)))
FUZZ_FIRMWARE_OBJ := $(call fuzz_obj,$(FIRMWARE_SRC) tests/unit/firmware/mock_bus.c)

# Only the fuzzers themselves get libFuzzer's main.
FUZZ_SAN := address,undefined
FUZZ_CFLAGS = -std=c11 -O1 -g -DSECRETS_ALONE -fno-omit-frame-pointer -fno-sanitize-recover=all \
	$(if $(WERROR),-Wall -Wextra -Werror)
$(FUZZ_LIBDFU_OBJ): FUZZ_CFLAGS += $(call pkg,--cflags,libusb-1.0)
$(FUZZ_LIBPROV_OBJ): FUZZ_CFLAGS += $(LIBPROV_CFLAGS)
$(FUZZ_BOARD_OBJ): FUZZ_CFLAGS += -Isim/board -fvisibility=hidden $(call pkg,--cflags,$(BOARD_PKGS))
$(FUZZ_HUB_OBJ): FUZZ_CFLAGS += -Isim/hub $(call pkg,--cflags,$(HUB_PKGS))
$(FUZZ_FIRMWARE_OBJ): FUZZ_CFLAGS += $(FIRMWARE_HOST_CFLAGS)
# Headers of the same name are different in the libraries, board, hub and firmware.
FUZZ_HUB_SRC := $(filter tests/fuzz/fuzz_hub_%,$(FUZZ_SRC))
FUZZ_BOARD_SRC := $(filter tests/fuzz/fuzz_board_% tests/fuzz/fuzz_usbip_server.c,$(FUZZ_SRC))
FUZZ_FIRMWARE_SRC := $(filter tests/fuzz/fuzz_firmware_%,$(FUZZ_SRC))
FUZZ_OTHER_SRC := $(filter-out $(FUZZ_HUB_SRC) $(FUZZ_BOARD_SRC) $(FUZZ_FIRMWARE_SRC),$(FUZZ_SRC))
$(call fuzz_obj,$(FUZZ_HUB_SRC)): FUZZ_CFLAGS += -I. -Isim/hub
$(call fuzz_obj,$(FUZZ_BOARD_SRC)): FUZZ_CFLAGS += -I. -Isim/board
$(call fuzz_obj,$(FUZZ_FIRMWARE_SRC)): FUZZ_CFLAGS += -I. $(FIRMWARE_HOST_CFLAGS)
$(call fuzz_obj,$(FUZZ_OTHER_SRC)): FUZZ_CFLAGS += -I. -Ilibdfu -Ilibprov -Icli $(call pkg,--cflags,libcjson)

$(FB)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(OWN_CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) \
		-MMD -MP -c -o $@ $<

$(FUZZ_BIN): $(FB)/%: $(FB)/obj/tests/fuzz/%.o
$(FUZZ_LIBDFU): $(FUZZ_LIBDFU_OBJ)
$(FUZZ_LIBPROV): $(FUZZ_LIBPROV_OBJ)
$(FB)/fuzz_cli_csv: $(call fuzz_obj,cli/csv.c)
$(FB)/fuzz_cli_event: $(call fuzz_obj,cli/lines.c cli/event_line.c cli/text.c \
	libprov/amqp_event.c libprov/amqp_message.c)
$(FB)/fuzz_cli_event: FUZZ_LIBS = $(call pkg,--libs,libqpid-proton)
$(call fuzz_obj,cli/event_line.c): FUZZ_CFLAGS += -Ilibprov
$(FUZZ_BOARD): $(FUZZ_BOARD_OBJ)
$(FUZZ_HUB): $(FUZZ_HUB_OBJ)
$(FUZZ_FIRMWARE): $(FUZZ_FIRMWARE_OBJ) $(call fuzz_obj,$(FIRMWARE_RECORD_SRC))
$(FUZZ_LIBDFU): FUZZ_LIBS = $(LIBDFU_LIBS)
$(FUZZ_LIBPROV): FUZZ_LIBS = $(LIBPROV_LIBS)
$(FUZZ_BOARD): FUZZ_LIBS = $(FUZZ_BOARD_LIBS) $(BOARD_LIBS)
$(FUZZ_HUB): FUZZ_LIBS = $(HUB_LIBS)
$(FUZZ_FIRMWARE): FUZZ_LIBS = $(call pkg,--libs,cmocka)
$(FUZZ_BIN):
	@printf '  %-7s %s\n' FUZZ '$(@F)'
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,$(FUZZ_SAN) -pthread -o $@ $^ $(FUZZ_LIBS)

fuzz-build: $(FUZZ_BIN)

fuzz: fuzz-build
	@printf '%s\n' $(FUZZ) | xargs -P 2 -I NAME tests/fuzz/run NAME $(FUZZ_SECONDS) $(FUZZ_MAX_LEN)

fuzz-corpus: fuzz-build
	@tests/fuzz/replay $(FUZZ)

# Images for the virtual chip (images.c), in every build: a process each, two at a time.
IMAGES_COUNT = $(or $(IMAGES),24)
IMAGES_BIN := $(B)/fuzz/images
IMAGES_OBJ := $(call obj,tests/fuzz/images.c)

$(IMAGES_OBJ): OWN_CFLAGS += -I. -Isim/board
$(IMAGES_BIN): $(IMAGES_OBJ) $(BOARD_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(BOARD_LIBS)

$(B)/fuzz/firmware.bin: $(SHARE)/firmware.dfu | $(B)/bin/stmiot
	@mkdir -p $(@D)
	$(Q)$(B)/bin/stmiot -q image convert $< $@

fuzz-images: $(IMAGES_BIN) $(B)/fuzz/firmware.bin
	@seq $(IMAGES_COUNT) | xargs -P 2 -I N $(IMAGES_BIN) N $(B)/fuzz/firmware.bin

-include $(shell find $(FB)/obj -name '*.d' 2>/dev/null)

.PHONY: fuzz fuzz-build fuzz-corpus fuzz-images
