/*
 * Where everything is: for C, and for the linker scripts, which go through the
 * preprocessor. The flash map is that of the project (stmiot-firmware(7)).
 */
#ifndef MEMORY_H
#define MEMORY_H

/* -- flash: [RM0090] table 5, one bank ---------------------------------------------- */

#define FLASH_BASE  0x08000000
#define FLASH_BYTES 0x00100000

/* Sector 0: the boot stub, a quarter of it at most. */
#define STUB_BASE  0x08000000
#define STUB_BYTES 0x1000

/* Sectors 2 and 3 are the credential slots: record.h has their addresses. */

/* Sector 4: what the firmware itself keeps. */
#define STORE_SECTOR 4
#define STORE_BASE   0x08010000

/* Sectors 5-7: the application. */
#define APP_BASE  0x08020000
#define APP_BYTES 0x60000

/*
 * The application's vector table ([PM0214] 4.4.4: aligned to 512 bytes for 98 vectors), and
 * the last word of the first 2048 bytes, which a bootloader programs at once: see
 * boot/app_header.h.
 */
#define APP_VECTORS    0x200
#define APP_VALID      0x7fc
#define APP_VALID_WORD 0xa5a5a5a5

/* -- system memory: [RM0090] 2.3 and 3.6.5, 39.1, 39.2 ------------------------------- */

#define ROM_BASE 0x1fff0000

/* A core without the rest of the chip has these elsewhere: tests/firmware. */
#ifndef ID_BASE
#define ID_BASE 0x1fff7800
#endif
#define OTP_BASE   (ID_BASE + 0x000)
#define OTP_LOCKS  (ID_BASE + 0x200)
#define UID_BASE   (ID_BASE + 0x210)
#define FSIZE_BASE (ID_BASE + 0x222) /* flash size in KiB, a half-word */

/* -- RAM: [RM0090] 2.3.1 ----------------------------------------------------------- */

#define RAM_BASE  0x20000000
#define RAM_BYTES 0x20000
#define CCM_BASE  0x10000000
#define CCM_BYTES 0x10000

/* The stack is below everything else: when it overflows, the bus refuses. */
#define STACK_BYTES 0x2000

/*
 * The last KiB is left alone over resets. The ROM bootloader uses the first 12 KiB of RAM
 * ([AN2606] table "STM32F40xxx/41xxx configuration in system memory boot mode").
 */
#define NOINIT_BASE  0x2001fc00
#define NOINIT_BYTES 0x400

#endif
