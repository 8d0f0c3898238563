#include "bus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash.h"
#include "log.h"

#define PERIPH_MAX 80
#define PAGE_BYTES 0x400u
#define PAGES_BASE 0x40000000u /* APB1, APB2 and AHB1 in pages */
#define PAGES      0x200u

/* What the factory wrote between the OTP area and the options, of it: */
#define FACTORY_BASE  0x1FFF7A10u
#define FACTORY_WORDS 8
#define UID_WORDS     3 /* RM0090 39.1 */
#define KIB_WORD      4 /* 39.2: the flash's size in KiB, the upper half */
/* DS8626 tables 70 and 73: what the ADC measures at 3.3 V, typical values */
#define VREFINT_WORD 6 /* VREFIN_CAL, at 30 degrees: the upper half */
#define VREFINT_CAL  (4095u * 1210 / 3300)
#define HEAT_WORD    7 /* TS_CAL1 at 30 degrees and TS_CAL2 at 110 */
#define HEAT_CAL1    (4095u * 7725 / 33000)
#define HEAT_CAL2    (4095u * 9725 / 33000)

struct instance {
	const struct periph_row *row;
	void *self;
	bool clocked;
	bool held; /* in reset */
};

struct bus {
	struct mcu *mcu;
	struct instance instances[PERIPH_MAX];
	uint8_t pages[PAGES]; /* index into instances, plus 1 */
	bool error;           /* the present access ends in one */
	mcu_trace_fn *trace;
	void *trace_ctx;
	struct mcu_unmodelled unmodelled[MCU_UNMODELLED_MAX];
	size_t unmodelled_count;
	uint32_t uid[3];
	uint8_t sram[MCU_SRAM_BYTES];
	uint8_t ccm[MCU_CCM_BYTES];
	uint8_t system[MCU_SYSTEM_BYTES];
};

/* -- the instances ------------------------------------------------------------------------ */

static bool open_instance(struct bus *bus, size_t index)
{
	const struct periph_row *row = &periph_table[index];
	struct instance *instance = &bus->instances[index];

	instance->row = row;
	instance->clocked = row->rcc_bit < 0;
	if (row->base >= PAGES_BASE && row->base - PAGES_BASE < PAGES * PAGE_BYTES)
		for (uint32_t at = 0; at < row->bytes; at += PAGE_BYTES)
			bus->pages[(row->base + at - PAGES_BASE) / PAGE_BYTES] =
				(uint8_t)(index + 1);
	if (!row->class->open)
		return true;
	instance->self = calloc(1, row->class->size);
	return instance->self && row->class->open(instance->self, bus->mcu, row);
}

struct bus *bus_new(struct mcu *mcu, const uint32_t uid[3])
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	bus->mcu = mcu;
	memcpy(bus->uid, uid, sizeof(bus->uid));
	memset(bus->system, 0xFF, sizeof(bus->system));
	for (size_t i = 0; i < periph_count; i++)
		if (!open_instance(bus, i)) {
			bus_free(bus);
			return NULL;
		}
	return bus;
}

void bus_free(struct bus *bus)
{
	for (size_t i = 0; bus && i < periph_count; i++) {
		struct instance *instance = &bus->instances[i];

		if (instance->self && instance->row->class->close)
			instance->row->class->close(instance->self);
		free(instance->self);
	}
	free(bus);
}

void bus_reset(struct bus *bus)
{
	for (size_t i = 0; i < periph_count; i++) {
		struct instance *instance = &bus->instances[i];

		instance->clocked = instance->row->rcc_bit < 0;
		instance->held = false;
		if (instance->self)
			instance->row->class->reset(instance->self);
	}
}

void bus_sync(struct bus *bus)
{
	for (size_t i = 0; i < periph_count; i++)
		if (bus->instances[i].self && bus->instances[i].row->class->sync)
			bus->instances[i].row->class->sync(bus->instances[i].self);
}

