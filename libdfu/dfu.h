/*
 * libdfu: from an image file to an STM32F4 in its ROM bootloader.
 *
 * Images (DfuSe, plain DFU, Intel HEX, ELF, raw), the memory layout that a bootloader
 * tells of itself, a plan of what must be read, erased, kept and written, and the DfuSe
 * protocol over libusb, over USB/IP, or over any `struct dfu_io` of the caller's.
 *
 * Conventions of the whole header:
 *   - Functions return 0 or a positive count on success, else a negative `enum dfu_err`,
 *     and then fill `err`, which may be NULL.
 *   - What is handed out through `**out` belongs to the caller and has a free function that
 *     takes NULL. What is returned as a pointer belongs to the object it came from.
 *   - Addresses are the chip's. Lengths are bytes, times milliseconds, unless they say so.
 *   - Nothing is printed, and no signal handler is installed.
 *   - One device belongs to one thread at a time; different devices are independent.
 *
 * Sources: [DFU] "Universal Serial Bus Device Class Specification for Device Firmware
 * Upgrade", 1.1. [AN3156] "USB DFU protocol used in the STM32 bootloader". [AN2606] "STM32
 * system memory boot mode". [UM0391] "DfuSe file format specification". [UM0424] "STM32 USB-
 * FS-Device development kit", 4.3.2: the layout string. [RM0090] the reference manual.
 */
#ifndef DFU_H
#define DFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- errors ------------------------------------------------------------------------ */

enum dfu_err {
	DFU_OK = 0,
	DFU_ERR_NODEV = -1,     /* nothing answers to the selection */
	DFU_ERR_ACCESS = -2,    /* it is there, but we may not open it */
	DFU_ERR_BUSY = -3,      /* another program has it */
	DFU_ERR_GONE = -4,      /* it left in the middle of the work */
	DFU_ERR_IO = -5,        /* a transfer failed on the bus */
	DFU_ERR_STALL = -6,     /* the device refused a request in its present state */
	DFU_ERR_TIMEOUT = -7,   /* no answer within the time for it */
	DFU_ERR_DEVICE = -8,    /* the device reports an error status of its own */
	DFU_ERR_PROTECTED = -9, /* read protection (RDP) forbids it */
	DFU_ERR_VERIFY = -10,   /* flash does not hold what was written */
	DFU_ERR_FORMAT = -11,   /* a file or a descriptor is malformed */
	DFU_ERR_RANGE = -12,    /* bytes where this device has no such memory */
	DFU_ERR_REFUSED = -13,  /* a guard forbids it: nothing was touched */
	DFU_ERR_ARG = -14,      /* the caller asks for what cannot be */
	DFU_ERR_FILE = -15,     /* a file cannot be read or written (errno's words) */
	DFU_ERR_NOMEM = -16,    /* no memory */
	DFU_ERR_CANCELLED =
		-17 /* the caller's `cancel` was set; the board is left idle */
};

/* Filled in by the call that fails. `hint` is the next step, or empty. */
struct dfu_error {
	enum dfu_err code;
	char msg[240];
	char hint[240];
};

/* The version of the library, "0.1.0". */
const char *dfu_version(void);

/* -- memory layouts ---------------------------------------------------------------- */

/* [UM0424] 4.3.2: the low three bits of the type letter. */
#define DFU_READABLE  1u
#define DFU_ERASABLE  2u
#define DFU_WRITEABLE 4u

/* `sectors` equal sectors from `addr` on. */
struct dfu_region {
	uint32_t addr;
	uint32_t sectors;
	uint32_t sector_bytes;
	uint8_t type; /* DFU_READABLE | ... */
};

#define DFU_LAYOUT_REGIONS 32

struct dfu_layout {
	char name[64]; /* without '@' and the spaces around it */
	size_t n_regions;
	struct dfu_region regions[DFU_LAYOUT_REGIONS]; /* ascending, apart */
};

