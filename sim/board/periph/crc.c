/* The CRC unit: RM0090 section 4. CRC-32/MPEG-2, a word at a time, the high bit first. */
#include "table.h"

enum { DR = 0x00, IDR = 0x04, CR = 0x08 };

#define POLYNOMIAL 0x04C11DB7u
#define CR_RESET   1u

struct crc {
	uint32_t dr;
	uint32_t idr;
};

static const struct periph_reg regs[] = {
	{ DR, 0xFFFFFFFF, "DR" },
	{ IDR, 0, "IDR" },
	{ CR, 0, "CR" },
	{ 0, 0, NULL },
};

static uint32_t crc_read(void *self, uint32_t offset)
{
	const struct crc *crc = self;

	return offset == DR ? crc->dr : offset == IDR ? crc->idr : 0;
}

/* The unit knows words alone: what a narrow access does not drive is taken to be zero. */
static void crc_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct crc *crc = self;

	if (offset == DR) {
		crc->dr ^= value & mask;
		for (int i = 0; i < 32; i++)
			crc->dr = crc->dr << 1 ^ (crc->dr >> 31 ? POLYNOMIAL : 0);
	} else if (offset == IDR) {
		crc->idr = ((crc->idr & ~mask) | (value & mask)) & 0xFF;
	} else if (offset == CR && (value & mask & CR_RESET)) {
		crc->dr = 0xFFFFFFFF;
	}
}

static void crc_reset(void *self)
{
	struct crc *crc = self;

	crc->dr = 0xFFFFFFFF;
	crc->idr = 0;
}

static bool crc_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	(void)self, (void)mcu, (void)row;
	return true;
}

const struct periph_class crc_class = {
	.size = sizeof(struct crc),
	.open = crc_open,
	.reset = crc_reset,
	.read = crc_read,
	.write = crc_write,
	.regs = regs,
};
