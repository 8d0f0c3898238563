# What `make bench` runs besides the programs themselves.
BENCH_SRC := $(wildcard tests/bench/registry/*.c)
BENCH_BIN := $(patsubst tests/bench/registry/%.c,$(B)/bench/%,$(BENCH_SRC))

$(call obj,$(BENCH_SRC)): OWN_CFLAGS += -Ilibprov $(call pkg,--cflags,libssl)

$(BENCH_BIN): $(B)/bench/%: $(B)/obj/tests/bench/registry/%.o $(LIBPROV_SO)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< \
		-L$(B)/lib -lprov $(call pkg,--libs,libssl)

# The board's processor, and the programs that it is measured with.
CORE_WORKS := integer memory hard soft sha256 access nothing idle
CORE_ELFS := $(patsubst %,$(B)/bench/core.%.elf,$(CORE_WORKS))
upper = $(shell echo $(1) | tr a-z A-Z)

$(B)/obj/tests/bench/core/core.o: OWN_CFLAGS += -I. -Isim/board
$(B)/bench/core: $(B)/obj/tests/bench/core/core.o $(BOARD_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(BOARD_LIBS)

$(CORE_ELFS): $(B)/bench/core.%.elf: tests/bench/core/work.c tests/bench/core/work.ld
	@mkdir -p $(@D)
	$(call say,ARM,$@)
	$(Q)$(ARM_CC) -O2 -ffreestanding -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard \
		-DWORK=$(call upper,$*) -nostdlib -Wl,-e,0x08000000 -T tests/bench/core/work.ld -o $@ $< -lgcc

bench-core: all $(B)/bench/core $(CORE_ELFS)
	@tests/bench/core/run $(B)

# The hub's event stream, without a network.
$(B)/obj/tests/bench/events/events.o: OWN_CFLAGS += -Isim/hub
$(B)/bench/events: $(B)/obj/tests/bench/events/events.o $(HUB_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(HUB_LIBS)

bench-events: $(B)/bench/events
	@folder=$$(mktemp -d $(B)/events.XXXXXX) && { $< $$folder; rm -rf $$folder; }

# What it takes with one, from many devices.
bench-load: all $(B)/load/mqtt
	@tests/bench/load/run $(B)

# And how it is read.
bench-monitor: all $(B)/load/mqtt
	@tests/bench/monitor/run $(B)

unit-build: $(BENCH_BIN) $(B)/bench/core $(B)/bench/events

bench: all $(BENCH_BIN) $(B)/bench/core $(CORE_ELFS) $(B)/load/mqtt
	@tests/bench/run $(B)

.PHONY: bench bench-core bench-events bench-load bench-monitor
