/* GPIO ports A to I: RM0090 section 8. */
#include "pins.h"
#include "table.h"

enum {
	MODER = 0x00,
	OTYPER = 0x04,
	OSPEEDR = 0x08,
	PUPDR = 0x0C,
	IDR = 0x10,
	ODR = 0x14,
	BSRR = 0x18,
	LCKR = 0x1C,
	AFRL = 0x20,
	AFRH = 0x24,
	REGISTERS = 10,
};

#define PORT_PINS 16
#define LCKK      (1u << 16)

struct gpio {
	struct mcu *mcu;
	const struct periph_row *row;
	uint32_t regs[REGISTERS];
	unsigned lock_steps; /* of the sequence of 8.4.8 that are done */
	bool locked;
};

/* 8.4.1 and the following: the debug port's pins are in use from the start. */
static const struct port_reset {
	uint32_t moder, ospeedr, pupdr;
} port_resets[] = {
	{ 0xA8000000, 0x0C000000, 0x64000000 },
	{ 0x00000280, 0x000000C0, 0x00000100 },
};

static const struct periph_reg regs[] = {
	{ MODER, 0, "MODER" }, { OTYPER, 0, "OTYPER" }, { OSPEEDR, 0, "OSPEEDR" },
	{ PUPDR, 0, "PUPDR" }, { IDR, 0, "IDR" },       { ODR, 0, "ODR" },
	{ BSRR, 0, "BSRR" },   { LCKR, 0, "LCKR" },     { AFRL, 0, "AFRL" },
	{ AFRH, 0, "AFRH" },   { 0, 0, NULL },
};

static uint32_t *reg(struct gpio *gpio, uint32_t offset)
{
	return &gpio->regs[offset / 4];
}

/* -- the pins -------------------------------------------------------------------------- */

static void set_up_pin(struct gpio *gpio, unsigned n)
{
	uint32_t afr = *reg(gpio, n < 8 ? AFRL : AFRH);
	struct pin_setup setup = {
		.mode = *reg(gpio, MODER) >> 2 * n & 3,
		.pull = *reg(gpio, PUPDR) >> 2 * n & 3,
		.open_drain = *reg(gpio, OTYPER) >> n & 1,
		.output = *reg(gpio, ODR) >> n & 1,
		.af = afr >> n % 8 * 4 & 15,
	};

	pins_set_up(gpio->mcu, gpio->row->number * PORT_PINS + n, &setup);
}

static void set_up_pins(struct gpio *gpio, uint32_t which)
{
	for (unsigned n = 0; n < PORT_PINS; n++)
		if (which >> n & 1)
			set_up_pin(gpio, n);
}

static uint32_t input(struct gpio *gpio)
{
	uint32_t value = 0;

	for (unsigned n = 0; n < PORT_PINS; n++)
		value |=
			(uint32_t)pins_level(gpio->mcu, gpio->row->number * PORT_PINS + n)
			<< n;
	return value;
}

/* -- the lock ---------------------------------------------------------------------------- */

/* 8.4.8: LCKK 1, 0, 1 with the same pins, and a read; then nothing changes till reset. */
static void write_lock(struct gpio *gpio, uint32_t value)
{
	uint32_t *lckr = reg(gpio, LCKR);
	bool key = value & LCKK;
	bool same = gpio->lock_steps == 0 || (value & 0xFFFF) == (*lckr & 0xFFFF);

	if (gpio->locked)
		return;
	*lckr = value & 0xFFFF;
	if (same && key == (gpio->lock_steps != 1) && gpio->lock_steps < 3)
		gpio->lock_steps++;
	else
		gpio->lock_steps = key ? 1 : 0;
}

static uint32_t read_lock(struct gpio *gpio)
{
	if (gpio->lock_steps == 3)
		gpio->locked = true;
	return *reg(gpio, LCKR) | (gpio->locked ? LCKK : 0);
}

/* The bits of the configuration register that locked pins do not let change. */
static uint32_t locked_bits(struct gpio *gpio, uint32_t offset)
{
	unsigned width = offset == OTYPER ? 1 : offset >= AFRL ? 4 : 2;
	unsigned first = offset == AFRH ? 8 : 0;
	uint32_t bits = 0;

	if (!gpio->locked)
		return 0;
	for (unsigned n = first; n < PORT_PINS && (n - first) * width < 32; n++)
		if (*reg(gpio, LCKR) >> n & 1)
			bits |= ((1u << width) - 1) << (n - first) * width;
	return bits;
}

/* -- registers ----------------------------------------------------------------------------- */

static bool gpio_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct gpio *gpio = self;

	gpio->mcu = mcu;
	gpio->row = row;
	return true;
}

static void gpio_reset(void *self)
{
	struct gpio *gpio = self;

	for (unsigned i = 0; i < REGISTERS; i++)
		gpio->regs[i] = 0;
	gpio->lock_steps = 0;
	gpio->locked = false;
	if (gpio->row->number < sizeof(port_resets) / sizeof(port_resets[0])) {
		*reg(gpio, MODER) = port_resets[gpio->row->number].moder;
		*reg(gpio, OSPEEDR) = port_resets[gpio->row->number].ospeedr;
		*reg(gpio, PUPDR) = port_resets[gpio->row->number].pupdr;
	}
	set_up_pins(gpio, 0xFFFF);
}

static uint32_t gpio_peek(void *self, uint32_t offset)
{
	struct gpio *gpio = self;

	if (offset > AFRH || offset == BSRR)
		return 0;
	if (offset == IDR)
		return input(gpio);
	if (offset == LCKR)
		return *reg(gpio, LCKR) | (gpio->locked ? LCKK : 0);
	return *reg(gpio, offset);
}

static uint32_t gpio_read(void *self, uint32_t offset)
{
	return offset == LCKR ? read_lock(self) : gpio_peek(self, offset);
}

static void write_output(struct gpio *gpio, uint32_t value)
{
	uint32_t changed = *reg(gpio, ODR) ^ value;

	*reg(gpio, ODR) = value;
	set_up_pins(gpio, changed);
}

static void gpio_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct gpio *gpio = self;
	uint32_t odr = *reg(gpio, ODR);

	value &= mask;
	switch (offset) {
	case IDR:
		return;
	case ODR:
		write_output(gpio, (odr & ~mask & 0xFFFF) | (value & 0xFFFF));
		return;
	case BSRR: /* 8.4.7: set wins over reset */
		write_output(gpio, (odr & ~(value >> 16)) | (value & 0xFFFF));
		return;
	case LCKR:
		if (mask == 0xFFFFFFFF) /* "only in word access mode" */
			write_lock(gpio, value);
		return;
	default:
		break;
	}
	if (offset > AFRH)
		return;
	mask &= ~locked_bits(gpio, offset);
	if (offset == OTYPER)
		mask &= 0xFFFF;
	*reg(gpio, offset) = (*reg(gpio, offset) & ~mask) | (value & mask);
	if (offset != OSPEEDR)
		set_up_pins(gpio, 0xFFFF);
}

const struct periph_class gpio_class = {
	.size = sizeof(struct gpio),
	.open = gpio_open,
	.reset = gpio_reset,
	.read = gpio_read,
	.peek = gpio_peek,
	.write = gpio_write,
	.regs = regs,
};
