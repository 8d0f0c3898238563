/* The I2C masters (RM0090 section 27), and what a part on their wires has to be. */
#ifndef PERIPH_I2C_H
#define PERIPH_I2C_H

#include "core/mcu.h"

/* A part on an I2C bus; it never stretches the clock. */
struct i2c_part {
	/* its 7-bit address was called, or another's: true acknowledges */
	bool (*start)(void *ctx, uint8_t address, bool reading);
	bool (*write)(void *ctx, uint8_t byte); /* true acknowledges */
	uint8_t (*read)(void *ctx);
	void (*stop)(void *ctx);
	void *ctx;
};

/* Wires `part`, which must live as long as the chip, to I2C `number`; up to four each. */
void i2c_attach(struct mcu *mcu, unsigned number, const struct i2c_part *part);

#endif
