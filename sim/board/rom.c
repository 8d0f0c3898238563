#include "rom.h"

#include <stdlib.h>
#include <string.h>

/*
 * AN3156 leaves some answers open. Where it does, this follows ST's DFU library for the
 * same chips, which has the same states: an erase moves the address pointer, and what
 * comes before its GETSTATUS is not looked at. None of it was tried on hardware.
 */
struct rom {
	struct flash *flash;
	struct faults *faults;
	enum rom_state state;
	enum rom_status status;
	uint32_t pointer;
	uint8_t feature[ROM_FEATURE_BYTES];
	uint16_t block; /* of the download that waits for its GETSTATUS */
	uint16_t len;
	uint8_t buffer[ROM_TRANSFER_BYTES];
};

/* AN3156 section 5: commands of a download with wBlockNum 0 */
enum { CMD_GET = 0x00, CMD_SET_ADDRESS = 0x21, CMD_ERASE = 0x41, CMD_UNPROTECT = 0x92 };

/* As an F401 was seen to ask; that a data block takes the second is inferred. */
#define POLL_ERASE_MS 100
#define POLL_OTHER_MS 104

#define DEFAULT_POINTER FLASH_BASE

struct rom *rom_new(struct flash *flash, struct faults *faults)
{
	struct rom *rom = calloc(1, sizeof(*rom));

	if (!rom)
		return NULL;
	rom->flash = flash;
	rom->faults = faults;
	rom_reset(rom);
	return rom;
}

void rom_free(struct rom *rom)
{
	free(rom);
}

/* Logs of several F4 boards: first contact after a reset finds dfuERROR, errFIRMWARE. */
void rom_reset(struct rom *rom)
{
	static const uint8_t feature[ROM_FEATURE_BYTES] = { 0x00, 0xFF, 0xFF, 0xFF };

	rom->state = DFU_ERROR;
	rom->status = DFU_ERR_FIRMWARE;
	rom->pointer = DEFAULT_POINTER;
	rom->block = 0;
	rom->len = 0;
	memcpy(rom->feature, feature, sizeof(feature));
}

struct rom_view rom_look(const struct rom *rom)
{
	return (struct rom_view){ rom->state, rom->status, rom->pointer,
				  rom->feature[0] };
}

static void enter(struct rom *rom, enum rom_state state, enum rom_status status)
{
	rom->state = state;
	rom->status = status;
}

/* -- the requests ------------------------------------------------------------------ */

static int fail(struct rom *rom, enum rom_status status)
{
	enter(rom, DFU_ERROR, status);
	return USB_STALL;
}

static bool feature_has(uint32_t address, uint32_t len)
{
	return address >= ROM_FEATURE_BASE &&
	       address - ROM_FEATURE_BASE < ROM_FEATURE_BYTES &&
	       len <= ROM_FEATURE_BYTES - (address - ROM_FEATURE_BASE);
}

/* wTransferSize is a constant here, whatever AN3156 says about the length sent. */
static bool block_address(const struct rom *rom, uint16_t block, uint32_t *address)
{
	uint64_t at = rom->pointer + (uint64_t)(block - 2) * ROM_TRANSFER_BYTES;

	*address = (uint32_t)at;
	return at <= UINT32_MAX;
}

static bool options_cut(uint32_t address, uint32_t len)
{
	return address >= OPTION_BASE && address - OPTION_BASE < OPTION_BYTES &&
	       (address != OPTION_BASE || len != OPTION_BYTES);
}

static int read_memory(struct rom *rom, uint16_t block, uint16_t len, uint8_t *data)
{
	uint32_t address;

	if (flash_rdp(rom->flash) > 0)
		return fail(rom, DFU_ERR_VENDOR);
	if (!block_address(rom, block, &address) || options_cut(address, len))
		return fail(rom, DFU_ERR_TARGET);
	if (feature_has(address, len))
		memcpy(data, rom->feature + (address - ROM_FEATURE_BASE), len);
	else if (!flash_read(rom->flash, address, data, len))
		return fail(rom, DFU_ERR_TARGET);
	if (rom->faults)
		faults_read(rom->faults, address, data, len);
	rom->state = DFU_UPLOAD_IDLE;
	return len;
}

static int upload(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	static const uint8_t commands[] = { CMD_GET, CMD_SET_ADDRESS, CMD_ERASE,
					    CMD_UNPROTECT };
	uint16_t len = setup->wLength;

	if ((rom->state != DFU_IDLE && rom->state != DFU_UPLOAD_IDLE) ||
	    len > ROM_TRANSFER_BYTES)
		return USB_STALL;
	if (len == 0) {
		rom->state = DFU_IDLE;
		return 0;
	}
	if (setup->wValue == 0) {
		rom->state = len > 3 ? DFU_IDLE : DFU_UPLOAD_IDLE;
		if (len > sizeof(commands))
			len = sizeof(commands);
		memcpy(data, commands, len);
		return len;
	}
	if (setup->wValue == 1)
		return fail(rom, DFU_ERR_STALLEDPKT);
	return read_memory(rom, setup->wValue, len, data);
}

