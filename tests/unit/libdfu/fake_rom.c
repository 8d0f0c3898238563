#include "fake_rom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_ADDR 0x1fffc000u
#define FEATURE_ADDR 0xffff0000u

/* [DFU] 6.1.2 */
enum {
	IDLE = 2,
	SYNC = 3,
	BUSY = 4,
	DNLOAD_IDLE = 5,
	MANIFEST_SYNC = 6,
	MANIFEST = 7,
	UPLOAD_IDLE = 9,
	ERROR = 10
};
enum {
	OK = 0,
	ERR_TARGET = 1,
	ERR_FIRMWARE = 10,
	ERR_VENDOR = 11,
	ERR_UNKNOWN = 14,
	ERR_STALLED = 15
};

static const char *const names[] = {
	"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
	"@Option Bytes  /0x1FFFC000/01*016 e",
	"@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
	"@Device Feature/0xFFFF0000/01*004 e",
};

struct fake_rom *fake_rom_new(void)
{
	static const uint8_t options[16] = { 0xef, 0xaa, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff };
	struct fake_rom *rom = calloc(1, sizeof(*rom));

	if (!rom)
		abort();
	memset(rom->flash, 0xff, sizeof(rom->flash));
	memset(rom->otp, 0xff, sizeof(rom->otp));
	memcpy(rom->options, options, sizeof(options));
	rom->transfer_bytes = 2048;
	rom->low = UINT32_MAX;
	fake_rom_reset(rom);
	return rom;
}

void fake_rom_free(struct fake_rom *rom)
{
	free(rom);
}

void fake_rom_reset(struct fake_rom *rom)
{
	static const uint8_t feature[4] = { 0x00, 0xff, 0xff, 0xff };

	rom->state = ERROR; /* seen on boards at first contact */
	rom->status = ERR_FIRMWARE;
	rom->pointer = FAKE_FLASH_ADDR;
	rom->gone = rom->closed = rom->after = false;
	rom->busy_left = 0;
	rom->n_pending = 0;
	rom->alt = 0;
	rom->fault = FAULT_NONE;
	memcpy(rom->feature, feature, sizeof(feature));
}

unsigned fake_rom_sector(uint32_t addr, uint32_t *from, uint32_t *bytes)
{
	unsigned i = 0;

	*from = FAKE_FLASH_ADDR;
	for (; i < FAKE_SECTORS; i++, *from += *bytes) {
		*bytes = i < 4 ? 16 << 10 : i == 4 ? 64 << 10 : 128 << 10;
		if (addr - *from < *bytes)
			break;
	}
	return i;
}

static void broken(struct fake_rom *rom, const char *rule)
{
	if (!rom->broken_rule)
		rom->broken_rule = rule;
}

/* -- memories ---------------------------------------------------------------------- */