/* One sector: a region's address and length, and where it counts in the layout. */
struct dfu_sector {
	uint32_t addr;
	uint32_t bytes;
	uint8_t type;
	unsigned index;
};

/*
 * Parse "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", with any number of
 * /address/ groups, blank or missing multipliers, and spaces where ST has them.
 * DFU_ERR_FORMAT names the offset; sectors of size 0, more than 4 GiB, overlaps and more
 * than DFU_LAYOUT_REGIONS regions are malformed. *out is only written on success.
 */
int dfu_layout_parse(const char *text, struct dfu_layout *out, struct dfu_error *err);

/* The internal flash of an STM32F407VG, for checks without a board ([RM0090] table 5). */
const struct dfu_layout *dfu_layout_f407(void);

/* The sector that holds `addr`; false when none does. */
bool dfu_layout_find(const struct dfu_layout *layout, uint32_t addr,
		     struct dfu_sector *out);

/* True when each of the `len` bytes from `addr` on is in a sector with all of `type`. */
bool dfu_layout_covers(const struct dfu_layout *layout, uint32_t addr, size_t len,
		       uint8_t type);

/* Bytes in all sectors together. */
uint64_t dfu_layout_bytes(const struct dfu_layout *layout);

/* -- images ------------------------------------------------------------------------ */

enum dfu_format {
	DFU_FORMAT_AUTO, /* by content: signatures, then what looks like a vector table */
	DFU_FORMAT_DFUSE, /* [UM0391] */
	DFU_FORMAT_PLAIN, /* raw bytes with the suffix of [DFU] appendix B */
	DFU_FORMAT_IHEX,
	DFU_FORMAT_ELF,
	DFU_FORMAT_RAW
};

/* "dfuse", "dfu", "hex", "elf", "bin"; and back, AUTO being "auto". -1 when unknown. */
const char *dfu_format_name(enum dfu_format format);
int dfu_format_from_name(const char *name);

/* Bytes that belong together. */
struct dfu_segment {
	uint8_t alt; /* bAlternateSetting of the DfuSe target it came from, else 0 */
	uint32_t addr;
	size_t len; /* > 0 */
	const uint8_t *data;
};

/* What a file says of itself. Ids are 0xffff where it does not. */
struct dfu_image_info {
	enum dfu_format format;
	uint16_t idVendor, idProduct, bcdDevice, bcdDFU;
	bool has_suffix;
	unsigned targets; /* DfuSe targets, else 1 */
	size_t file_bytes;
	uint32_t entry; /* ELF e_entry or HEX start address, else 0 */
};

struct dfu_image;

/* How to read a file; all zero is "find out". */
struct dfu_image_opts {
	enum dfu_format format;
	bool has_address; /* `address` is given: raw and plain files begin there */
	uint32_t address;
};

#define DFU_IMAGE_MAX (64u << 20) /* bytes of a file; more is refused */

/*
 * Read the image at `path` ("-" is standard input). DFU_ERR_FILE where that fails,
 * DFU_ERR_FORMAT with the offset for a malformed one. Every length is checked against the
 * file before it is used; elements that overlap are refused. Segments come out sorted by
 * (alt, addr) with neighbours joined.
 *
 * A raw file needs an address, or must look like STM32F407 firmware: a first word that is
 * a stack pointer in RAM and a second that is a reset vector inside the file as placed at
 * 0x08000000. DFU_ERR_ARG says so otherwise, and also when an address is given for a file
 * that has its own. Reading that a signal interrupts is DFU_ERR_CANCELLED.
 */
int dfu_image_load(const char *path, const struct dfu_image_opts *opts,
		   struct dfu_image **out, struct dfu_error *err);

/* The same from memory; `name` is for messages. The bytes are copied. */
int dfu_image_parse(const uint8_t *bytes, size_t len, const char *name,
		    const struct dfu_image_opts *opts, struct dfu_image **out,
		    struct dfu_error *err);

