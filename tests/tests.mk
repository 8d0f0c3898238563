# The tests. `make check` runs every suite of tests/check and prints a line for each.

# Unit tests: tests/unit/<component>/test_*.c, a cmocka program each, linked with that
# component's objects as an archive.
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))

$(call obj,$(UNIT_SRC)): OWN_CFLAGS += $(call pkg,--cflags,cmocka libcjson) -I.
$(call obj,$(wildcard tests/unit/libdfu/*.c)): OWN_CFLAGS += -Ilibdfu
$(call obj,$(wildcard tests/unit/libprov/*.c)): OWN_CFLAGS += -Ilibprov
$(call obj,$(wildcard tests/unit/cli/*.c)): OWN_CFLAGS += -Icli -Ilibdfu -Ilibprov
$(call obj,$(wildcard tests/unit/board/*.c)): OWN_CFLAGS += -Isim/board
$(call obj,$(wildcard tests/unit/hub/*.c)): OWN_CFLAGS += -Isim/hub
$(call obj,$(wildcard tests/unit/firmware/*.c)): OWN_CFLAGS += $(FIRMWARE_HOST_CFLAGS)

CLI_A := $(B)/obj/cli.a
BOARD_A := $(B)/obj/board.a
HUB_A := $(B)/obj/hub.a
FIRMWARE_A := $(B)/obj/firmware.a
$(CLI_A): $(filter-out %/main.o,$(CLI_OBJ))
$(BOARD_A): $(filter-out %/main.o,$(BOARD_OBJ))
$(HUB_A): $(filter-out %/main.o,$(HUB_OBJ))
$(FIRMWARE_A): $(FIRMWARE_OBJ)
$(CLI_A) $(BOARD_A) $(HUB_A) $(FIRMWARE_A):
	$(Q)rm -f $@ && $(AR) rcs $@ $^

unit_bin = $(filter $(B)/unit/$(1)/%,$(UNIT_BIN))
$(UNIT_BIN): $(B)/unit/%: $(B)/obj/tests/unit/%.o
$(call unit_bin,libdfu): $(B)/obj/tests/unit/libdfu/fake_rom.o $(LIBDFU_A)
$(call unit_bin,libprov): $(B)/obj/tests/unit/libprov/fake_hub.o $(LIBPROV_A)
$(call unit_bin,cli): $(CLI_A) $(LIBDFU_A) $(LIBPROV_A)
$(call unit_bin,board): $(BOARD_A)
$(call obj,tests/unit/cli/test_rotating.c tests/unit/cli/test_call.c): OWN_CFLAGS += -Itests/unit/libprov
$(B)/unit/cli/test_rotating $(B)/unit/cli/test_call: $(B)/obj/tests/unit/libprov/fake_hub.o
# What is written for good, and in which order.
$(B)/unit/cli/test_sys: OWN_LDFLAGS += -Wl,--wrap=fsync
$(call unit_bin,board): UNIT_LIBS = $(BOARD_LIBS)
$(call unit_bin,firmware): $(B)/obj/tests/unit/firmware/mock_bus.o $(FIRMWARE_A) $(LIBPROV_A)
# Allocations that fail when the test says so.
$(filter %/test_alloc %/test_alloc_local,$(UNIT_BIN)): OWN_LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
# It sets curl up before libprov loads it.
$(B)/unit/libprov/test_alloc: UNIT_LIBS = $(call pkg,--libs,libcurl)
# A name server that does not answer.
$(B)/unit/libprov/test_resolve: OWN_LDFLAGS += -Wl,--wrap=getaddrinfo

$(call unit_bin,hub): $(HUB_A)
$(call unit_bin,hub): UNIT_LIBS = $(HUB_LIBS)
$(UNIT_BIN):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -pthread -o $@ $^ \
		$(call pkg,--libs,cmocka) $(LIBDFU_LIBS) $(LIBPROV_LIBS) $(call pkg,--libs,libssl) \
		$(CJSON_LIBS) $(UNIT_LIBS)

# Programs for the board's processor, a rule each: in assembler for the core alone, in C for
# what is around it. tests/board/programs.c runs them.
ARM_CC ?= arm-none-eabi-gcc
ARM_FLAGS := -mcpu=cortex-m4 -mthumb -nostdlib
CORE_RULES := $(patsubst %.S,$(B)/%.elf,$(wildcard tests/board/core/*.S))
PERIPH_RULES := $(patsubst %.c,$(B)/%.elf,$(filter-out %/start.c,$(wildcard tests/board/periph/*.c)))
PERIPH_FLAGS := $(ARM_FLAGS) -std=gnu11 -Os -ffreestanding -ffunction-sections -Wall -Wextra \
	-Wundef $(if $(WERROR),-Werror)

$(CORE_RULES): $(B)/%.elf: %.S tests/board/core/rule.inc tests/board/core/rule.ld
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) $(ARM_FLAGS) -mfpu=fpv4-sp-d16 -mfloat-abi=hard \
		-Itests/board/core -T tests/board/core/rule.ld -o $@ $<

$(B)/tests/board/periph/start.o: tests/board/periph/start.c $(wildcard tests/board/periph/*.h)
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) $(PERIPH_FLAGS) -c -o $@ $<

$(PERIPH_RULES): $(B)/%.elf: %.c $(B)/tests/board/periph/start.o tests/board/periph/rule.ld \
		$(wildcard tests/board/periph/*.h)
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) $(PERIPH_FLAGS) -Wl,--gc-sections -T tests/board/periph/rule.ld -o $@ \
		$< $(B)/tests/board/periph/start.o -lgcc

$(call obj,tests/board/programs.c): OWN_CFLAGS += -Isim/board
$(B)/tests/board/programs: $(call obj,tests/board/programs.c) $(BOARD_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(BOARD_LIBS)

rules: $(B)/tests/board/programs $(CORE_RULES) $(PERIPH_RULES)
	@$(B)/tests/board/programs $(CORE_RULES) $(PERIPH_RULES)

# And one for what is outside of it, flashed by tests/cli.
OUTSIDE := $(B)/tests/board/outside/outside.elf

$(OUTSIDE): $(B)/%.elf: %.S tests/board/outside/outside.ld
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) -mcpu=cortex-m4 -mthumb -nostdlib -T tests/board/outside/outside.ld -o $@ $<

# And one for a debugger.
DEBUGGED := $(B)/tests/board/debugged/debugged.elf

$(DEBUGGED): $(B)/%.elf: %.c tests/board/debugged/debugged.ld
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -std=c11 -Og -g \
		-Wall -Wextra -Werror -ffreestanding -nostdlib -T tests/board/debugged/debugged.ld -o $@ $<

# Firmware in the styles of others', flashed and run by tests/board/styles/run.
STYLE_SRC := $(filter-out %/start.c,$(wildcard tests/board/styles/*.c))
STYLES := $(patsubst %.c,$(B)/%.elf,$(STYLE_SRC))

$(STYLES): $(B)/%.elf: %.c tests/board/styles/start.c tests/board/styles/style.h \
		tests/board/styles/style.ld
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) -std=gnu11 -O2 -Wall -Wextra -Werror -mcpu=cortex-m4 -mthumb \
		-mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffp-contract=off -ffreestanding -nostdlib \
		-T tests/board/styles/style.ld -o $@ $< tests/board/styles/start.c -lgcc

styles: $(STYLES)

unit-build: $(UNIT_BIN) $(OUTSIDE) $(DEBUGGED) $(B)/tests/board/programs $(CORE_RULES) $(PERIPH_RULES)

unit: $(UNIT_BIN)
	@tests/run-unit $(UNIT_BIN)

check:
	@tests/check

check-long:
	@tests/check --long

include tests/fuzz/fuzz.mk tests/formats/formats.mk tests/bench/bench.mk tests/hub/hub.mk \
	tests/load/load.mk tests/secrets/secrets.mk

.PHONY: rules styles unit unit-build check check-long
