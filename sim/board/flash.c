#include "flash.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

struct flash {
	struct store *store;
	uint8_t main[FLASH_BYTES];
	uint8_t otp[OTP_BYTES];
	uint8_t options[OPTION_BYTES];
};

/* RM0090 table 5: 4 x 16 KiB, 64 KiB, 7 x 128 KiB */
static const uint32_t sector_bases[FLASH_SECTORS + 1] = {
	0x00000, 0x04000, 0x08000, 0x0C000, 0x10000, 0x20000,  0x40000,
	0x60000, 0x80000, 0xA0000, 0xC0000, 0xE0000, 0x100000,
};

/*
 * DS8626 table 40, typical values in ms. Others confirm 16 KiB by words; the other cells
 * are quoted and unconfirmed.
 */
static const struct erase_time {
	uint32_t bytes;
	int typ_ms[FLASH_WIDTHS];
} erase_times[] = {
	{ 16 * 1024, { 400, 300, 250 } },
	{ 64 * 1024, { 1200, 700, 550 } },
	{ 128 * 1024, { 2000, 1300, 1000 } },
	{ FLASH_BYTES, { 16000, 11000, 8000 } },
};

#define PROGRAM_UNIT_NS 16000 /* a byte, half-word or word alike */
#define NS_PER_MS       1000000

/*
 * RM0090 table 14, as far as we know it: USER (no watchdog, no reset on stop or standby,
 * BOR off), RDP, and nWRP at offset 8. Nothing else is kept by the chip. The value of the
 * bits that mean nothing was never read from hardware.
 */
#define OPTION_USER 0
#define OPTION_RDP  1
#define OPTION_NWRP 8
#define RDP_LEVEL_0 0xAA
#define RDP_LEVEL_2 0xCC

static const uint8_t option_defaults[OPTION_BYTES] = {
	0xEF, 0xAA, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};
static const uint8_t option_kept[OPTION_BYTES] = {
	[OPTION_USER] = 0xEC,
	[OPTION_RDP] = 0xFF,
	[OPTION_NWRP] = 0xFF,
	[OPTION_NWRP + 1] = 0x0F,
};

/* -- the arrays -------------------------------------------------------------------- */

struct flash *flash_open(struct store *store)
{
	struct flash *flash = calloc(1, sizeof(*flash));

	if (!flash)
		return NULL;
	flash->store = store;
	memset(flash->main, 0xFF, sizeof(flash->main));
	memset(flash->otp, 0xFF, sizeof(flash->otp));
	memcpy(flash->options, option_defaults, sizeof(flash->options));
	if (!store)
		return flash;
	if (store_load(store, STORE_FLASH, flash->main, sizeof(flash->main)) < 0 ||
	    store_load(store, STORE_OTP, flash->otp, sizeof(flash->otp)) < 0 ||
	    store_load(store, STORE_OPTIONS, flash->options, sizeof(flash->options)) <
		    0) {
		free(flash);
		return NULL;
	}
	return flash;
}

void flash_close(struct flash *flash)
{
	free(flash);
}

static void save(struct flash *flash, enum store_file file, size_t at,
		 const uint8_t *bytes, size_t len)
{
	/* a failure stays in store_error(), which ends the program */
	if (flash->store)
		store_save(flash->store, file, at, bytes, len);
}

static bool within(uint32_t base, uint32_t size, uint32_t address, uint32_t len)
{
	return address >= base && address - base < size && len <= size - (address - base);
}

/* The memory that holds all of address..address+len, and where in it that begins. */
static const uint8_t *locate(const struct flash *flash, uint32_t address, uint32_t len)
{
	if (within(FLASH_BASE, FLASH_BYTES, address, len))
		return flash->main + (address - FLASH_BASE);
	if (within(OTP_BASE, OTP_BYTES, address, len))
		return flash->otp + (address - OTP_BASE);
	if (within(OPTION_BASE, OPTION_BYTES, address, len))
		return flash->options + (address - OPTION_BASE);
	return NULL;
}

bool flash_has(uint32_t address, uint32_t len)
{
	return within(FLASH_BASE, FLASH_BYTES, address, len) ||
	       within(OTP_BASE, OTP_BYTES, address, len) ||
	       within(OPTION_BASE, OPTION_BYTES, address, len);
}

const uint8_t *flash_array(const struct flash *flash)
{
	return flash->main;
}

bool flash_read(const struct flash *flash, uint32_t address, uint8_t *bytes, uint32_t len)
{
	const uint8_t *from = locate(flash, address, len);

	if (!from)
		return false;
	memcpy(bytes, from, len);
	return true;
}