/* An image of one segment, from the caller's bytes (copied). */
int dfu_image_from_bytes(uint32_t addr, const uint8_t *bytes, size_t len,
			 struct dfu_image **out, struct dfu_error *err);

void dfu_image_free(struct dfu_image *image);

const struct dfu_image_info *dfu_image_info(const struct dfu_image *image);
size_t dfu_image_segments(const struct dfu_image *image, const struct dfu_segment **out);
size_t dfu_image_bytes(const struct dfu_image *image);     /* of all segments */
const char *dfu_image_name(const struct dfu_image *image); /* as given to load */
const char *dfu_image_warning(const struct dfu_image *image,
			      size_t i); /* NULL at the end */

/*
 * May this image go into internal flash with this layout? DFU_ERR_RANGE names the first
 * byte that may not, and the command that is for it (option bytes, OTP); an alternate
 * setting other than 0 or ids other than 0483:df11 are DFU_ERR_FORMAT.
 */
int dfu_image_check(const struct dfu_image *image, const struct dfu_layout *layout,
		    struct dfu_error *err);

/*
 * The image as a file of `format` (DFUSE, IHEX or RAW) in *out, to be freed with free().
 * RAW starts at the first segment, gaps filled with 0xff (DFU_ERR_ARG when that takes more
 * than DFU_IMAGE_MAX). DfuSe files get 0483:df11 and the suffix of [UM0391].
 */
int dfu_image_serialize(const struct dfu_image *image, enum dfu_format format,
			uint8_t **out, size_t *len, struct dfu_error *err);

/* -- the wire ---------------------------------------------------------------------- */

/* [DFU] 3, table 3.1 */
enum dfu_request {
	DFU_DETACH = 0,
	DFU_DNLOAD = 1,
	DFU_UPLOAD = 2,
	DFU_GETSTATUS = 3,
	DFU_CLRSTATUS = 4,
	DFU_GETSTATE = 5,
	DFU_ABORT = 6
};

/* One control transfer on endpoint 0. bmRequestType 0x80 set: the device fills `data`. */
struct dfu_xfer {
	uint8_t bmRequestType;
	uint8_t bRequest;
	uint16_t wValue;
	uint16_t wIndex;
	uint16_t wLength;
	uint8_t *data;
	unsigned timeout_ms; /* counted from the end of the transfer before it */
	int result; /* bytes moved, or DFU_ERR_STALL, _TIMEOUT, _GONE, _IO, ... */
};

/*
 * A way to a device: what libusb and USB/IP fill in, and what a test or another bus may.
 * The functions get `ctx`. All are required.
 */
struct dfu_io {
	void *ctx;
	/*
	 * Put `n` transfers on the wire in order, without waiting for one before sending the
	 * next, and wait for all. Each gets its `result`; a transfer is not sent, with
	 * DFU_ERR_CANCELLED, once one before it has failed other than by DFU_ERR_STALL (of
	 * those already on their way the device decides). Returns 0, or the first failure
	 * that was not a stall.
	 */
	int (*transfer)(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err);
	/* SET_INTERFACE. */
	int (*set_alt)(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err);
	/* Wait until the device has left the bus: 1 when it has, 0 after `timeout_ms`. */
	int (*wait_gone)(void *ctx, unsigned timeout_ms);
	void (*close)(void *ctx);
};

/* -- boards ------------------------------------------------------------------------ */

#define DFU_ALTS 8

struct dfu_alt {
	char name[128]; /* the interface string as it came, control bytes replaced */
	bool has_layout;
	struct dfu_layout layout;
};

enum dfu_bus { DFU_BUS_USB, DFU_BUS_USBIP, DFU_BUS_OTHER };
enum dfu_access { DFU_ACCESS_OK, DFU_ACCESS_DENIED, DFU_ACCESS_BUSY, DFU_ACCESS_FAILED };

