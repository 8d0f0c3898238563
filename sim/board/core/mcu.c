#include "mcu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "flash.h"
#include "periph/pins.h"

#define HSI_HZ 16000000

struct dma_watcher {
	void (*changed)(void *ctx, enum mcu_dma_line line, bool high);
	void *ctx;
};

#define EXTI_LINES 23

#define TRIGGER_WATCHERS 4

struct trigger_watcher {
	void (*heard)(void *ctx, unsigned timer, enum mcu_trigger trigger);
	void *ctx;
};

struct mcu {
	struct mcu_core core;
	struct sched sched;
	struct flash *flash;
	struct bus *bus;
	struct pins *pins;
	enum mcu_reset cause;
	bool resetting;
	unsigned boot_pins;
	uint32_t hz[MCU_CLOCKS];
	uint8_t requests[MCU_IRQS]; /* how many hold the line high */
	bool dma[MCU_DMA_COUNT];
	uint8_t dma_pulsed[MCU_DMA_COUNT]; /* services that end the request */
	struct trigger_watcher trigger_watchers[TRIGGER_WATCHERS];
	struct dma_watcher dma_watchers[2];
	bool exti[EXTI_LINES];
	void (*exti_changed)(void *ctx, enum mcu_exti line, bool high);
	void *exti_ctx;
	uint64_t random;
	mcu_flash_store_fn *flash_store;
	void *flash_ctx;
};

/* -- the chip -------------------------------------------------------------------------- */

struct mcu *mcu_new(struct flash *flash, const uint32_t uid[3],
		    const struct mcu_core *core)
{
	struct mcu *mcu = calloc(1, sizeof(*mcu));

	if (!mcu)
		return NULL;
	mcu->core = *core;
	mcu->flash = flash;
	for (unsigned i = MCU_SYSCLK; i <= MCU_TIMCLK2; i++)
		mcu->hz[i] = HSI_HZ;
	sched_init(&mcu->sched, HSI_HZ);
	mcu->pins = pins_new();
	mcu->bus = mcu->pins ? bus_new(mcu, uid) : NULL;
	if (!mcu->bus) {
		mcu_free(mcu);
		return NULL;
	}
	mcu_reset_periphs(mcu, MCU_RESET_POWER, 0);
	return mcu;
}

void mcu_free(struct mcu *mcu)
{
	if (!mcu)
		return;
	bus_free(mcu->bus);
	pins_free(mcu->pins);
	free(mcu);
}

void mcu_reset_periphs(struct mcu *mcu, enum mcu_reset why, unsigned boot_pins)
{
	mcu->cause = why;
	mcu->boot_pins = boot_pins;
	mcu->resetting = true;
	bus_reset(mcu->bus);
	mcu->resetting = false;
}

enum mcu_reset mcu_reset_cause(const struct mcu *mcu)
{
	return mcu->cause;
}

bool mcu_resetting(const struct mcu *mcu)
{
	return mcu->resetting;
}

unsigned mcu_boot_pins(const struct mcu *mcu)
{
	return mcu->boot_pins;
}

struct flash *mcu_flash(struct mcu *mcu)
{
	return mcu->flash;
}

struct bus *mcu_bus(const struct mcu *mcu)
{
	return mcu->bus;
}

struct pins *mcu_pins(const struct mcu *mcu)
{
	return mcu->pins;
}

/* -- what the core does ------------------------------------------------------------------ */

void mcu_ask_reset(struct mcu *mcu, enum mcu_reset why)
{
	mcu->core.reset(mcu->core.ctx, why);
}

void mcu_event(struct mcu *mcu)
{
	mcu->core.event(mcu->core.ctx);
}

void mcu_flash_changed(struct mcu *mcu, uint32_t address, uint32_t len)
{
	mcu->core.flash_changed(mcu->core.ctx, address, len);
}

void mcu_flash_busy(struct mcu *mcu, int64_t until_cycle)
{
	mcu->core.flash_busy(mcu->core.ctx, until_cycle);
}

void mcu_on_flash_store(struct mcu *mcu, mcu_flash_store_fn *store, void *ctx)
{
	mcu->flash_store = store;
	mcu->flash_ctx = ctx;
}

bool mcu_flash_store(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t value)
{
	return mcu->flash_store &&
	       mcu->flash_store(mcu->flash_ctx, address, bytes, value);
}

void mcu_remap(struct mcu *mcu, unsigned mem_mode)
{
	mcu->core.remap(mcu->core.ctx, mem_mode);
}

void mcu_wrote(struct mcu *mcu, uint32_t address, uint32_t len)
{
	mcu->core.wrote(mcu->core.ctx, address, len);
}