/* -- sectors and protection -------------------------------------------------------- */

int flash_sector(uint32_t address)
{
	if (!within(FLASH_BASE, FLASH_BYTES, address, 1))
		return -1;
	for (int i = 0; i < FLASH_SECTORS; i++)
		if (address - FLASH_BASE < sector_bases[i + 1])
			return i;
	return -1;
}

uint32_t flash_sector_base(int sector)
{
	return FLASH_BASE + sector_bases[sector];
}

uint32_t flash_sector_bytes(int sector)
{
	return sector_bases[sector + 1] - sector_bases[sector];
}

int flash_rdp(const struct flash *flash)
{
	switch (flash->options[OPTION_RDP]) {
	case RDP_LEVEL_0:
		return 0;
	case RDP_LEVEL_2:
		return 2;
	default:
		return 1;
	}
}

unsigned flash_nwrp(const struct flash *flash)
{
	return (flash->options[OPTION_NWRP] | flash->options[OPTION_NWRP + 1] << 8) &
	       0x0FFFu;
}

unsigned flash_user(const struct flash *flash)
{
	return flash->options[OPTION_USER];
}

static bool sector_locked(const struct flash *flash, int sector)
{
	return !(flash_nwrp(flash) >> sector & 1);
}

/* RM0090, "One-time programmable bytes": lock byte 00 locks the block for good */
bool flash_protected(const struct flash *flash, uint32_t address)
{
	if (within(OTP_BASE, OTP_LOCKS, address, 1))
		return flash->otp[OTP_LOCKS + (address - OTP_BASE) / OTP_BLOCK_BYTES] ==
		       0;
	if (within(OTP_BASE, OTP_BYTES, address, 1))
		return false;
	return sector_locked(flash, flash_sector(address));
}

/* -- time -------------------------------------------------------------------------- */

static int64_t erase_ns(uint32_t bytes, enum flash_width width)
{
	for (size_t i = 0; i < sizeof(erase_times) / sizeof(erase_times[0]); i++)
		if (erase_times[i].bytes == bytes)
			return (int64_t)erase_times[i].typ_ms[width] * NS_PER_MS;
	return 0;
}

/*
 * A unit is programmed in the same time whatever it holds. One that starts or ends
 * within a unit takes the whole unit; protected ones are refused at once.
 */
static int64_t program_ns(const struct flash *flash, const struct flash_op *op)
{
	uint32_t unit = 1u << op->width;
	uint32_t at = op->address & ~(unit - 1);
	int64_t ns = 0;

	for (; at < op->address + op->len; at += unit)
		if (!flash_protected(flash, at))
			ns += PROGRAM_UNIT_NS;
	return ns;
}

bool flash_op_unprotects(const struct flash *flash, const struct flash_op *op)
{
	if (flash_rdp(flash) != 1)
		return false;
	return op->kind == FLASH_OP_UNPROTECT ||
	       (op->kind == FLASH_OP_OPTIONS && op->data[OPTION_RDP] == RDP_LEVEL_0);
}

int64_t flash_op_ns(const struct flash *flash, const struct flash_op *op)
{
	int sector;

	switch (op->kind) {
	case FLASH_OP_PROGRAM:
		return program_ns(flash, op);
	case FLASH_OP_ERASE:
		sector = flash_sector(op->address);
		if (sector_locked(flash, sector))
			return 0;
		return erase_ns(flash_sector_bytes(sector), op->width);
	case FLASH_OP_MASS_ERASE:
		return flash_nwrp(flash) == 0x0FFF ? erase_ns(FLASH_BYTES, op->width) : 0;
	case FLASH_OP_OPTIONS:
		/* not in the data sheet: taken to be an erase of the smallest sector */
		if (!flash_op_unprotects(flash, op))
			return erase_ns(16 * 1024, op->width);
		/* fall through */
	case FLASH_OP_UNPROTECT:
		return erase_ns(FLASH_BYTES, op->width) + erase_ns(16 * 1024, op->width);
	case FLASH_OP_NONE:
		break;
	}
	return 0;
}

/* -- what the operations do -------------------------------------------------------- */

static void program(struct flash *flash, const struct flash_op *op, uint32_t len)
{
	bool in_otp = within(OTP_BASE, OTP_BYTES, op->address, op->len);
	uint8_t *to = in_otp ? flash->otp : flash->main;
	uint32_t at = op->address - (in_otp ? OTP_BASE : FLASH_BASE);

	/* programming only ever clears bits; nothing but an erase sets them */
	for (uint32_t i = 0; i < len; i++)
		if (!flash_protected(flash, op->address + i))
			to[at + i] &= op->data[i];
	save(flash, in_otp ? STORE_OTP : STORE_FLASH, at, to + at, len);
}