void bus_clocks(struct bus *bus)
{
	for (size_t i = 0; i < periph_count; i++)
		if (bus->instances[i].self && bus->instances[i].row->class->clocks)
			bus->instances[i].row->class->clocks(bus->instances[i].self);
}

void *mcu_periph_row(const struct mcu *mcu, const struct periph_row *row)
{
	return mcu_bus(mcu)->instances[row - periph_table].self;
}

void *mcu_periph(const struct mcu *mcu, const char *name)
{
	const struct periph_row *row = periph_find(name);

	return row ? mcu_periph_row(mcu, row) : NULL;
}

/* The one after `last` behind a bit of the RCC: an SPI and its I2S share theirs. */
static struct instance *next_at(struct mcu *mcu, struct instance *last,
				enum periph_bus at, unsigned bit)
{
	struct instance *instances = mcu_bus(mcu)->instances;
	size_t i = last ? (size_t)(last - instances) + 1 : 0;

	for (; i < periph_count; i++)
		if (periph_table[i].bus == at && periph_table[i].rcc_bit == (int)bit)
			return &instances[i];
	return NULL;
}

void mcu_periph_clock(struct mcu *mcu, enum periph_bus at, unsigned bit, bool on)
{
	struct instance *instance = NULL;

	while ((instance = next_at(mcu, instance, at, bit))) {
		const struct periph_class *class = instance->row->class;

		if (instance->clocked == on)
			continue;
		if (instance->self && class->sync)
			class->sync(instance->self);
		instance->clocked = on;
		if (instance->self && class->clocks)
			class->clocks(instance->self);
	}
}

bool mcu_periph_clocked(const struct mcu *mcu, const struct periph_row *row)
{
	return mcu_bus(mcu)->instances[row - periph_table].clocked;
}

void mcu_periph_reset(struct mcu *mcu, enum periph_bus at, unsigned bit, bool held)
{
	struct instance *instance = NULL;

	while ((instance = next_at(mcu, instance, at, bit))) {
		if (held && !instance->held && instance->self)
			instance->row->class->reset(instance->self);
		instance->held = held;
	}
}

void mcu_trace(struct mcu *mcu, mcu_trace_fn *trace, void *ctx)
{
	mcu_bus(mcu)->trace = trace;
	mcu_bus(mcu)->trace_ctx = ctx;
}

/* -- what is not modelled ------------------------------------------------------------------- */

static const struct periph_reg *find_register(const struct periph_row *row,
					      uint32_t offset)
{
	const struct periph_reg *reg = row->class->regs;

	while (reg->name && reg->offset != offset)
		reg++;
	return reg->name ? reg : NULL;
}

const char *mcu_register_name(const struct periph_row *row, uint32_t offset, char *to,
			      size_t bytes)
{
	const struct periph_reg *reg = find_register(row, offset);

	if (reg)
		snprintf(to, bytes, "%s.%s", row->name, reg->name);
	else
		snprintf(to, bytes, "%s+0x%02" PRIx32, row->name, offset);
	return to;
}

static void note_unmodelled(struct bus *bus, const struct periph_row *row,
			    uint32_t address)
{
	uint32_t pc = mcu_pc(bus->mcu);
	char name[32];

	for (size_t i = 0; i < bus->unmodelled_count; i++)
		if (bus->unmodelled[i].address == address &&
		    bus->unmodelled[i].pc == pc) {
			bus->unmodelled[i].count++;
			return;
		}
	if (bus->unmodelled_count == MCU_UNMODELLED_MAX)
		return;
	bus->unmodelled[bus->unmodelled_count++] =
		(struct mcu_unmodelled){ row, address, pc, 1 };
	log_event("not modelled: %s at 0x%08" PRIx32 ", by 0x%08" PRIx32,
		  mcu_register_name(row, address - row->base, name, sizeof(name)),
		  address, pc);
}