/* The bytes of any memory, or NULL where there are none. */
static uint8_t *memory(struct fake_rom *rom, uint32_t addr, size_t len)
{
	struct {
		uint32_t addr;
		size_t len;
		uint8_t *bytes;
	} all[] = {
		{ FAKE_FLASH_ADDR, sizeof(rom->flash), rom->flash },
		{ OPTIONS_ADDR, sizeof(rom->options), rom->options },
		{ DFU_OTP_ADDR, sizeof(rom->otp), rom->otp },
		{ FEATURE_ADDR, sizeof(rom->feature), rom->feature },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (addr >= all[i].addr && addr - all[i].addr < all[i].len &&
		    len <= all[i].len - (addr - all[i].addr))
			return all[i].bytes + (addr - all[i].addr);
	return NULL;
}

static bool in_flash(uint32_t addr)
{
	return addr - FAKE_FLASH_ADDR < FAKE_FLASH_BYTES;
}

/* [AN3156] 5.1 note 2: such a sector says nothing, and does nothing. */
static bool write_protected(const struct fake_rom *rom, uint32_t addr)
{
	uint32_t from, bytes;
	unsigned sector = fake_rom_sector(addr, &from, &bytes);

	return in_flash(addr) &&
	       !((rom->options[8] | rom->options[9] << 8) >> sector & 1);
}

static int erase(struct fake_rom *rom, uint32_t addr, bool cut)
{
	uint32_t from, bytes;
	unsigned sector = fake_rom_sector(addr, &from, &bytes);

	rom->pointer = addr; /* as ST's library has it: the pointer moves */
	if (!in_flash(addr))
		return ERR_TARGET;
	if (rom->protected)
		return ERR_VENDOR;
	if (write_protected(rom, addr))
		return OK;
	rom->erases[sector]++;
	for (uint32_t i = 0; i < bytes; i++)
		rom->flash[from - FAKE_FLASH_ADDR + i] =
			cut ? (uint8_t)(i * 7) | 0x11 : 0xff;
	return OK;
}

static int erase_all(struct fake_rom *rom)
{
	if (rom->protected)
		return ERR_VENDOR;
	rom->mass_erases++;
	memset(rom->flash, 0xff, sizeof(rom->flash));
	return OK;
}

static int write_options(struct fake_rom *rom)
{
	if (rom->n_pending != 16)
		broken(rom, "option bytes in parts");
	if (rom->pending[1] == 0xcc)
		broken(rom, "RDP level 2");
	memcpy(rom->options, rom->pending, 16);
	rom->option_writes++;
	rom->after = true;
	return OK;
}

static void note_write(struct fake_rom *rom, uint32_t addr)
{
	rom->writes++;
	rom->last_write = addr;
	if (addr < rom->low)
		rom->low = addr;
	if (addr + rom->n_pending > rom->high)
		rom->high = addr + rom->n_pending;
}

static int program_otp(struct fake_rom *rom, uint32_t addr)
{
	uint8_t *at = memory(rom, addr, rom->n_pending);

	if (rom->feature[0] != 0)
		broken(rom, "OTP not byte-wise");
	for (size_t i = 0; i < rom->n_pending; i++) {
		size_t off = addr - DFU_OTP_ADDR + i;

		if (off < 512 && rom->otp[512 + off / 32] == 0x00)
			continue;
		at[i] &= rom->pending[i];
	}
	return OK;
}

static int program_block(struct fake_rom *rom)
{
	uint32_t addr = rom->pointer + (rom->block - 2u) * rom->transfer_bytes;
	uint8_t *at = memory(rom, addr, rom->n_pending);

	if (rom->n_pending % 4 || rom->n_pending < 2 || addr % 4)
		broken(rom, "a write that is not of whole words");
	if (rom->block == 1)
		broken(rom, "block 1");
	if (!at)
		return ERR_TARGET;
	if (addr == FEATURE_ADDR) {
		if (rom->no_feature)
			return ERR_TARGET;
		memcpy(rom->feature, rom->pending, 4);
		return OK;
	}
	if (rom->protected)
		return ERR_VENDOR;
	if (addr == OPTIONS_ADDR)
		return write_options(rom);
	if (!in_flash(addr))
		return program_otp(rom, addr);
	note_write(rom, addr);
	for (size_t i = 0; i < rom->n_pending; i++)
		if (!write_protected(rom, addr + (uint32_t)i))
			at[i] &= rom->pending[i];
	return OK;
}

/* -- requests ---------------------------------------------------------------------- */

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
}

static int command(struct fake_rom *rom, bool cut)
{
	const uint8_t *p = rom->pending;

	if (rom->n_pending == 5 && p[0] == 0x21) {
		rom->set_addresses++;
		if (!memory(rom, get_u32(p + 1), 1))
			return ERR_TARGET;
		rom->pointer = get_u32(p + 1);
		return OK;
	}
	if (rom->n_pending == 5 && p[0] == 0x41)
		return erase(rom, get_u32(p + 1), cut);
	if (rom->n_pending == 1 && p[0] == 0x41)
		return erase_all(rom);
	if (rom->n_pending == 1 && p[0] == 0x92) {
		memset(rom->flash, 0xff, sizeof(rom->flash));
		rom->options[1] = 0xaa;
		rom->protected = false;
		rom->unprotects++;
		rom->after = true;
		return OK;
	}
	broken(rom, "an unknown command");
	return ERR_TARGET;
}