/* A board in sight, or one that is open. Strings are empty where unknown. */
struct dfu_board {
	enum dfu_bus bus;
	char selector[160]; /* "path:3-2" or "usbip://127.0.0.1:3240/1-1" */
	char path[40];      /* bus and ports, "3-2", of USB; the bus id of USB/IP */
	char node[40];      /* "/dev/bus/usb/003/002", for permissions */
	char serial[64];
	char product[64];
	uint16_t idVendor, idProduct, bcdDevice;
	bool is_dfu;            /* has an interface in DFU mode (class fe, 01, 02) */
	enum dfu_access access; /* could it be opened to read its strings? */
	char why[160];          /* if not, why */
	uint8_t interface;      /* bInterfaceNumber */
	uint8_t bmAttributes;   /* [DFU] 4.1.3 */
	uint16_t wTransferSize;
	uint16_t bcdDFUVersion;
	unsigned n_alts;
	struct dfu_alt alts[DFU_ALTS];
};

/* Ids of the boards to look for; the bootloader's own are always among them. */
struct dfu_usb_id {
	uint16_t vendor, product;
};

/*
 * Boards on this machine's USB, in the order of their paths. None is no error: *n is 0.
 * Each is opened for a moment to read its strings; `access` tells how that went. With a
 * libusb before 1.0.27 this and dfu_open set LIBUSB_OPTION_NO_DEVICE_DISCOVERY for all
 * contexts that the process makes later: a program with a use of its own for libusb should
 * make its context first.
 */
int dfu_usb_scan(const struct dfu_usb_id *ids, size_t n_ids, struct dfu_board **out,
		 size_t *n, struct dfu_error *err);

/* Boards that a USB/IP server exports. `timeout_ms` is for the whole of it. */
int dfu_usbip_scan(const char *host, uint16_t port, unsigned timeout_ms,
		   struct dfu_board **out, size_t *n, struct dfu_error *err);

/*
 * Split "usbip://HOST[:PORT]/BUSID" (an IPv6 address in brackets; default port 3240).
 * DFU_ERR_ARG says what is wrong with it.
 */
int dfu_usbip_url(const char *url, char *host, size_t host_bytes, uint16_t *port,
		  char *busid, size_t busid_bytes, struct dfu_error *err);

/* -- an open bootloader ------------------------------------------------------------ */

enum dfu_voltage {
	DFU_VOLTAGE_AUTO, /* 2.7 V and more, as on every board powered over USB: x32 */
	DFU_VOLTAGE_1V8,  /* 1.8-2.1 V: x8 */
	DFU_VOLTAGE_2V1,  /* 2.1-2.4 V: x16 */
	DFU_VOLTAGE_2V4,  /* 2.4-2.7 V: x16 */
	DFU_VOLTAGE_2V7   /* 2.7-3.6 V: x32 */
};

enum dfu_phase { DFU_PHASE_READ, DFU_PHASE_ERASE, DFU_PHASE_WRITE, DFU_PHASE_VERIFY };

/* Told before and after each step. */
struct dfu_progress {
	enum dfu_phase phase;
	uint64_t done, total; /* bytes of this phase */
	unsigned step_ms;     /* how long the step that begins now takes, by the plan */
	uint64_t left_ms;     /* until the work is done, by the plan */
	uint64_t whole_ms;    /* the whole work, by the plan; 0 when there is none */
};

/*
 * Time-outs: "how long until there is certainly no answer", not how long it takes. Zero
 * is the default. ([AN3156]: an erase hides in GETSTATUS; the datasheet's maxima are 4 s
 * for a sector and 32 s for the chip.)
 */
struct dfu_timeouts {
	unsigned control_ms; /* a request that does no work: 5000 */
	unsigned write_ms;   /* a block: 5000 */
	unsigned erase_ms;   /* a sector: 15000 */
	unsigned chip_ms;    /* mass erase, read unprotect: 60000 */
	unsigned leave_ms;   /* until it has gone after leaving: 3000 */
};

struct dfu_range {
	uint32_t addr;
	uint32_t len;
};

