/*
 * The DfuSe side of the system memory bootloader (AN3156, DFU 1.1). It answers requests
 * at once; what takes time it hands out as a flash operation, which the board runs and
 * reports back.
 */
#ifndef BOARD_ROM_H
#define BOARD_ROM_H

#include <stdint.h>

#include "faults.h"
#include "flash.h"
#include "usb.h"

#define ROM_TRANSFER_BYTES 2048 /* wTransferSize, and the factor of wBlockNum */
#define ROM_FEATURE_BASE   0xFFFF0000u
#define ROM_FEATURE_BYTES  4

/* DFU 1.1, 6.1.2 */
enum rom_state {
	DFU_IDLE = 2,
	DFU_DNLOAD_SYNC = 3,
	DFU_DNBUSY = 4,
	DFU_DNLOAD_IDLE = 5,
	DFU_MANIFEST_SYNC = 6,
	DFU_MANIFEST = 7,
	DFU_UPLOAD_IDLE = 9,
	DFU_ERROR = 10,
};
enum rom_status {
	DFU_OK = 0,
	DFU_ERR_TARGET = 1,
	DFU_ERR_FIRMWARE = 10,
	DFU_ERR_VENDOR = 11,
	DFU_ERR_UNKNOWN = 14,
	DFU_ERR_STALLEDPKT = 15,
};
enum rom_request {
	DFU_DETACH = 0,
	DFU_DNLOAD = 1,
	DFU_UPLOAD = 2,
	DFU_GETSTATUS = 3,
	DFU_CLRSTATUS = 4,
	DFU_GETSTATE = 5,
	DFU_ABORT = 6,
	DFU_REQUESTS
};

enum rom_next {
	ROM_WAIT,    /* nothing: the next request may come */
	ROM_OPERATE, /* run the flash operation, then rom_operated() */
	ROM_LEAVE,   /* jump to what the address pointer names */
};

struct rom_view {
	enum rom_state state;
	enum rom_status status;
	uint32_t pointer;
	uint8_t feature; /* byte 0 of the Device Feature */
};

struct rom;

/* `faults` may be NULL. NULL: no memory. */
struct rom *rom_new(struct flash *flash, struct faults *faults);
void rom_free(struct rom *rom);
void rom_reset(struct rom *rom);

/* A class request; returns bytes of an IN transfer, 0, or USB_STALL. */
int rom_request(struct rom *rom, const struct usb_setup *setup, uint8_t *data);

/*
 * A transfer is over on the bus. AN3156: "the operation is effectively executed only
 * when a DFU_GETSTATUS is issued", that is, here.
 */
enum rom_next rom_sent(struct rom *rom, struct flash_op *op);
void rom_operated(struct rom *rom);

struct rom_view rom_look(const struct rom *rom);
const char *rom_state_name(enum rom_state state);
const char *rom_status_name(enum rom_status status);

#endif
