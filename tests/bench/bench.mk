# What `make bench` runs besides the programs themselves.
BENCH_SRC := $(wildcard tests/bench/registry/*.c)
BENCH_BIN := $(patsubst tests/bench/registry/%.c,$(B)/bench/%,$(BENCH_SRC))

$(call obj,$(BENCH_SRC)): OWN_CFLAGS += -Ilibprov $(call pkg,--cflags,libssl)

$(BENCH_BIN): $(B)/bench/%: $(B)/obj/tests/bench/registry/%.o $(LIBPROV_SO)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< \
		-L$(B)/lib -lprov $(call pkg,--libs,libssl)

unit-build: $(BENCH_BIN)

bench: all $(BENCH_BIN)
	@tests/bench/run $(B)

.PHONY: bench