/* What goes for a device as long as it is open; all zero is good. */
struct dfu_settings {
	struct dfu_timeouts timeouts;
	enum dfu_voltage voltage;
	bool poll; /* always sleep for bwPollTimeout, also where the ROM does not need it */
	const volatile int *cancel; /* looked at between transfers; may be NULL */
	void (*progress)(void *ctx, const struct dfu_progress *p); /* may be NULL */
	void *progress_ctx;
	const char
		*record; /* write a transcript of all transfers to this new file, 0600 */
	/* Bytes that a transcript must not show. */
	const struct dfu_range *record_mask;
	size_t n_record_mask;
};

struct dfu_dev;

/* Open a board as found by a scan, and bring its bootloader to dfuIDLE. */
int dfu_open(const struct dfu_board *board, const struct dfu_settings *settings,
	     struct dfu_dev **out, struct dfu_error *err);

/* The same over the caller's own io, which is closed with the device, or on failure. */
int dfu_open_io(const struct dfu_io *io, const struct dfu_board *board,
		const struct dfu_settings *settings, struct dfu_dev **out,
		struct dfu_error *err);

/* Leaves the bootloader in dfuIDLE, for the next program. NULL is fine. */
void dfu_close(struct dfu_dev *dev);

const struct dfu_board *dfu_board(const struct dfu_dev *dev);

/* How the board is driven; for a summary and for tests. */
struct dfu_stats {
	bool fast;            /* without sleeping; false after the first surprise */
	unsigned parallelism; /* bits programmed at once: 8, 16 or 32 */
	uint64_t transfers;
	uint64_t recoveries; /* failed transfers that were made good */
};
void dfu_stats(const struct dfu_dev *dev, struct dfu_stats *out);

/* -- reading, verifying, leaving --------------------------------------------------- */

/*
 * Read `len` bytes at `addr` from whichever memory of the device has them (flash, OTP,
 * option bytes, device feature). DFU_ERR_PROTECTED under read protection.
 */
int dfu_read(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
	     struct dfu_error *err);

/*
 * Compare flash with the image. DFU_ERR_VERIFY names the first address that differs, and
 * its sector; the bootloader is left running.
 */
int dfu_verify(struct dfu_dev *dev, const struct dfu_image *image, struct dfu_error *err);

/*
 * Leave the bootloader: jump to the vector table at `addr` and wait for the device to go
 * ([AN3156] 5.5). 1 when it went, 0 when it is still there after `leave_ms`. A transfer
 * that fails because it went is success. Only dfu_close is possible afterwards.
 */
int dfu_leave(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err);

/* -- the flash plan ---------------------------------------------------------------- */

enum dfu_action {
	DFU_SAME,  /* holds what it should: nothing to do */
	DFU_WRITE, /* blank where the image goes: no erase */
	DFU_ERASE  /* erase, then write */
};

/* One sector that the image touches. */
struct dfu_plan_sector {
	struct dfu_sector sector;
	enum dfu_action action;
	uint32_t image_bytes;    /* of the image in this sector */
	uint32_t kept_bytes;     /* others, that an erase would lose: written back */
	uint32_t write_bytes;    /* that will be programmed, blank blocks left out */
	uint32_t read_bytes;     /* read so far to decide */
	uint32_t restored_bytes; /* of `kept_bytes`: saved by a run that was cut off */
};

struct dfu_plan_totals {
	uint64_t image_bytes, erase_bytes, write_bytes, verify_bytes, kept_bytes;
	unsigned same, write, erase; /* sectors by action */
	uint64_t estimate_ms; /* from now, by the datasheet's typical times and the bus */
};

/*
 * A guard is asked, before anything is changed, for each sector that would be erased or
 * written: first with `content` NULL, and again with the sector's present content when it
 * answers 1 to that. Then zero permits, and 1 permits and gives the sector up: what the
 * image does not cover of it is neither kept nor stored. A negative error that it has
 * filled in fails the plan (use DFU_ERR_REFUSED).
 */
