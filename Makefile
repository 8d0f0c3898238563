# Everything is built by this one file, out of tree in build/.
#
#   make [V=1] [SAN=address,undefined] [CC=clang] [WERROR=1] [PREFIX=/usr] [DESTDIR=...] TARGET
#
# Ours: OWN_CFLAGS and friends. The packager's: CFLAGS, CPPFLAGS, LDFLAGS.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

VERSION := $(shell sed -n 's/^.. \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
SOVERSION := 0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
UDEVDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib/udev/rules.d,$(PREFIX)/lib/udev/rules.d)

# A sanitized build lives beside the plain one, so that neither spoils the other.
B := build$(if $(SAN),/san)

PKG_CONFIG ?= pkg-config
pkg = $(shell $(PKG_CONFIG) $(1) $(2))

CFLAGS ?= -O2 -g
OWN_CPPFLAGS := -D_GNU_SOURCE -DSTMIOT_VERSION='"$(VERSION)"' -I$(B)/gen \
	$(if $(SAN),-DSECRETS_ALONE)
OWN_CFLAGS := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wformat=2 -Wundef -Wwrite-strings -fno-common \
	$(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# -z now: at a function's first call the loader puts the vector registers on the stack, in
# which there may be a piece of a key that was just copied.
OWN_LDFLAGS := -Wl,--as-needed -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))

V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' '$(1)' '$(patsubst $(B)/%,%,$(2))')

LIBDFU_SRC := $(wildcard libdfu/*.c)
LIBPROV_SRC := $(wildcard libprov/*.c)
CLI_SRC := $(wildcard cli/*.c)
BOARD_SRC := $(wildcard sim/board/*.c sim/board/core/*.c sim/board/periph/*.c sim/board/parts/*.c)
HUB_SRC := $(wildcard sim/hub/*.c sim/hub/*/*.c)

# The firmware has a Makefile of its own; what of it also builds for the host is tested here.
RECORD := libprov
include firmware/files.mk
FIRMWARE_SRC := $(addprefix firmware/,$(FIRMWARE_HOST_SRC))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIBDFU_OBJ := $(call obj,$(LIBDFU_SRC))
LIBPROV_OBJ := $(call obj,$(LIBPROV_SRC))
CLI_OBJ := $(call obj,$(CLI_SRC))
BOARD_OBJ := $(call obj,$(BOARD_SRC))
HUB_OBJ := $(call obj,$(HUB_SRC))
FIRMWARE_OBJ := $(call obj,$(FIRMWARE_SRC))

LIBPROV_PKGS := libssl libcrypto libcjson libqpid-proton
# Of libcurl the headers only: libprov/curl.c loads it.
LIBPROV_CFLAGS = $(call pkg,--cflags,$(LIBPROV_PKGS) libcurl)
BOARD_PKGS := libcjson unicorn libseccomp
HUB_PKGS := libmicrohttpd gnutls sqlite3 libssl libcrypto libcjson libqpid-proton

# Who may know whom: the search paths say it (CONTRIBUTING.md, "The house").
$(LIBDFU_OBJ): OWN_CFLAGS += -fPIC $(call pkg,--cflags,libusb-1.0)
$(LIBPROV_OBJ): OWN_CFLAGS += -fPIC $(LIBPROV_CFLAGS) -pthread
$(CLI_OBJ): OWN_CFLAGS += -Ilibdfu -Ilibprov $(call pkg,--cflags,libcjson) -pthread
# Hidden, or the linker lets ours take the place of unicorn's functions of the same name.
$(BOARD_OBJ): OWN_CFLAGS += -Isim/board -fvisibility=hidden $(call pkg,--cflags,$(BOARD_PKGS))
$(HUB_OBJ): OWN_CFLAGS += -Isim/hub $(call pkg,--cflags,$(HUB_PKGS))
$(FIRMWARE_OBJ): OWN_CFLAGS += $(FIRMWARE_HOST_CFLAGS)
FIRMWARE_HOST_CFLAGS := -Ifirmware -Ilibprov -DFIRMWARE_VERSION='"$(VERSION)"' -DFIRMWARE_BUILT_UNIX=0

