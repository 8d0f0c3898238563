# The search for keys in what a test run has written: tests/secrets/run.

SECRETS_SRC := $(wildcard tests/secrets/*.c)
SECRETS_OBJ := $(filter-out %/keep.o,$(call obj,$(SECRETS_SRC)))

$(call obj,$(SECRETS_SRC)): OWN_CFLAGS += $(call pkg,--cflags,libcrypto)
$(B)/obj/tests/secrets/keep.o: OWN_CFLAGS += -fPIC

$(B)/secrets/keep.so: $(B)/obj/tests/secrets/keep.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(OWN_LDFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(B)/secrets/secrets: $(SECRETS_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libcrypto)

secrets-build: $(B)/secrets/keep.so $(B)/secrets/secrets

unit-build: secrets-build

.PHONY: secrets-build
