/* The application's way from the first C function to the main loop, and its header. */
#include "app/app.h"
#include "app/status.h"
#include "boot/app_header.h"
#include "boot/boot.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "hw/cpu.h"
#include "hw/memory.h"
#include "start/start.h"

/* Numbers that the linker gives as addresses. */
extern uint8_t start_app_length[], start_app_crc[];

__attribute__((section(".header"), used)) static const struct app_header header = {
	.magic = APP_MAGIC,
	.crc = (uint32_t)start_app_crc,
	.length = (uint32_t)start_app_length,
	.schema = APP_SCHEMA,
	.header_bytes = sizeof(struct app_header),
	.vectors = APP_BASE + APP_VECTORS,
	.built_unix = FIRMWARE_BUILT_UNIX,
	.version = FIRMWARE_VERSION
};

/* Under a debugger, or by the ROM bootloader's jump, it may be started without the stub. */
void start_main(void)
{
	boot_is_warm();
	chip_quiet();
	core_vectors(APP_BASE + APP_VECTORS);
	cpu_irq_on();
	app_start();
	for (;;)
		if (!app_turn())
			cpu_sleep();
}