static int download(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	if ((rom->state != DFU_IDLE && rom->state != DFU_DNLOAD_IDLE) ||
	    setup->wLength > ROM_TRANSFER_BYTES)
		return USB_STALL;
	rom->block = setup->wValue;
	rom->len = setup->wLength;
	memcpy(rom->buffer, data, rom->len);
	rom->state = rom->len ? DFU_DNLOAD_SYNC : DFU_MANIFEST_SYNC;
	return 0;
}

static int get_status(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t answer[6] = { 0 };
	uint16_t len = setup->wLength < sizeof(answer) ? setup->wLength : sizeof(answer);

	if (rom->state == DFU_DNLOAD_SYNC && rom->len > 0) {
		bool erase = rom->block == 0 && rom->buffer[0] == CMD_ERASE;

		rom->state = DFU_DNBUSY;
		answer[1] = erase ? POLL_ERASE_MS : POLL_OTHER_MS;
	} else if (rom->state == DFU_DNLOAD_SYNC) {
		rom->state = DFU_DNLOAD_IDLE;
	} else if (rom->state == DFU_MANIFEST_SYNC) {
		rom->state = DFU_MANIFEST;
	}
	answer[0] = (uint8_t)rom->status;
	answer[4] = (uint8_t)rom->state;
	memcpy(data, answer, len);
	return len;
}

/* Outside dfuERROR this makes an error rather than clearing one (ST's DFU library). */
static int clear_status(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	(void)setup, (void)data;
	if (rom->state == DFU_ERROR)
		enter(rom, DFU_IDLE, DFU_OK);
	else
		enter(rom, DFU_ERROR, DFU_ERR_UNKNOWN);
	return 0;
}

static int get_state(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	if (setup->wLength == 0)
		return 0;
	data[0] = (uint8_t)rom->state;
	return 1;
}

static int abort_transfer(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	(void)setup, (void)data;
	if (rom->state == DFU_ERROR || rom->state == DFU_DNBUSY ||
	    rom->state == DFU_MANIFEST)
		return 0;
	rom->block = 0;
	rom->len = 0;
	enter(rom, DFU_IDLE, DFU_OK);
	return 0;
}

static int detach(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	(void)rom, (void)setup, (void)data;
	return 0;
}

static const struct request {
	uint8_t bmRequestType;
	int (*serve)(struct rom *rom, const struct usb_setup *setup, uint8_t *data);
} requests[DFU_REQUESTS] = {
	[DFU_DETACH] = { 0x21, detach },          [DFU_DNLOAD] = { 0x21, download },
	[DFU_UPLOAD] = { 0xA1, upload },          [DFU_GETSTATUS] = { 0xA1, get_status },
	[DFU_CLRSTATUS] = { 0x21, clear_status }, [DFU_GETSTATE] = { 0xA1, get_state },
	[DFU_ABORT] = { 0x21, abort_transfer },
};

int rom_request(struct rom *rom, const struct usb_setup *setup, uint8_t *data)
{
	if (setup->bRequest >= DFU_REQUESTS ||
	    requests[setup->bRequest].bmRequestType != setup->bmRequestType)
		return USB_STALL;
	return requests[setup->bRequest].serve(rom, setup, data);
}

/* -- the commands ------------------------------------------------------------------ */

static enum flash_width width(const struct rom *rom)
{
	/* AN2606 4.4: 00 is 1.8 V and so bytes, 01 and 02 half-words, 03 words */
	static const enum flash_width widths[] = { FLASH_X8, FLASH_X16, FLASH_X16,
						   FLASH_X32 };

	return widths[rom->feature[0]];
}

static uint32_t buffered_address(const struct rom *rom)
{
	const uint8_t *b = rom->buffer;

	return (uint32_t)b[1] | (uint32_t)b[2] << 8 | (uint32_t)b[3] << 16 |
	       (uint32_t)b[4] << 24;
}

static enum rom_status set_address(struct rom *rom, struct flash_op *op)
{
	uint32_t address = buffered_address(rom);

	(void)op;
	if (!flash_has(address, 1) && !feature_has(address, 1))
		return DFU_ERR_TARGET;
	rom->pointer = address;
	return DFU_OK;
}

static enum rom_status erase(struct rom *rom, struct flash_op *op)
{
	uint32_t address = buffered_address(rom);

	if (flash_rdp(rom->flash) > 0)
		return DFU_ERR_VENDOR;
	if (flash_sector(address) < 0)
		return DFU_ERR_TARGET;
	rom->pointer = address;
	op->kind = FLASH_OP_ERASE;
	op->address = address;
	return DFU_OK;
}