size_t mcu_unmodelled(const struct mcu *mcu, struct mcu_unmodelled *list, size_t max)
{
	const struct bus *bus = mcu_bus(mcu);
	size_t count = bus->unmodelled_count < max ? bus->unmodelled_count : max;

	memcpy(list, bus->unmodelled, count * sizeof(*list));
	return bus->unmodelled_count;
}

/* -- registers -------------------------------------------------------------------------------- */

static struct instance *find(struct bus *bus, uint32_t address)
{
	if (address - PAGES_BASE < PAGES * PAGE_BYTES) {
		unsigned index = bus->pages[(address - PAGES_BASE) / PAGE_BYTES];

		return index ? &bus->instances[index - 1] : NULL;
	}
	for (size_t i = 0; i < periph_count; i++)
		if (address - periph_table[i].base < periph_table[i].bytes)
			return &bus->instances[i];
	return NULL;
}

static uint32_t reset_value(const struct periph_row *row, uint32_t offset)
{
	const struct periph_reg *reg = find_register(row, offset);

	return reg ? reg->reset : 0;
}

static uint32_t read_register(struct bus *bus, struct instance *instance, uint32_t offset,
			      bool peek)
{
	const struct periph_class *class = instance->row->class;
	uint32_t value;

	if (!class->read && !peek)
		note_unmodelled(bus, instance->row, instance->row->base + offset);
	if (!instance->clocked)
		return 0;
	if (!class->read)
		return reset_value(instance->row, offset);
	if (peek)
		return class->peek ? class->peek(instance->self, offset)
				   : class->read(instance->self, offset);
	value = class->read(instance->self, offset);
	if (bus->trace)
		bus->trace(bus->trace_ctx, instance->row, offset, value, 0xFFFFFFFF,
			   false);
	return value;
}

static void write_register(struct bus *bus, struct instance *instance, uint32_t offset,
			   uint32_t value, uint32_t mask)
{
	if (!instance->row->class->write) {
		note_unmodelled(bus, instance->row, instance->row->base + offset);
		return;
	}
	if (!instance->clocked || instance->held)
		return;
	if (bus->trace)
		bus->trace(bus->trace_ctx, instance->row, offset, value, mask, true);
	instance->row->class->write(instance->self, offset, value, mask);
}

static uint32_t mask_of(unsigned bytes)
{
	return bytes == 4 ? 0xFFFFFFFF : bytes == 2 ? 0xFFFF : 0xFF;
}

static uint32_t repeat(uint32_t value, unsigned bytes)
{
	value &= mask_of(bytes);
	if (bytes == 1)
		value |= value << 8;
	return bytes == 4 ? value : value | value << 16;
}

static void write_narrow(struct bus *bus, struct instance *instance, uint32_t offset,
			 unsigned bytes, uint32_t value)
{
	enum periph_bus at = instance->row->bus;
	unsigned shift = (offset & 3) * 8;

	if (at == PERIPH_APB1 || at == PERIPH_APB2)
		write_register(bus, instance, offset & ~3u, repeat(value, bytes),
			       0xFFFFFFFF);
	else
		write_register(bus, instance, offset & ~3u, value << shift,
			       mask_of(bytes) << shift);
}

/* -- memories --------------------------------------------------------------------------------- */

static bool inside(uint32_t address, unsigned bytes, uint32_t base, uint32_t size)
{
	return address >= base && bytes <= size && address - base <= size - bytes;
}

/* The bytes at `address` if they are plain memory. */
static uint8_t *memory(struct bus *bus, uint32_t address, unsigned bytes)
{
	static const struct region {
		uint32_t base, size;
		size_t at;
	} regions[] = {
		{ MCU_SRAM_BASE, MCU_SRAM_BYTES, offsetof(struct bus, sram) },
		{ MCU_CCM_BASE, MCU_CCM_BYTES, offsetof(struct bus, ccm) },
		{ MCU_SYSTEM_BASE, MCU_SYSTEM_BYTES, offsetof(struct bus, system) },
	};

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		if (inside(address, bytes, regions[i].base, regions[i].size))
			return (uint8_t *)bus + regions[i].at +
			       (address - regions[i].base);
	return NULL;
}

