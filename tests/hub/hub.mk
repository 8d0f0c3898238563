# What the tests of the hub run besides the programs themselves.
$(B)/obj/tests/hub/compare.o: OWN_CFLAGS += -Ilibprov
$(B)/hub/compare: $(B)/obj/tests/hub/compare.o $(LIBPROV_SO)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< -L$(B)/lib -lprov

unit-build: $(B)/hub/compare
