/* An open bootloader, inside: what the protocol knows of it, and the layers below dfu.h. */
#ifndef DFU_DEV_H
#define DFU_DEV_H

#include "error.h"

/* [DFU] 6.1.2, bState */
enum dfu_state {
	dfuIDLE = 2,
	dfuDNLOAD_SYNC = 3,
	dfuDNBUSY = 4,
	dfuDNLOAD_IDLE = 5,
	dfuMANIFEST_SYNC = 6,
	dfuMANIFEST = 7,
	dfuUPLOAD_IDLE = 9,
	dfuERROR = 10,
	STATE_UNKNOWN = 0xff /* ours: after a failure */
};

/* [DFU] 6.1.2, bStatus: those that the library tells apart. */
enum dfu_status_code { statusOK = 0, errTARGET = 1, errVENDOR = 11 };

/* [DFU] 6.1.2, the answer to DFU_GETSTATUS, decoded. */
struct status {
	uint8_t bStatus;
	uint8_t bState;
	uint32_t bwPollTimeout;
};

/* The alternate settings of the F4's ROM, [AN3156] table 4. */
enum { ALT_FLASH, ALT_OPTIONS, ALT_OTP, ALT_FEATURE, ALT_UNKNOWN = 0xff };

#define SECTOR_BYTES_MAX (1u << 20) /* eight times the F4's largest */
#define BLOCK_BYTES_MAX  4096u /* libusb's bound on a control transfer's data, on Linux */

struct dfu_dev {
	struct dfu_io io;
	struct dfu_board board;
	struct dfu_settings set; /* with the defaults filled in */
	bool f407;               /* the very ROM whose ways are known */
	bool fast;               /* no sleeping: the ROM serialises ([AN3156]) */
	bool gone;
	uint8_t alt;
	uint32_t block_bytes; /* of a transfer, 2048 on the F4 */
	bool numbered;        /* that is wTransferSize, the unit of wBlockNum, too */
	uint8_t state;        /* an enum dfu_state, as it was seen last */
	bool has_pointer; /* `pointer` is what the device's address pointer is known to be */
	uint32_t pointer;
	unsigned parallelism; /* 0 until it is set */
	uint64_t transfers, recoveries;
};

/* -- clock.c -- */

uint64_t clock_ms(void); /* since some time or other, and never back */

/* -- wipe.c -- */

/* free() for bytes of a board: there are keys among them. `bytes` may be NULL. */
void wipe_and_free(void *bytes, size_t len);

/* -- desc.c -- */

/*
 * Read all descriptors and strings of the device behind `io` into `board`, whose bus,
 * selector, path and node are kept. Everything in them is checked: a device is not trusted.
 */
int desc_load(const struct dfu_io *io, unsigned timeout_ms, struct dfu_board *board,
	      struct dfu_error *err);

/* The DFU interface's settings in a configuration descriptor. False when it has none. */
bool desc_config(const uint8_t *d, size_t len, struct dfu_board *board,
		 uint8_t *string_index);

/* -- usb.c, usbip.c: the doors -- */

int usb_open(const struct dfu_board *board, struct dfu_io *io, struct dfu_error *err);
/* What a USB/IP server says over a connected socket; for usbip_open and its tests. */
int usbip_list_fd(int fd, unsigned timeout_ms, struct dfu_board **out, size_t *n,
		  struct dfu_error *err);
int usbip_import_fd(int fd, const char *busid, unsigned timeout_ms, struct dfu_io *io,
		    struct dfu_error *err);

/* Wait for `events` of poll(2); DFU_ERR_TIMEOUT when `deadline_ms` of clock_ms passes. */
int usbip_wait(int fd, short events, uint64_t deadline_ms);

/* -- usbip_net.c: finding the server -- */

/* By `board->selector`; fills in its path. */
int usbip_open(struct dfu_board *board, unsigned timeout_ms, struct dfu_io *io,
	       struct dfu_error *err);

/* -- record.c -- */

int record_wrap(struct dfu_io *io, const struct dfu_board *board,
		const struct dfu_settings *set, struct dfu_error *err);

/* -- dfuse.c: [AN3156] -- */

