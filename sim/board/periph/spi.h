/* The SPI masters (RM0090 section 28), and what a part on their wires has to be. */
#ifndef PERIPH_SPI_H
#define PERIPH_SPI_H

#include "core/mcu.h"

/*
 * A part on an SPI bus. It watches its own select pin and drives nothing while it is not
 * selected: it then answers SPI_SILENT.
 */
#define SPI_SILENT (-1)

struct spi_part {
	/* `out` came on MOSI; returns what went over MISO meanwhile, or SPI_SILENT */
	int (*exchange)(void *ctx, uint8_t out);
	void *ctx;
};

/* Wires `part`, which must live as long as the chip, to SPI `number`; up to four each. */
void spi_attach(struct mcu *mcu, unsigned number, const struct spi_part *part);

#endif