LIBDFU_LIBS = $(call pkg,--libs,libusb-1.0)
# Debian's paho has no file for pkg-config.
LIBPROV_LIBS = $(call pkg,--libs,$(LIBPROV_PKGS)) -lpaho-mqtt3as -ldl -pthread
CJSON_LIBS = $(call pkg,--libs,libcjson)
BOARD_LIBS = $(call pkg,--libs,$(BOARD_PKGS))
HUB_LIBS = $(call pkg,--libs,$(HUB_PKGS))

LIBDFU_SO := $(B)/lib/libdfu.so.$(VERSION)
LIBDFU_A := $(B)/obj/libdfu.a
LIBPROV_SO := $(B)/lib/libprov.so.$(VERSION)
LIBPROV_A := $(B)/obj/libprov.a
LIBRARIES := $(LIBDFU_SO) $(LIBPROV_SO)
PKGCONFIGS := $(B)/lib/libdfu.pc $(B)/lib/libprov.pc
HEADERS := libdfu/dfu.h libprov/prov.h libprov/prov_c2d.h libprov/prov_device.h libprov/prov_dps.h \
	libprov/prov_events.h libprov/prov_local.h libprov/record.h
PROGRAMS := $(B)/bin/stmiot $(B)/bin/stmiot-board $(B)/bin/stmiot-hub
LINKS := $(patsubst $(B)/bin/%,$(B)/%,$(PROGRAMS))

# The bundled firmware, as a program in bin/ looks for it. It needs a cross compiler, which
# all the rest does not.
SHARE := $(B)/share/stmiot
ARM_GCC := $(shell command -v arm-none-eabi-gcc)

all: $(PROGRAMS) $(LINKS) $(LIBRARIES) $(PKGCONFIGS) $(B)/gen/70-stmiot.rules $(SHARE)/firmware \
	$(if $(ARM_GCC),$(SHARE)/firmware.dfu)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(OWN_CPPFLAGS) $(CPPFLAGS) $(OWN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# -- libraries -------------------------------------------------------------------------

$(LIBDFU_A): $(LIBDFU_OBJ)
$(LIBPROV_A): $(LIBPROV_OBJ)
$(LIBDFU_A) $(LIBPROV_A):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(LIBDFU_SO): $(LIBDFU_OBJ) libdfu/libdfu.map
$(LIBPROV_SO): $(LIBPROV_OBJ) libprov/libprov.map
$(LIBDFU_SO): LIBS = $(LIBDFU_LIBS)
$(LIBPROV_SO): LIBS = $(LIBPROV_LIBS)
$(LIBRARIES): $(B)/lib/%.so.$(VERSION):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$*.so.$(SOVERSION) -Wl,--version-script=$*/$*.map \
		$(if $(SAN),,-Wl,-z,defs) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)
	$(Q)ln -sf $*.so.$(VERSION) $(@D)/$*.so.$(SOVERSION)
	$(Q)ln -sf $*.so.$(SOVERSION) $(@D)/$*.so

# Always anew: PREFIX may be another one at `make install` than at `make`.
$(PKGCONFIGS): $(B)/lib/%.pc: always
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' $*/$*.pc.in > $@

# -- programs --------------------------------------------------------------------------
# The run path works in build/ and under any PREFIX alike.

$(B)/bin/stmiot: $(CLI_OBJ) $(LIBRARIES)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -pthread -o $@ $(CLI_OBJ) \
		-L$(B)/lib -ldfu -lprov $(CJSON_LIBS)