static uint32_t load(const uint8_t *from, unsigned bytes)
{
	uint32_t value = 0;

	memcpy(&value, from, bytes); /* both are little endian: see the assertion */
	return value;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the board's memory is the host's: a big endian host is not served");

/* The rest of it is as if erased. */
static bool read_factory(const struct bus *bus, uint32_t address, unsigned bytes,
			 uint32_t *value)
{
	uint32_t words[FACTORY_WORDS];

	if (!inside(address, bytes, FACTORY_BASE, sizeof(words)))
		return false;
	memset(words, 0xFF, sizeof(words));
	memcpy(words, bus->uid, UID_WORDS * 4);
	words[KIB_WORD] = 0xFFFF | FLASH_BYTES / 1024 << 16;
	words[VREFINT_WORD] = 0xFFFF | VREFINT_CAL << 16;
	words[HEAT_WORD] = HEAT_CAL1 | HEAT_CAL2 << 16;
	*value = load((const uint8_t *)words + (address - FACTORY_BASE), bytes);
	return true;
}

static bool read_bus(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t *value,
		     bool peek)
{
	struct bus *bus = mcu_bus(mcu);
	const uint8_t *at = memory(bus, address, bytes);
	struct instance *instance;
	uint8_t flash[4];

	if (at) {
		*value = load(at, bytes);
		return true;
	}
	if (read_factory(bus, address, bytes, value))
		return true;
	if (flash_read(mcu_flash(mcu), address, flash, bytes)) {
		*value = load(flash, bytes);
		return true;
	}
	instance = find(bus, address);
	if (!instance)
		return false;
	*value = read_register(bus, instance, (address - instance->row->base) & ~3u,
			       peek) >>
			 (address & 3) * 8 &
		 mask_of(bytes);
	return true;
}

/* An access may bring about others, by the DMA: each has an error of its own. */
bool mcu_read(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t *value)
{
	struct bus *bus = mcu_bus(mcu);
	bool ok, outer = bus->error;

	bus->error = false;
	ok = read_bus(mcu, address, bytes, value, false) && !bus->error;
	bus->error = outer;
	return ok;
}

bool mcu_peek(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t *value)
{
	return read_bus(mcu, address, bytes, value, true);
}

/* Flash is written through its controller: for others' writes nothing answers there. */
static bool write_bus(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t value)
{
	struct bus *bus = mcu_bus(mcu);
	uint8_t *at = address >= MCU_SYSTEM_BASE && address < MCU_SRAM_BASE
			      ? NULL
			      : memory(bus, address, bytes);
	struct instance *instance;

	if (at) {
		memcpy(at, &value, bytes);
		mcu_wrote(mcu, address, bytes);
		return true;
	}
	instance = find(bus, address);
	if (!instance)
		return false;
	write_narrow(bus, instance, address - instance->row->base, bytes, value);
	return true;
}

bool mcu_write(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t value)
{
	struct bus *bus = mcu_bus(mcu);
	bool ok, outer = bus->error;

	bus->error = false;
	ok = write_bus(mcu, address, bytes, value) && !bus->error;
	bus->error = outer;
	return ok;
}

void mcu_bus_error(struct mcu *mcu)
{
	mcu_bus(mcu)->error = true;
}

uint8_t *mcu_sram(struct mcu *mcu)
{
	return mcu_bus(mcu)->sram;
}

uint8_t *mcu_ccm(struct mcu *mcu)
{
	return mcu_bus(mcu)->ccm;
}

uint8_t *mcu_system(struct mcu *mcu)
{
	return mcu_bus(mcu)->system;
}