static enum rom_status mass_erase(struct rom *rom, struct flash_op *op)
{
	if (flash_rdp(rom->flash) > 0)
		return DFU_ERR_VENDOR;
	op->kind = FLASH_OP_MASS_ERASE;
	return DFU_OK;
}

static enum rom_status unprotect(struct rom *rom, struct flash_op *op)
{
	(void)rom;
	op->kind = FLASH_OP_UNPROTECT;
	return DFU_OK;
}

static const struct command {
	uint8_t code;
	uint16_t len;
	enum rom_status (*run)(struct rom *rom, struct flash_op *op);
} commands[] = {
	{ CMD_SET_ADDRESS, 5, set_address },
	{ CMD_ERASE, 5, erase },
	{ CMD_ERASE, 1, mass_erase },
	{ CMD_UNPROTECT, 1, unprotect },
};

/* 04 wants 9 V on VPP, which no USB board has; the other bytes are to be FF (AN2606). */
static enum rom_status set_feature(struct rom *rom, uint32_t address)
{
	uint8_t wanted[ROM_FEATURE_BYTES];

	memcpy(wanted, rom->feature, sizeof(wanted));
	memcpy(wanted + (address - ROM_FEATURE_BASE), rom->buffer, rom->len);
	if (wanted[0] > 0x03 || wanted[1] != 0xFF || wanted[2] != 0xFF ||
	    wanted[3] != 0xFF)
		return DFU_ERR_TARGET;
	memcpy(rom->feature, wanted, sizeof(wanted));
	return DFU_OK;
}

static enum rom_status write_memory(struct rom *rom, struct flash_op *op)
{
	uint32_t address;

	if (flash_rdp(rom->flash) > 0)
		return DFU_ERR_VENDOR;
	if (!block_address(rom, rom->block, &address))
		return DFU_ERR_TARGET;
	if (feature_has(address, rom->len))
		return set_feature(rom, address);
	/* AN2606 4.4: address and length are multiples of 4 */
	if (!flash_has(address, rom->len) || options_cut(address, rom->len) ||
	    address % 4 != 0 || rom->len % 4 != 0)
		return DFU_ERR_TARGET;
	op->kind = address == OPTION_BASE ? FLASH_OP_OPTIONS : FLASH_OP_PROGRAM;
	op->address = address;
	op->len = rom->len;
	memcpy(op->data, rom->buffer, rom->len);
	return DFU_OK;
}

static enum rom_status execute(struct rom *rom, struct flash_op *op)
{
	if (rom->block > 1)
		return write_memory(rom, op);
	for (size_t i = 0; rom->block == 0 && i < sizeof(commands) / sizeof(commands[0]);
	     i++)
		if (commands[i].code == rom->buffer[0] && commands[i].len == rom->len)
			return commands[i].run(rom, op);
	return DFU_ERR_STALLEDPKT;
}

enum rom_next rom_sent(struct rom *rom, struct flash_op *op)
{
	enum rom_status status;

	op->kind = FLASH_OP_NONE;
	op->width = width(rom);
	if (rom->state == DFU_MANIFEST)
		return ROM_LEAVE;
	if (rom->state != DFU_DNBUSY || rom->len == 0)
		return ROM_WAIT;
	status = execute(rom, op);
	rom->len = 0;
	if (status != DFU_OK)
		enter(rom, DFU_ERROR, status);
	else if (op->kind != FLASH_OP_NONE)
		return ROM_OPERATE;
	else
		rom->state = DFU_DNLOAD_SYNC;
	return ROM_WAIT;
}

void rom_operated(struct rom *rom)
{
	rom->state = DFU_DNLOAD_SYNC;
}

/* -- names ------------------------------------------------------------------------- */

const char *rom_state_name(enum rom_state state)
{
	static const char *const names[] = {
		[DFU_IDLE] = "dfuIDLE",
		[DFU_DNLOAD_SYNC] = "dfuDNLOAD-SYNC",
		[DFU_DNBUSY] = "dfuDNBUSY",
		[DFU_DNLOAD_IDLE] = "dfuDNLOAD-IDLE",
		[DFU_MANIFEST_SYNC] = "dfuMANIFEST-SYNC",
		[DFU_MANIFEST] = "dfuMANIFEST",
		[DFU_UPLOAD_IDLE] = "dfuUPLOAD-IDLE",
		[DFU_ERROR] = "dfuERROR",
	};

	return names[state];
}

const char *rom_status_name(enum rom_status status)
{
	static const char *const names[] = {
		[DFU_OK] = "OK",
		[DFU_ERR_TARGET] = "errTARGET",
		[DFU_ERR_FIRMWARE] = "errFIRMWARE",
		[DFU_ERR_VENDOR] = "errVENDOR",
		[DFU_ERR_UNKNOWN] = "errUNKNOWN",
		[DFU_ERR_STALLEDPKT] = "errSTALLEDPKT",
	};

	return names[status];
}
