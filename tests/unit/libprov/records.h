/* Records for the tests of libprov: a small one, and what makes its CRCs fit again. */
#ifndef RECORDS_H
#define RECORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "record.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define SERIAL      "357A3A7D3137"

static const uint8_t key_bytes[80] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
				       11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
				       22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

static inline struct record_fields sas_fields(void)
{
	return (struct record_fields){ .auth = RECORD_AUTH_SAS,
				       .hub_host = "hub.azure-devices.net",
				       .device_id = "dev-1",
				       .key_1 = { key_bytes, 32 },
				       .issued_at = 1700000000 };
}

static const uint8_t blob[65536] = { 0x30, 0x82 };

/* Everything that there is. */
static inline struct record_fields all_fields(const struct record_wrap *wrap)
{
	static const uint8_t ip[16] = { 192, 168, 0, 2, 255, 255, 255, 0 };

	return (struct record_fields){
		.auth = RECORD_AUTH_DPS_X509,
		.hub_host = "h",
		.device_id = "d",
		.id_scope = "0ne00000001",
		.registration_id = "reg-1",
		.gateway = "10.0.0.1:8883",
		.sntp_server = "pool.ntp.org",
		.key_1 = { key_bytes, 64 },
		.key_2 = { key_bytes, 33 },
		.private_key = { key_bytes, 50 },
		.cert = { blob, 501 },
		.chain = { { blob, 502 }, { blob, 503 } },
		.roots = { { blob, 2048 }, { blob, 1 }, { blob, 2 }, { blob, 3 } },
		.issued_at = 0x123456789aull,
		.keep_alive_s = 0x1234,
		.static_ip = ip,
		.wrap = wrap,
		.vendor = { { 0x8000, { blob, 0 } }, { 0xfffe, { blob, 9 } } },
	};
}

static inline void put_le(uint8_t *p, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		*p++ = (uint8_t)v;
		v >>= 8;
	}
}

/* Both CRCs as the bytes before them make them, the length as the header has it. */
static inline void reseal(uint8_t *slot)
{
	uint32_t total = (uint32_t)(slot[8] | slot[9] << 8 | slot[10] << 16) &
			 (RECORD_SLOT_BYTES - 4);

	put_le(slot + 0x1c, record_crc32(0, slot, 0x1c), 4);
	if (total >= 0x24)
		put_le(slot + total - 4, record_crc32(0, slot, total - 4), 4);
}

/* A slot with the small record. */
static inline void make_slot(uint8_t slot[RECORD_SLOT_BYTES], uint32_t generation,
			     const char *serial)
{
	struct record_fields f = sas_fields();
	struct record_view view;

	assert_int_equal(
		record_build(&f, generation, serial, slot, RECORD_SLOT_BYTES, &view),
		0x84);
}

#endif
