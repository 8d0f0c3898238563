# Our reading and writing of image files against that of other tools.

$(B)/formats/convert: tests/formats/convert.c libdfu/dfu.h $(LIBDFU_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(OWN_CFLAGS) $(CFLAGS) -Ilibdfu $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $< \
		$(LIBDFU_A) $(LIBDFU_LIBS)

formats: $(B)/formats/convert
	@tests/formats/run $<

.PHONY: formats
