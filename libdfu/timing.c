/*
 * How long the F407's flash takes, for the plan: DS8626 table 40 "Flash memory
 * programming", typical values. The cells for x8 and x16 were not checked against the PDF;
 * an estimate is all they are used for.
 */
#include "dev.h"

#define WORD_US 16u /* any unit, whatever its width */

/* Full speed, endpoint 0: 64-byte packets take about 50 us each, with token and handshake. */
#define WRITE_BUS_NS 825u /* a byte, with the two GETSTATUS of its block */
#define READ_BUS_NS  760u

struct erase_time {
	uint32_t sector_bytes;
	unsigned ms[3]; /* x8, x16, x32 */
};

static const struct erase_time erase_times[] = {
	{ 16 << 10, { 400, 300, 250 } },
	{ 64 << 10, { 1200, 700, 550 } },
	{ 128 << 10, { 2000, 1300, 1000 } },
};

static unsigned column(unsigned parallelism)
{
	return parallelism >= 32 ? 2 : parallelism >= 16 ? 1 : 0;
}

unsigned timing_erase_ms(uint32_t sector_bytes, unsigned parallelism)
{
	size_t i = 0;

	while (i < 2 && erase_times[i].sector_bytes < sector_bytes)
		i++;
	return erase_times[i].ms[column(parallelism)];
}

unsigned timing_chip_ms(unsigned parallelism)
{
	static const unsigned ms[3] = { 16000, 11000, 8000 };

	return ms[column(parallelism)];
}

uint64_t timing_write_us(uint64_t bytes, unsigned parallelism)
{
	return bytes * 8 / parallelism * WORD_US + bytes * WRITE_BUS_NS / 1000;
}

uint64_t timing_read_us(uint64_t bytes)
{
	return bytes * READ_BUS_NS / 1000;
}

unsigned timing_parallelism(enum dfu_voltage voltage)
{
	static const unsigned bits[] = { [DFU_VOLTAGE_AUTO] = 32,
					 [DFU_VOLTAGE_1V8] = 8,
					 [DFU_VOLTAGE_2V1] = 16,
					 [DFU_VOLTAGE_2V4] = 16,
					 [DFU_VOLTAGE_2V7] = 32 };

	return bits[voltage];
}