uint32_t mcu_pc(const struct mcu *mcu)
{
	return mcu->core.pc ? mcu->core.pc(mcu->core.ctx) : 0;
}

/* -- time and clocks ----------------------------------------------------------------------- */

struct sched *mcu_sched(struct mcu *mcu)
{
	return &mcu->sched;
}

uint32_t mcu_hz(const struct mcu *mcu, enum mcu_clock clock)
{
	return mcu->hz[clock];
}

void mcu_set_clocks(struct mcu *mcu, const uint32_t hz[MCU_CLOCKS])
{
	assert(hz[MCU_HCLK] > 0);
	bus_sync(mcu->bus);
	memcpy(mcu->hz, hz, sizeof(mcu->hz));
	if (hz[MCU_HCLK] != mcu->sched.hz)
		sched_set_hz(&mcu->sched, hz[MCU_HCLK]);
	bus_clocks(mcu->bus);
}

/* -- lines ----------------------------------------------------------------------------------- */

void mcu_line_set(struct mcu *mcu, struct mcu_line *line, bool high)
{
	uint8_t *requests = &mcu->requests[line->irq];
	bool was = *requests > 0;

	if (line->high == high)
		return;
	line->high = high;
	*requests = (uint8_t)(high ? *requests + 1 : *requests - 1);
	if ((*requests > 0) != was)
		mcu->core.line(mcu->core.ctx, line->irq, high);
}

void mcu_nmi(struct mcu *mcu, bool high)
{
	mcu->core.nmi(mcu->core.ctx, high);
}

void mcu_watch_exti(struct mcu *mcu,
		    void (*changed)(void *ctx, enum mcu_exti line, bool high), void *ctx)
{
	mcu->exti_changed = changed;
	mcu->exti_ctx = ctx;
}

void mcu_exti_set(struct mcu *mcu, enum mcu_exti line, bool high)
{
	if (mcu->exti[line] == high)
		return;
	mcu->exti[line] = high;
	if (mcu->exti_changed)
		mcu->exti_changed(mcu->exti_ctx, line, high);
}

void mcu_watch_dma(struct mcu *mcu,
		   void (*changed)(void *ctx, enum mcu_dma_line line, bool high),
		   void *ctx)
{
	struct dma_watcher *watcher = mcu->dma_watchers;

	if (watcher->changed)
		watcher++;
	assert(!watcher->changed);
	*watcher = (struct dma_watcher){ changed, ctx };
}

void mcu_dma_request(struct mcu *mcu, enum mcu_dma_line line, bool high)
{
	if (mcu->dma[line] == high)
		return;
	mcu->dma[line] = high;
	for (size_t i = 0; i < 2; i++)
		if (mcu->dma_watchers[i].changed)
			mcu->dma_watchers[i].changed(mcu->dma_watchers[i].ctx, line,
						     high);
}

void mcu_dma_pulse(struct mcu *mcu, enum mcu_dma_line line)
{
	if (!mcu->dma_pulsed[line])
		mcu->dma_pulsed[line] = 1;
	mcu_dma_request(mcu, line, true);
}

void mcu_dma_more(struct mcu *mcu, enum mcu_dma_line line)
{
	if (mcu->dma_pulsed[line])
		mcu->dma_pulsed[line] = 2; /* this service, and one more */
}

void mcu_dma_served(struct mcu *mcu, enum mcu_dma_line line)
{
	if (mcu->dma_pulsed[line] && --mcu->dma_pulsed[line] == 0)
		mcu_dma_request(mcu, line, false);
}

bool mcu_dma_requested(const struct mcu *mcu, enum mcu_dma_line line)
{
	return mcu->dma[line];
}

/* -- chance ---------------------------------------------------------------------------------- */

void mcu_seed(struct mcu *mcu, uint64_t seed)
{
	mcu->random = seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014) */
uint64_t mcu_random(struct mcu *mcu)
{
	uint64_t x = mcu->random += 0x9E3779B97F4A7C15u;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

void mcu_watch_triggers(struct mcu *mcu,
			void (*heard)(void *ctx, unsigned timer,
				      enum mcu_trigger trigger),
			void *ctx)
{
	size_t i = 0;

	while (i < TRIGGER_WATCHERS && mcu->trigger_watchers[i].heard)
		i++;
	assert(i < TRIGGER_WATCHERS);
	mcu->trigger_watchers[i] = (struct trigger_watcher){ heard, ctx };
}

void mcu_trigger(struct mcu *mcu, unsigned timer, enum mcu_trigger trigger)
{
	for (size_t i = 0; i < TRIGGER_WATCHERS; i++)
		if (mcu->trigger_watchers[i].heard)
			mcu->trigger_watchers[i].heard(mcu->trigger_watchers[i].ctx,
						       timer, trigger);
}
