#include "exti.h"

#include "pins.h"
#include "table.h"

enum {
	IMR = 0x00,
	EMR = 0x04,
	RTSR = 0x08,
	FTSR = 0x0C,
	SWIER = 0x10,
	PR = 0x14,
	REGISTERS = 6,
};

#define LINES     0x007FFFFFu
#define PIN_LINES 16
#define OUTPUTS   14

struct exti {
	struct mcu *mcu;
	uint32_t regs[REGISTERS];
	uint32_t levels;
	uint8_t ports[PIN_LINES];
	struct mcu_line outputs[OUTPUTS];
};

/* RM0090 table 61: the lines behind each interrupt */
static const struct output {
	uint32_t lines;
	uint8_t irq;
} outputs[OUTPUTS] = {
	{ 1u << 0, 6 },
	{ 1u << 1, 7 },
	{ 1u << 2, 8 },
	{ 1u << 3, 9 },
	{ 1u << 4, 10 },
	{ 0x000003E0, 23 }, /* EXTI9_5 */
	{ 0x0000FC00, 40 }, /* EXTI15_10 */
	{ 1u << MCU_EXTI_PVD, 1 },
	{ 1u << MCU_EXTI_RTC_ALARM, 41 },
	{ 1u << MCU_EXTI_OTG_FS_WAKEUP, 42 },
	{ 1u << MCU_EXTI_ETH_WAKEUP, 62 },
	{ 1u << MCU_EXTI_OTG_HS_WAKEUP, 76 },
	{ 1u << MCU_EXTI_RTC_STAMP, 2 },
	{ 1u << MCU_EXTI_RTC_WAKEUP, 3 },
};

static const struct periph_reg regs[] = {
	{ IMR, 0, "IMR" },   { EMR, 0, "EMR" },     { RTSR, 0, "RTSR" },
	{ FTSR, 0, "FTSR" }, { SWIER, 0, "SWIER" }, { PR, 0, "PR" },
	{ 0, 0, NULL },
};

static uint32_t *reg(struct exti *exti, uint32_t offset)
{
	return &exti->regs[offset / 4];
}

static void show(struct exti *exti)
{
	uint32_t pending = *reg(exti, PR) & *reg(exti, IMR);

	for (size_t i = 0; i < OUTPUTS; i++)
		mcu_line_set(exti->mcu, &exti->outputs[i], pending & outputs[i].lines);
}

/* -- edges ------------------------------------------------------------------------------- */

/* 12.2.4: an edge that is chosen sets the pending bit, and makes an event. */
static void trigger(struct exti *exti, uint32_t lines)
{
	*reg(exti, PR) |= lines;
	if (lines & *reg(exti, EMR))
		mcu_event(exti->mcu);
	show(exti);
}

static void set_level(struct exti *exti, unsigned line, bool level)
{
	uint32_t bit = 1u << line;

	if (!(exti->levels & bit) == !level)
		return;
	exti->levels ^= bit;
	if (*reg(exti, level ? RTSR : FTSR) & bit)
		trigger(exti, bit);
}

static void inner_changed(void *ctx, enum mcu_exti line, bool level)
{
	set_level(ctx, line, level);
}

void exti_select(struct mcu *mcu, unsigned line, unsigned port)
{
	struct exti *exti = mcu_periph(mcu, "EXTI");

	exti->ports[line] = (uint8_t)port;
	if (port < PINS / PIN_LINES)
		set_level(exti, line, pins_level(mcu, port * PIN_LINES + line));
}

static void pin_changed(void *ctx, unsigned pin, bool level)
{
	struct exti *exti = ctx;

	if (exti->ports[pin % PIN_LINES] == pin / PIN_LINES)
		set_level(exti, pin % PIN_LINES, level);
}

/* -- registers ----------------------------------------------------------------------------- */

static bool exti_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct exti *exti = self;

	(void)row;
	exti->mcu = mcu;
	for (size_t i = 0; i < OUTPUTS; i++)
		exti->outputs[i].irq = outputs[i].irq;
	pins_watch(mcu, pin_changed, exti);
	mcu_watch_exti(mcu, inner_changed, exti);
	return true;
}

static void exti_reset(void *self)
{
	struct exti *exti = self;

	for (unsigned i = 0; i < REGISTERS; i++)
		exti->regs[i] = 0;
	show(exti);
}

static uint32_t exti_read(void *self, uint32_t offset)
{
	return offset <= PR ? *reg(self, offset) : 0;
}

/* 12.3.5: a 0 to 1 of SWIER triggers where IMR lets it; clearing PR clears SWIER too. */
static void write_swier(struct exti *exti, uint32_t value)
{
	uint32_t raised = value & ~*reg(exti, SWIER);

	*reg(exti, SWIER) |= value;
	trigger(exti, raised & (*reg(exti, IMR) | *reg(exti, EMR)));
}

static void exti_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct exti *exti = self;

	(void)mask; /* on APB: always whole */
	value &= LINES;
	if (offset == SWIER) {
		write_swier(exti, value);
	} else if (offset == PR) {
		*reg(exti, PR) &= ~value;
		*reg(exti, SWIER) &= ~value;
	} else if (offset < SWIER) {
		*reg(exti, offset) = value;
	}
	show(exti);
}

const struct periph_class exti_class = {
	.size = sizeof(struct exti),
	.open = exti_open,
	.reset = exti_reset,
	.read = exti_read,
	.write = exti_write,
	.regs = regs,
};