$(B)/bin/stmiot-board: $(BOARD_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $(BOARD_OBJ) $(BOARD_LIBS)

$(B)/bin/stmiot-hub: $(HUB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $(HUB_OBJ) $(HUB_LIBS)

$(LINKS): $(B)/%: $(B)/bin/%
	$(Q)ln -sf bin/$* $@

# -- the firmware ----------------------------------------------------------------------

FIRMWARE_FILES := firmware/Makefile $(wildcard firmware/*.mk firmware/*.awk firmware/*/*.[ch] \
	firmware/*/*.ld)
FIRMWARE_RECORD := $(addprefix libprov/,$(RECORD_FILES))
FIRMWARE_RECORD_SRC := $(filter %.c,$(FIRMWARE_RECORD))

firmware: $(SHARE)/firmware.dfu

build/firmware/firmware.elf: $(FIRMWARE_FILES) $(FIRMWARE_RECORD) CHANGELOG.md
	$(if $(ARM_GCC),,$(error the firmware needs arm-none-eabi-gcc: apt-get install gcc-arm-none-eabi))
	@mkdir -p $(@D)
	@ln -sfn ../../firmware $(@D)/src
	$(Q)$(MAKE) --no-print-directory -C $(@D) -f src/Makefile
	@touch $@

$(SHARE)/firmware.dfu: build/firmware/firmware.elf | $(B)/bin/stmiot
	@mkdir -p $(@D)
	$(call say,DFU,$@)
	$(Q)$(B)/bin/stmiot -q image convert $< $@

$(SHARE)/firmware:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(CURDIR)/firmware $@

# -- the device list gives the rules, and the CLI its ids --------------------------------

$(B)/gen/70-stmiot.rules: udev/devices.list udev/rules.awk
	@mkdir -p $(@D)
	$(Q)awk -v out=rules -f udev/rules.awk $< > $@

$(B)/gen/udev_devices.h: udev/devices.list udev/rules.awk
	@mkdir -p $(@D)
	$(Q)awk -v out=header -f udev/rules.awk $< > $@

$(CLI_OBJ): | $(B)/gen/udev_devices.h

include tests/tests.mk

# -- install ---------------------------------------------------------------------------

# In quotes all of it: folders may have blanks.
install: all
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBDIR)/pkgconfig" \
		"$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(UDEVDIR)" \
		"$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man3" "$(DESTDIR)$(MANDIR)/man7"
	install -m 755 $(PROGRAMS) "$(DESTDIR)$(BINDIR)"
	install -m 755 $(LIBRARIES) "$(DESTDIR)$(LIBDIR)"
	for l in libdfu libprov; do \
		ln -sf $$l.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/$$l.so.$(SOVERSION)" && \
		ln -sf $$l.so.$(SOVERSION) "$(DESTDIR)$(LIBDIR)/$$l.so" || exit 1; done
	install -m 644 $(HEADERS) "$(DESTDIR)$(INCLUDEDIR)"
	install -m 644 $(PKGCONFIGS) "$(DESTDIR)$(LIBDIR)/pkgconfig"
	install -m 644 $(B)/gen/70-stmiot.rules "$(DESTDIR)$(UDEVDIR)"
	install -m 644 $(wildcard man/*.1) "$(DESTDIR)$(MANDIR)/man1"
	install -m 644 $(wildcard man/*.3) "$(DESTDIR)$(MANDIR)/man3"
	install -m 644 $(wildcard man/*.7) "$(DESTDIR)$(MANDIR)/man7"
	for f in $(FIRMWARE_FILES); do \
		install -D -m 644 $$f "$(DESTDIR)$(DATADIR)/stmiot/$$f" || exit 1; done
	install -D -m 644 -t "$(DESTDIR)$(DATADIR)/stmiot/firmware/record" $(FIRMWARE_RECORD)
	install -m 644 CHANGELOG.md "$(DESTDIR)$(DATADIR)/stmiot/firmware"
	$(if $(ARM_GCC),install -m 644 $(SHARE)/firmware.dfu "$(DESTDIR)$(DATADIR)/stmiot")

uninstall:
	rm -f $(patsubst $(B)/bin/%,"$(DESTDIR)$(BINDIR)"/%,$(PROGRAMS)) \
		"$(DESTDIR)$(LIBDIR)"/libdfu.so* "$(DESTDIR)$(LIBDIR)"/libprov.so* \
		$(patsubst $(B)/lib/%,"$(DESTDIR)$(LIBDIR)"/pkgconfig/%,$(PKGCONFIGS)) \
		$(patsubst %,"$(DESTDIR)$(INCLUDEDIR)"/%,$(notdir $(HEADERS))) \
		"$(DESTDIR)$(UDEVDIR)/70-stmiot.rules" \
		$(patsubst man/%,"$(DESTDIR)$(MANDIR)"/man1/%,$(wildcard man/*.1)) \
		$(patsubst man/%,"$(DESTDIR)$(MANDIR)"/man3/%,$(wildcard man/*.3)) \
		$(patsubst man/%,"$(DESTDIR)$(MANDIR)"/man7/%,$(wildcard man/*.7))
	rm -rf "$(DESTDIR)$(DATADIR)/stmiot"

clean:
	rm -rf build

demo: all
	@PATH="$(CURDIR)/$(B):$$PATH" tests/demo

.PHONY: all firmware install uninstall clean demo always

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