/* What an erase covers, or nothing when protection forbids it. */
static uint32_t erase_range(const struct flash *flash, const struct flash_op *op,
			    uint32_t *at)
{
	int sector;

	*at = 0;
	if (op->kind == FLASH_OP_UNPROTECT || flash_op_unprotects(flash, op))
		return FLASH_BYTES;
	/* one protected sector is enough to refuse the whole mass erase (RM0090 3.6.4) */
	if (op->kind == FLASH_OP_MASS_ERASE)
		return flash_nwrp(flash) == 0x0FFF ? FLASH_BYTES : 0;
	if (op->kind != FLASH_OP_ERASE)
		return 0;
	sector = flash_sector(op->address);
	if (sector_locked(flash, sector))
		return 0;
	*at = sector_bases[sector];
	return flash_sector_bytes(sector);
}

static uint32_t xorshift(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* The first part is blank, a quarter of what was reached is garbage, the rest is old. */
static void half_erase(uint8_t *bytes, uint32_t len, double fraction, uint32_t seed)
{
	uint32_t reached = (uint32_t)(fraction * len);
	uint32_t blank = reached - reached / 4;

	if (fraction >= 1)
		blank = reached = len;
	seed = seed * 2654435761u | 1;
	memset(bytes, 0xFF, blank);
	for (uint32_t i = blank; i < reached; i++)
		bytes[i] = (uint8_t)(xorshift(&seed) >> 24);
}

static void set_options(struct flash *flash, const uint8_t *wanted)
{
	for (int i = 0; i < OPTION_BYTES; i++)
		flash->options[i] = (uint8_t)((wanted[i] & option_kept[i]) |
					      (option_defaults[i] & ~option_kept[i]));
	save(flash, STORE_OPTIONS, 0, flash->options, OPTION_BYTES);
}

static void write_options(struct flash *flash, const uint8_t *wanted)
{
	int before = flash_rdp(flash);

	/* RM0090 3.7.3: at level 2 nothing changes any more */
	if (before == 2)
		return;
	set_options(flash, wanted);
	if (flash_rdp(flash) == 2)
		log_event("read protection is level 2 now: the ROM will never run again");
	if (before == 1 && flash_rdp(flash) == 0)
		log_event("read protection from level 1 to 0: the flash is erased");
}

void flash_op_begin(struct flash *flash, const struct flash_op *op)
{
	uint32_t at, len = erase_range(flash, op, &at);
	uint8_t *half;

	if (!len || !flash->store)
		return;
	half = malloc(len);
	if (!half)
		return;
	memcpy(half, flash->main + at, len);
	half_erase(half, len, 0.5, op->address);
	save(flash, STORE_FLASH, at, half, len);
	free(half);
}

void flash_op_finish(struct flash *flash, const struct flash_op *op)
{
	uint32_t at, len = erase_range(flash, op, &at);

	if (len) {
		memset(flash->main + at, 0xFF, len);
		save(flash, STORE_FLASH, at, flash->main + at, len);
	}
	if (op->kind == FLASH_OP_PROGRAM)
		program(flash, op, op->len);
	else if (op->kind == FLASH_OP_OPTIONS)
		write_options(flash, op->data);
	else if (op->kind == FLASH_OP_UNPROTECT)
		set_options(flash, option_defaults);
}

void flash_op_cut(struct flash *flash, const struct flash_op *op, double fraction,
		  uint32_t seed)
{
	uint32_t at, len = erase_range(flash, op, &at);

	if (len) {
		half_erase(flash->main + at, len, fraction, seed);
		save(flash, STORE_FLASH, at, flash->main + at, len);
	} else if (op->kind == FLASH_OP_PROGRAM) {
		uint32_t done = (uint32_t)(fraction * op->len);

		program(flash, op,
			fraction >= 1 ? op->len : done & ~((1u << op->width) - 1));
	} else if (op->kind == FLASH_OP_OPTIONS && fraction > 0 &&
		   flash_rdp(flash) != 2) {
		/* erased but not yet written: FF is not AA, so level 1 (inferred) */
		uint8_t erased[OPTION_BYTES];

		memset(erased, 0xFF, sizeof(erased));
		set_options(flash, erased);
	}
}
