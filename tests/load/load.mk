# What loads a server of MQTT: for tests/hub and tests/bench.
LOAD_OBJ := $(call obj,$(wildcard tests/load/*.c))

$(LOAD_OBJ): OWN_CFLAGS += $(call pkg,--cflags,libssl libcrypto)
$(B)/load/mqtt: $(LOAD_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libssl libcrypto)

unit-build: $(B)/load/mqtt