typedef int dfu_guard(void *ctx, const struct dfu_sector *sector, const uint8_t *content,
		      struct dfu_error *err);

struct dfu_plan_opts {
	bool full;        /* erase and write all, without comparing first */
	bool no_verify;   /* do not read back */
	bool no_preserve; /* bytes of a sector that the image does not cover may be lost */
	/*
	 * The lowest sector holds a boot stub, in the image and on the board by now: a program
	 * of its own, which starts nothing half-written in the others. It is erased, written
	 * and verified when all else has been, so that it is missing for as short as can be
	 * where nothing but it starts the bootloader.
	 */
	bool lowest_apart;
	/*
	 * A folder, made 0700 when missing, where the bytes to be kept are stored before a
	 * sector is erased, in a file for each board (by its serial and path). A run that was cut off
	 * leaves it; the next plan for the board puts the bytes back and erases again what
	 * was being erased. DFU_ERR_FILE before the first erase when they cannot be stored. NULL: nothing is stored, and a power cut loses kept bytes.
	 */
	const char *journal_dir;
	dfu_guard *guard;
	void *guard_ctx;
};

struct dfu_plan;

/* Check the image against the board, read what must be compared, and decide. */
int dfu_plan_make(struct dfu_dev *dev, const struct dfu_image *image,
		  const struct dfu_plan_opts *opts, struct dfu_plan **out,
		  struct dfu_error *err);
void dfu_plan_free(struct dfu_plan *plan);

size_t dfu_plan_sectors(const struct dfu_plan *plan, const struct dfu_plan_sector **out);
const struct dfu_plan_totals *dfu_plan_totals(const struct dfu_plan *plan);

/*
 * Erase, write and verify. The block that would make a half-written image start (the
 * lowest one; with `lowest_apart`, of the other sectors and then of that one) is written
 * last. DFU_ERR_VERIFY with the sector's write protection named where that is the cause
 * ([AN3156] 5.1: a protected sector reports no error).
 */
int dfu_plan_run(struct dfu_plan *plan, struct dfu_error *err);

/*
 * Forget what a run that was cut off had stored for this board in `journal_dir`: after its
 * flash was erased on purpose. No journal is no error.
 */
int dfu_journal_forget(const char *journal_dir, const struct dfu_board *board,
		       struct dfu_error *err);

/* -- erasing and programming by hand ----------------------------------------------- */

/*
 * Erase whole sectors: `addr` and `len` must be sector boundaries (DFU_ERR_ARG names the
 * nearest). Each is read back; DFU_ERR_VERIFY names a sector that is not blank. The guard
 * is asked for each first.
 */
int dfu_erase(struct dfu_dev *dev, uint32_t addr, size_t len, dfu_guard *guard,
	      void *guard_ctx, struct dfu_error *err);

/* Mass erase ([AN3156] 5.3), read back. There is no guard: it keeps nothing. */
int dfu_erase_chip(struct dfu_dev *dev, struct dfu_error *err);

/*
 * Program flash without erasing: bits can only be cleared, so a byte that would need a
 * bit set is DFU_ERR_REFUSED before anything is written. Read back afterwards. Written in
 * the order given, byte-wise when `bytewise`. For records that are committed by a word.
 */
int dfu_program(struct dfu_dev *dev, uint32_t addr, const uint8_t *bytes, size_t len,
		bool bytewise, struct dfu_error *err);

/* -- one-time programmable memory ([RM0090] 3.6.5, table "OTP area") --------------- */

#define DFU_OTP_ADDR        0x1fff7800u
#define DFU_OTP_BLOCKS      16u
#define DFU_OTP_BLOCK_BYTES 32u
#define DFU_OTP_LOCKS_ADDR  0x1fff7a00u

struct dfu_otp {
	uint8_t data[DFU_OTP_BLOCKS][DFU_OTP_BLOCK_BYTES];
	uint8_t lock[DFU_OTP_BLOCKS]; /* 0x00 locked, 0xff open */
};