/* What the first GETSTATUS sets going. */
static void execute(struct fake_rom *rom, bool cut)
{
	int status = rom->block == 0 ? command(rom, cut) : program_block(rom);

	rom->status = (uint8_t)status;
	rom->state = status == OK ? DNLOAD_IDLE : ERROR;
	rom->busy_left = rom->busy_answers;
	if (rom->after && !rom->stays)
		rom->gone = true;
}

static int dnload(struct fake_rom *rom, const struct dfu_xfer *x)
{
	if (rom->state != IDLE && rom->state != DNLOAD_IDLE)
		return DFU_ERR_STALL;
	if (x->wLength > rom->transfer_bytes || x->wLength > sizeof(rom->pending))
		broken(rom, "more than it can take");
	if (x->wLength)
		memcpy(rom->pending, x->data, x->wLength);
	rom->n_pending = x->wLength;
	rom->block = x->wValue;
	rom->state = x->wLength ? SYNC : MANIFEST_SYNC;
	return x->wLength;
}

static int upload(struct fake_rom *rom, struct dfu_xfer *x)
{
	uint32_t addr = rom->pointer + (x->wValue - 2u) * rom->transfer_bytes;
	const uint8_t *at = memory(rom, addr, x->wLength);

	if (rom->state != IDLE && rom->state != UPLOAD_IDLE)
		return DFU_ERR_STALL;
	if (x->wValue < 2 || x->wLength < 2 || x->wLength > rom->transfer_bytes)
		broken(rom, "a read of a size or number that is not allowed");
	rom->state = ERROR;
	rom->status = rom->protected ? ERR_VENDOR : ERR_TARGET;
	if (!at || (rom->protected && addr != FEATURE_ADDR) ||
	    (addr == FEATURE_ADDR && rom->no_feature))
		return DFU_ERR_STALL;
	if (addr == OPTIONS_ADDR && (rom->no_options || rom->options_refused)) {
		rom->options_refused -= rom->options_refused > 0;
		return DFU_ERR_STALL;
	}
	rom->state = UPLOAD_IDLE;
	rom->status = OK;
	rom->reads += in_flash(addr);
	memcpy(x->data, at, x->wLength);
	return x->wLength;
}

static int answer_status(struct fake_rom *rom, struct dfu_xfer *x, uint8_t state,
			 uint32_t ms)
{
	const uint8_t d[6] = { rom->status,         (uint8_t)ms, (uint8_t)(ms >> 8),
			       (uint8_t)(ms >> 16), state,       0 };

	memcpy(x->data, d, sizeof(d));
	return sizeof(d);
}

static int getstatus(struct fake_rom *rom, struct dfu_xfer *x, bool cut)
{
	if (rom->busy_left) {
		rom->busy_left--;
		return answer_status(rom, x, BUSY, rom->poll_ms);
	}
	if (rom->state == MANIFEST_SYNC) {
		rom->leaves++;
		rom->gone = !rom->stays;
		rom->state = MANIFEST;
		return rom->silent_leave ? DFU_ERR_GONE
					 : answer_status(rom, x, MANIFEST, 0);
	}
	if (rom->state == SYNC) {
		rom->status = OK;
		execute(rom, cut);
		return answer_status(rom, x, BUSY, rom->poll_ms);
	}
	return answer_status(rom, x, rom->state, 0);
}

static int clrstatus(struct fake_rom *rom)
{
	if (rom->state != ERROR) {
		broken(rom, "CLRSTATUS outside dfuERROR");
		rom->state = ERROR;
		rom->status = ERR_UNKNOWN;
		return 0;
	}
	rom->state = IDLE;
	rom->status = OK;
	if (rom->pointer_lost)
		rom->pointer = FAKE_FLASH_ADDR;
	return 0;
}

static int abort_it(struct fake_rom *rom)
{
	if (rom->busy_left)
		return DFU_ERR_STALL;
	if (rom->state != ERROR && rom->state != MANIFEST)
		rom->state = IDLE;
	return 0;
}

static int carry_out(struct fake_rom *rom, struct dfu_xfer *x, bool cut)
{
	switch (x->bRequest) {
	case DFU_DNLOAD:
		return rom->busy_left ? DFU_ERR_STALL : dnload(rom, x);
	case DFU_UPLOAD:
		return rom->busy_left ? DFU_ERR_STALL : upload(rom, x);
	case DFU_GETSTATUS:
		return getstatus(rom, x, cut);
	case DFU_CLRSTATUS:
		return clrstatus(rom);
	case DFU_ABORT:
		return abort_it(rom);
	}
	broken(rom, "a request that nobody needs");
	return DFU_ERR_STALL;
}

