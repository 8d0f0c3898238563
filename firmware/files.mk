# What the firmware is made of, relative to this folder: for its own Makefile, for the tests
# on the host, and for `make install`.

# The one thing that host and firmware share, of libprov; RECORD is the folder where it is.
RECORD_FILES := $(notdir $(wildcard $(RECORD)/record*.[ch]))

# What also builds for the host.
FIRMWARE_HOST_SRC := $(addprefix drivers/,chip.c core.c exti.c flash.c gpio.c iwdg.c rcc.c \
	rng.c systick.c usart.c wait.c) \
	$(addprefix board/,board.c button.c leds.c) \
	$(addprefix boot/,app_header.c boot.c noinit.c stub.c) \
	$(addprefix app/,app.c click.c cmd_cred.c cmd_info.c commands.c console.c fault.c log.c \
	progress.c stack.c store.c version.c) \
	lib/text.c

# The target's alone.
FIRMWARE_STUB_SRC := start/stub_vectors.c
FIRMWARE_APP_SRC := start/app_main.c start/app_vectors.c
FIRMWARE_BOTH_SRC := start/startup.c lib/mem.c
