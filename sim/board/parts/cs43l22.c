/* Registers by their addresses in Cirrus' data sheet DS792, section 6. */
#include "cs43l22.h"

#include <stdlib.h>

#include "periph/i2c.h"
#include "periph/pins.h"

#define RESET     PIN('D', 4)
#define ADDRESS   0x4A /* AD0 is low */
#define REGISTERS 0x80
#define INCR      0x80 /* of the address byte */

enum { CHIP_ID = 0x01, POWER_1 = 0x02, POWER_2 = 0x04, CLOCKING = 0x05, STATUS = 0x2E };

#define CHIP_ID_VALUE 0xE3 /* 11100, revision B1 */

struct cs43l22 {
	struct i2c_part wire;
	bool alive;
	bool addressed; /* the address byte has come */
	bool increments;
	uint8_t address;
	uint8_t regs[REGISTERS];
};

static void start_up(struct cs43l22 *part)
{
	for (unsigned i = 0; i < REGISTERS; i++)
		part->regs[i] = 0;
	part->regs[CHIP_ID] = CHIP_ID_VALUE;
	part->regs[POWER_1] = 0x01;
	part->regs[POWER_2] = 0x05;
	part->regs[CLOCKING] = 0xA0;
}

static bool start(void *ctx, uint8_t address, bool reading)
{
	struct cs43l22 *part = ctx;

	(void)reading;
	part->addressed = false;
	return part->alive && address == ADDRESS;
}

static void step(struct cs43l22 *part)
{
	if (part->increments)
		part->address = (part->address + 1) & (REGISTERS - 1);
}

static bool write_byte(void *ctx, uint8_t byte)
{
	struct cs43l22 *part = ctx;

	if (!part->addressed) {
		part->addressed = true;
		part->increments = byte & INCR;
		part->address = byte & (REGISTERS - 1);
		return true;
	}
	if (part->address != CHIP_ID && part->address != STATUS)
		part->regs[part->address] = byte;
	step(part);
	return true;
}

static uint8_t read_byte(void *ctx)
{
	struct cs43l22 *part = ctx;
	uint8_t byte = part->regs[part->address];

	step(part);
	return byte;
}

static void stop(void *ctx)
{
	struct cs43l22 *part = ctx;

	part->addressed = false;
}

static void pin_changed(void *ctx, unsigned pin, bool level)
{
	struct cs43l22 *part = ctx;

	if (pin != RESET)
		return;
	if (part->alive && !level)
		start_up(part);
	part->alive = level;
}

struct cs43l22 *cs43l22_new(struct mcu *mcu)
{
	struct cs43l22 *part = calloc(1, sizeof(*part));

	if (!part)
		return NULL;
	start_up(part);
	part->wire = (struct i2c_part){ start, write_byte, read_byte, stop, part };
	i2c_attach(mcu, 1, &part->wire);
	pins_watch(mcu, pin_changed, part);
	return part;
}

void cs43l22_free(struct cs43l22 *part)
{
	free(part);
}