int dfu_otp_read(struct dfu_dev *dev, struct dfu_otp *out, struct dfu_error *err);

/*
 * Write `len` bytes at `offset` of the area, byte-wise, within one block that is not
 * locked. Needs only bits cleared. Cannot be undone. Read back.
 */
int dfu_otp_write(struct dfu_dev *dev, uint32_t offset, const uint8_t *bytes, size_t len,
		  struct dfu_error *err);

/* Lock one block for ever: its lock byte alone becomes 0x00. Read back. */
int dfu_otp_lock(struct dfu_dev *dev, unsigned block, struct dfu_error *err);

/* -- option bytes ([RM0090] 3.6.1, table "Option byte organization") --------------- */

struct dfu_options; /* made by a fresh read only */

int dfu_options_read(struct dfu_dev *dev, struct dfu_options **out,
		     struct dfu_error *err);
void dfu_options_free(struct dfu_options *o);

/* The names, in order; NULL at the end: "rdp", "bor_lev", "wdg_sw", "nrst_stop", ... */
const char *dfu_options_field(size_t i);
const char *dfu_options_help(size_t i);

/* The value of a field in words ("level 0", "off", "1"), into `text`; or its number. */
int dfu_options_get(const struct dfu_options *o, const char *field, char *text,
		    size_t bytes, uint32_t *number, struct dfu_error *err);

/*
 * Change a field in memory. DFU_ERR_ARG for an unknown field or value, DFU_ERR_REFUSED for
 * RDP level 2, which cannot be undone and locks out the bootloader for good.
 */
int dfu_options_set(struct dfu_options *o, const char *field, const char *value,
		    struct dfu_error *err);

/* The 16 bytes as they stand. */
const uint8_t *dfu_options_raw(const struct dfu_options *o);

/*
 * Write them to the device they were read from. The chip resets at once, so the device
 * leaves the bus; only dfu_close is possible afterwards. Returns 1 when it went, 0 when
 * nothing differed and nothing was written.
 */
int dfu_options_write(struct dfu_dev *dev, const struct dfu_options *o,
		      struct dfu_error *err);

/* True when write protection (nWRP = 0) is on for the sector with this index. */
bool dfu_options_protects(const struct dfu_options *o, unsigned sector);

/*
 * Read unprotect ([AN3156] 5.4): erases all flash, sets RDP to level 0 and resets, so the
 * device leaves the bus; only dfu_close is possible afterwards.
 */
int dfu_unprotect(struct dfu_dev *dev, struct dfu_error *err);

/* -- transcripts ------------------------------------------------------------------- */

/*
 * Make `io` a device that answers by a transcript, one transfer a line:
 *
 *     device 0483:df11 2200 357A3A7D3137     # ids, bcdDevice, serial or -
 *     dfu 0b 2048 011a                       # bmAttributes, wTransferSize, bcdDFUVersion
 *     alt 0 @Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg
 *     out DNLOAD 0     41 00 00 01 08        # erase 0x08010000
 *     in  GETSTATUS    00 64 00 00 04 00     # busy, ask again in 100 ms
 *     in  GETSTATUS    00 00 00 00 05 00     # done
 *     in  UPLOAD 2     2048*ff
 *     in  UPLOAD 3     1024*-- 1024*ff       # masked by the recorder: any byte
 *     out SETALT 1
 *     out CLRSTATUS    stall                 # or: timeout, gone, io
 *     gone                                   # after leaving; or: stays
 *
 * A transfer that is not the next line fails with DFU_ERR_IO and words that name the line.
 * `board` gets the descriptors. DFU_ERR_FORMAT names the line that cannot be read.
 */
int dfu_replay(const char *text, size_t len, struct dfu_io *io, struct dfu_board *board,
	       struct dfu_error *err);

/* True when every line of a replayed transcript has been used. */
bool dfu_replay_done(const struct dfu_io *io);

#ifdef __cplusplus
}
#endif
#endif