/* One operation: a DNLOAD that the GETSTATUS after it sets going, and the one that ends it. */
struct op {
	uint16_t wBlockNum;
	const uint8_t *data;
	uint16_t len;
	unsigned timeout_ms;
	uint32_t addr;    /* for messages */
	const char *what; /* "erase" */
};

/* One GETSTATUS. */
int dfuse_status(struct dfu_dev *dev, unsigned timeout_ms, struct status *st,
		 struct dfu_error *err);

/*
 * ABORT, whatever the state: a command that was cut off between its DNLOAD and the GETSTATUS
 * behind it is still queued, and our first GETSTATUS would carry it out.
 */
void dfuse_take_back(struct dfu_dev *dev);

/* Bring the device to dfuIDLE from wherever it is. */
int dfuse_idle(struct dfu_dev *dev, struct dfu_error *err);

/* Select an alternate setting, if it is not selected already. */
int dfuse_select(struct dfu_dev *dev, uint8_t alt, struct dfu_error *err);

/*
 * Carry out operations in order; on the fast path all are on their way at once, so they
 * must not depend on one another's success: blocks, whose address is in their number, or
 * one command. A failed transfer is made good once, from the polite path.
 */
int dfuse_run(struct dfu_dev *dev, const struct op *ops, size_t n, struct dfu_error *err);

int dfuse_set_address(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err);
int dfuse_erase_sector(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err);

/* In the selected alternate setting. `len` is a multiple of 4 (writes), 2 or more. */
int dfuse_read(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
	       struct dfu_error *err);
int dfuse_write(struct dfu_dev *dev, uint32_t addr, const uint8_t *buf, size_t len,
		struct dfu_error *err);

/*
 * A DNLOAD whose work ends in a system reset, so that its second GETSTATUS never comes:
 * read unprotect and option bytes ([AN3156] 5.4). 0 when the device went.
 */
int dfuse_reset_after(struct dfu_dev *dev, uint16_t wBlockNum, uint8_t *data,
		      uint16_t len, const char *what, struct dfu_error *err);

/* DFU_ERR_CANCELLED when the caller wants to stop, with the board left idle. */
int dfuse_cancelled(struct dfu_dev *dev, struct dfu_error *err);

/*
 * The words for an error status of the device, as DFU_ERR_PROTECTED or DFU_ERR_DEVICE.
 */
int dfuse_explain(const struct status *st, const char *what, uint32_t addr,
		  struct dfu_error *err);

/* -- feature.c: the Device Feature, [AN2606] 4.4 -- */

/*
 * Programming by `voltage`, set and read back. Whatever goes wrong there, the ROM's own
 * byte-wise way is left on, and that is no error.
 */
int feature_set(struct dfu_dev *dev, enum dfu_voltage voltage, struct dfu_error *err);

/* -- program.c -- */

/* Clear bits in the alternate setting `alt`, after a look that only clearing is needed. */
int program(struct dfu_dev *dev, int alt, uint32_t addr, const uint8_t *bytes, size_t len,
	    enum dfu_voltage voltage, struct dfu_error *err);

/* -- timing.c: the datasheet's typical times ([DS8626] table 40) and the bus -- */

unsigned timing_erase_ms(uint32_t sector_bytes, unsigned parallelism);
unsigned timing_chip_ms(unsigned parallelism);
uint64_t timing_write_us(uint64_t bytes, unsigned parallelism); /* with the bus */
uint64_t timing_read_us(uint64_t bytes);
/* The parallelism that a voltage permits, [RM0090] 3.6.2 table "Program/erase parallelism". */
unsigned timing_parallelism(enum dfu_voltage voltage);

/* -- flash.c: reading back -- */

/* The alternate setting whose layout holds all of these bytes, readable; or negative. */
int flash_alt_of(const struct dfu_dev *dev, uint32_t addr, size_t len,
		 struct dfu_error *err);
void flash_tell(const struct dfu_dev *dev, const struct dfu_progress *p);
/* DFU_ERR_VERIFY for the first byte that differs; 0 when none does. */
int flash_compare(struct dfu_dev *dev, uint32_t addr, const uint8_t *want,
		  const uint8_t *seen, size_t len, struct dfu_error *err);
bool all_ff(const uint8_t *bytes, size_t len);

#endif
