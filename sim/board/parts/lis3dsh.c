/* Registers by their addresses in ST's data sheet of the LIS3DSH, section 7. */
#include "lis3dsh.h"

#include <stdlib.h>

#include "periph/pins.h"
#include "periph/spi.h"

#define SELECT PIN('E', 3)

#define REGISTERS 0x80
#define READ      0x80 /* of the first byte; the rest is the address */

enum {
	INFO1 = 0x0D,
	INFO2 = 0x0E,
	WHO_AM_I = 0x0F,
	CTRL_REG4 = 0x20,
	CTRL_REG3 = 0x23,
	CTRL_REG5 = 0x24,
	CTRL_REG6 = 0x25,
	STATUS = 0x27,
	OUT_X_L = 0x28,
	OUT_Z_H = 0x2D
};

#define WHO_AM_I_VALUE 0x3F
#define IF_ADD_INC     0x10 /* of CTRL_REG6 */
#define SOFT_RESET     0x01 /* of CTRL_REG3 */

struct lis3dsh {
	struct spi_part wire;
	bool selected;
	bool addressed; /* the first byte is over */
	bool reading;
	uint8_t address;
	uint8_t regs[REGISTERS];
};

static void start_up(struct lis3dsh *part)
{
	for (unsigned i = 0; i < REGISTERS; i++)
		part->regs[i] = 0;
	part->regs[INFO1] = 0x21;
	part->regs[WHO_AM_I] = WHO_AM_I_VALUE;
	part->regs[CTRL_REG4] = 0x07;
	part->regs[CTRL_REG6] = IF_ADD_INC;
}

/* 1 g on Z; the scale of CTRL_REG5 is 2, 4, 6, 8 or 16 g for the 16 bits. */
static uint8_t output(const struct lis3dsh *part, uint8_t address)
{
	static const uint8_t full_g[] = { 2, 4, 6, 8, 16, 16, 16, 16 };
	int g = 32768 / full_g[part->regs[CTRL_REG5] >> 3 & 7];
	bool powered = part->regs[CTRL_REG4] >> 4;
	int axes[] = { 0, 0, powered && (part->regs[CTRL_REG4] & 4) ? g : 0 };

	return (uint8_t)((unsigned)axes[(address - OUT_X_L) / 2] >> (address & 1) * 8);
}

static uint8_t read_register(const struct lis3dsh *part, uint8_t address)
{
	if (address >= OUT_X_L && address <= OUT_Z_H)
		return output(part, address);
	if (address == STATUS)
		return part->regs[CTRL_REG4] >> 4 ? 0x0F : 0; /* new data always */
	return part->regs[address];
}

static void write_register(struct lis3dsh *part, uint8_t address, uint8_t value)
{
	if (address == CTRL_REG3 && (value & SOFT_RESET))
		start_up(part);
	else if (address >= 0x10 && (address < 0x27 || address > OUT_Z_H))
		part->regs[address] = value;
}

static int exchange(void *ctx, uint8_t out)
{
	struct lis3dsh *part = ctx;
	uint8_t in = 0;

	if (!part->selected)
		return SPI_SILENT;
	if (!part->addressed) {
		part->addressed = true;
		part->reading = out & READ;
		part->address = out & (REGISTERS - 1);
		return in;
	}
	if (part->reading)
		in = read_register(part, part->address);
	else
		write_register(part, part->address, out);
	if (part->regs[CTRL_REG6] & IF_ADD_INC)
		part->address = (part->address + 1) & (REGISTERS - 1);
	return in;
}

static void pin_changed(void *ctx, unsigned pin, bool level)
{
	struct lis3dsh *part = ctx;

	if (pin != SELECT)
		return;
	part->selected = !level;
	part->addressed = false;
}

struct lis3dsh *lis3dsh_new(struct mcu *mcu)
{
	struct lis3dsh *part = calloc(1, sizeof(*part));

	if (!part)
		return NULL;
	start_up(part);
	part->wire = (struct spi_part){ exchange, part };
	spi_attach(mcu, 1, &part->wire);
	pins_watch(mcu, pin_changed, part);
	/* a pull-up keeps it deselected until somebody drives the pin */
	pins_drive(mcu, SELECT, PIN_HIGH);
	return part;
}

void lis3dsh_free(struct lis3dsh *part)
{
	free(part);
}
