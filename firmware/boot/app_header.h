/*
 * The application's header: what the boot stub looks at before it starts it.
 *
 *     offset  bytes
 *     0x000   40     struct app_header
 *     0x200   392    vector table
 *     0x7fc   4      valid word
 *     ...            code and data, up to `length`
 *
 * `stmiot flash` writes the lowest block of an image last, and the bootloader programs the
 * words of a block in order: so the valid word is the last of the whole image to be
 * programmed. A flash that is cut off anywhere leaves an application without it; one whose
 * later sectors alone were being changed leaves one with a wrong CRC. Either way the stub
 * starts the ROM bootloader.
 */
#ifndef APP_HEADER_H
#define APP_HEADER_H

#include <stddef.h>
#include <stdint.h>

#define APP_MAGIC  0x414d5453u /* "STMA" */
#define APP_SCHEMA 1u

/* Little-endian; the stub reads it as bytes. */
struct app_header {
	uint32_t magic;
	uint32_t crc;    /* record_crc32() of the bytes from `length` to the end */
	uint32_t length; /* from the header on, a multiple of 4 */
	uint16_t schema;
	uint16_t header_bytes;
	uint32_t vectors;    /* address of the vector table */
	uint32_t built_unix; /* when its version was made */
	char version[16];    /* "0.1.0", zeros behind it */
};

enum app_state {
	APP_OK,
	APP_BLANK,      /* nothing is there */
	APP_NO_MAGIC,   /* something else is there */
	APP_NOT_VALID,  /* the valid word was never programmed, or was taken back */
	APP_NEWER,      /* a schema that this stub does not know */
	APP_BAD_LENGTH, /* it does not fit */
	APP_BAD_CRC,    /* it is not what was built */
	APP_BAD_VECTORS /* it cannot be started */
};

/*
 * Look at `room` bytes of flash that begin at the address `base`. Nothing outside of them
 * is read. The entry is for APP_OK only.
 */
struct app_entry {
	uint32_t vectors, sp, pc;
};
enum app_state app_check(const uint8_t *bytes, size_t room, uint32_t base,
			 struct app_entry *entry);

#endif
