/* How the firmware is: found out at the start, changed by the main loop, told by `info`. */
#ifndef STATUS_H
#define STATUS_H

#include "app/store.h"
#include "boot/noinit.h"
#include "drivers/chip.h"
#include "drivers/rcc.h"
#include "drivers/rng.h"

#include <stdbool.h>

struct status {
	char serial[CHIP_SERIAL_CHARS];
	enum clock clock;
	enum reset_cause cause;
	enum rng_err rng;
	bool watched; /* the watchdog has taken its time */
	struct store_start start;
	bool faulted; /* an earlier run ended with this fault */
	struct fault_record fault;
};

extern struct status status;

/* "stmiot STM32F407" */
#define FIRMWARE_NAME "stmiot STM32F407"

/* Of the build: app/version.c. */
extern const char firmware_version[];
extern const unsigned firmware_built_unix;

#endif
