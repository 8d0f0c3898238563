# What the tests of the hub run besides the programs themselves.
$(B)/obj/tests/hub/compare.o: OWN_CFLAGS += -Ilibprov
$(B)/hub/compare: $(B)/obj/tests/hub/compare.o $(LIBPROV_SO)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< -L$(B)/lib -lprov

unit-build: $(B)/hub/compare

HOSTILE_OBJ := $(patsubst %,$(B)/obj/tests/hub/%.o,hostile attacks peer)
$(HOSTILE_OBJ): OWN_CFLAGS += $(call pkg,--cflags,libssl libcrypto)
$(B)/hub/hostile: $(HOSTILE_OBJ) $(B)/obj/tests/load/client.o $(B)/obj/tests/load/sas.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libssl libcrypto)

unit-build: $(B)/hub/hostile