/* -- the way to it ----------------------------------------------------------------- */

static bool fault_now(struct fake_rom *rom)
{
	rom->transfers++;
	return rom->fault != FAULT_NONE && rom->transfers >= rom->fault_at &&
	       rom->transfers < rom->fault_at + (rom->fault_times ? rom->fault_times : 1);
}

static int one(struct fake_rom *rom, struct dfu_xfer *x)
{
	bool fault = fault_now(rom);

	if (rom->gone)
		return DFU_ERR_GONE;
	if (!fault)
		return carry_out(rom, x, false);
	switch (rom->fault) {
	case FAULT_STALL:
		return DFU_ERR_STALL;
	case FAULT_CONFUSED:
		rom->state = ERROR;
		rom->status = ERR_STALLED;
		return DFU_ERR_STALL;
	case FAULT_BROKEN:
		return DFU_ERR_IO;
	case FAULT_UNHEARD:
		carry_out(rom, x, false);
		return DFU_ERR_TIMEOUT;
	case FAULT_POWER_CUT:
		carry_out(rom, x, true);
		rom->gone = true;
		return DFU_ERR_GONE;
	default:
		return DFU_ERR_TIMEOUT;
	}
}

static int failed(struct dfu_error *err, int code)
{
	if (err) {
		err->code = (enum dfu_err)code;
		snprintf(err->msg, sizeof(err->msg), "the fake fails with %d", code);
		err->hint[0] = '\0';
	}
	return code;
}

static int fake_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		x[i].result = DFU_ERR_CANCELLED;
		if (first)
			continue;
		x[i].result = one(ctx, &x[i]);
		if (x[i].result < 0 && x[i].result != DFU_ERR_STALL)
			first = x[i].result;
	}
	return first ? failed(err, first) : 0;
}

static int fake_set_alt(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err)
{
	struct fake_rom *rom = ctx;
	bool fault = fault_now(rom);

	if (interface != 0 || alt > 3)
		broken(rom, "an alternate setting that is not there");
	if (rom->gone || (fault && rom->fault == FAULT_POWER_CUT)) {
		rom->gone = true;
		return failed(err, DFU_ERR_GONE);
	}
	if (!fault || rom->fault == FAULT_UNHEARD)
		rom->alt = alt;
	if (!fault)
		return 0;
	return failed(err, rom->fault == FAULT_STALL    ? DFU_ERR_STALL
			   : rom->fault == FAULT_BROKEN ? DFU_ERR_IO
							: DFU_ERR_TIMEOUT);
}

static int fake_wait_gone(void *ctx, unsigned timeout_ms)
{
	(void)timeout_ms;
	return ((struct fake_rom *)ctx)->gone;
}

static void fake_close(void *ctx)
{
	((struct fake_rom *)ctx)->closed = true;
}

struct dfu_io fake_rom_io(struct fake_rom *rom)
{
	return (struct dfu_io){ rom, fake_transfer, fake_set_alt, fake_wait_gone,
				fake_close };
}

struct dfu_board fake_rom_board(const struct fake_rom *rom)
{
	struct dfu_board b = { .bus = DFU_BUS_OTHER,
			       .selector = "fake",
			       .path = "1-1",
			       .serial = "357A3A7D3137",
			       .idVendor = 0x0483,
			       .idProduct = 0xdf11,
			       .bcdDevice = 0x2200,
			       .is_dfu = true,
			       .bmAttributes = 0x0b,
			       .wTransferSize = rom->transfer_bytes,
			       .bcdDFUVersion = 0x011a,
			       .n_alts = 4 };

	for (unsigned i = 0; i < 4; i++) {
		snprintf(b.alts[i].name, sizeof(b.alts[i].name), "%s", names[i]);
		b.alts[i].has_layout =
			dfu_layout_parse(names[i], &b.alts[i].layout, NULL) == 0;
	}
	return b;
}
