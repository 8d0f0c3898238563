/* Opening and closing a bootloader, and knowing the F407's when we see it. */
#include "dev.h"

#include <stdlib.h>
#include <string.h>

/*
 * The alternate settings of the F405/407's ROM as they were seen on boards, bcdDevice 2200
 * and 2100; %u is the number of 128 KB sectors. A blank or two more or less is the same.
 */
static const char *const f407_alts[2][4] = {
	{ "@Internal Flash /0x08000000/04*016Kg,01*064Kg,",
	  "@Option Bytes /0x1FFFC000/01*016 e",
	  "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
	  "@Device Feature/0xFFFF0000/01*004 e" },
	{ "@Internal Flash /0x08000000/04*016Kg,01*064Kg,",
	  "@Option Bytes /0x1FFFC000/01*016 g",
	  "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
	  "@Device Feature/0xFFFF0000/01*004 g" },
};

/* Equal up to the blanks; `want` may end early when `prefix`. */
static bool same_name(const char *have, const char *want, bool prefix)
{
	for (;;) {
		while (*have == ' ')
			have++;
		while (*want == ' ')
			want++;
		if (!*want)
			return prefix || !*have;
		if (*have++ != *want++)
			return false;
	}
}

static bool is_f407(const struct dfu_board *b)
{
	const char *const *want = f407_alts[b->bcdDevice == 0x2100];
	const char *flash = b->alts[ALT_FLASH].name, *tail = strrchr(flash, ',');

	if ((b->bcdDevice != 0x2100 && b->bcdDevice != 0x2200) || b->n_alts != 4)
		return false;
	for (unsigned i = 1; i < 4; i++)
		if (!same_name(b->alts[i].name, want[i], false))
			return false;
	/* 1 MB, or 512 KB */
	return same_name(flash, want[ALT_FLASH], true) && tail &&
	       (same_name(tail, ",07*128Kg", false) ||
		same_name(tail, ",03*128Kg", false));
}

static void default_to(unsigned *value, unsigned ms)
{
	if (!*value)
		*value = ms;
}

/* What the plan counts on: sectors of whole words, that fit into memory. */
static int check_sectors(const struct dfu_board *b, struct dfu_error *err)
{
	const struct dfu_layout *layout = &b->alts[ALT_FLASH].layout;

	for (size_t i = 0; i < layout->n_regions; i++) {
		const struct dfu_region *r = &layout->regions[i];

		if (r->addr % 4 || r->sector_bytes % 4 ||
		    r->sector_bytes > SECTOR_BYTES_MAX)
			return fail(err, DFU_ERR_FORMAT,
				    "%s says that flash has sectors of %" PRIu32
				    " bytes at 0x%08" PRIx32,
				    b->selector, r->sector_bytes, r->addr);
	}
	return 0;
}

static int check_board(const struct dfu_board *b, struct dfu_error *err)
{
	if (!b->is_dfu)
		return fail(err, DFU_ERR_NODEV, "%s (%04x:%04x) is not in its bootloader",
			    b->selector, b->idVendor, b->idProduct);
	/* [AN3156] 4.1: 011a stands for the DfuSe extension. */
	if (b->bcdDFUVersion != 0x011a || !b->n_alts || !b->alts[ALT_FLASH].has_layout)
		return fail(err, DFU_ERR_FORMAT,
			    "%s speaks DFU %x.%02x with \"%s\", not DfuSe with a memory "
			    "layout",
			    b->selector, b->bcdDFUVersion >> 8, b->bcdDFUVersion & 0xff,
			    b->alts[ALT_FLASH].name);
	if (b->wTransferSize < 64)
		return fail(err, DFU_ERR_FORMAT, "%s says wTransferSize %u", b->selector,
			    b->wTransferSize);
	return check_sectors(b, err);
}

static int prepare(struct dfu_dev *dev, struct dfu_error *err)
{
	int rc = check_board(&dev->board, err);

	if (rc == 0 && dev->set.record)
		rc = record_wrap(&dev->io, &dev->board, &dev->set, err);
	if (rc < 0)
		return rc;
	dev->f407 = is_f407(&dev->board);
	dev->fast = dev->f407 && !dev->set.poll;
	dev->block_bytes = dev->board.wTransferSize;
	if (dev->block_bytes > BLOCK_BYTES_MAX)
		dev->block_bytes = BLOCK_BYTES_MAX;
	dev->block_bytes &= ~3u;
	dev->numbered = dev->block_bytes == dev->board.wTransferSize;
	dev->alt = ALT_UNKNOWN;
	dev->state = STATE_UNKNOWN;
	rc = dfuse_select(dev, ALT_FLASH, err);
	if (rc == 0)
		dfuse_take_back(dev);
	if (rc == 0)
		rc = dfuse_idle(dev, err);
	return rc;
}

int dfu_open_io(const struct dfu_io *io, const struct dfu_board *board,
		const struct dfu_settings *settings, struct dfu_dev **out,
		struct dfu_error *err)
{
	struct dfu_dev *dev = calloc(1, sizeof(*dev));
	int rc;

	if (!dev) {
		io->close(io->ctx);
		return fail(err, DFU_ERR_NOMEM, "no room for a device");
	}
	dev->io = *io;
	dev->board = *board;
	if (settings)
		dev->set = *settings;
	default_to(&dev->set.timeouts.control_ms, 5000);
	default_to(&dev->set.timeouts.write_ms, 5000);
	default_to(&dev->set.timeouts.erase_ms, 15000);
	default_to(&dev->set.timeouts.chip_ms, 60000);
	default_to(&dev->set.timeouts.leave_ms, 3000);
	rc = prepare(dev, err);
	if (rc < 0) {
		dev->io.close(dev->io.ctx);
		free(dev);
		return rc;
	}
	*out = dev;
	return 0;
}

int dfu_open(const struct dfu_board *board, const struct dfu_settings *settings,
	     struct dfu_dev **out, struct dfu_error *err)
{
	unsigned ms = settings ? settings->timeouts.control_ms : 0;
	struct dfu_board full = *board;
	struct dfu_io io;
	int rc;

	default_to(&ms, 5000);
	if (board->bus == DFU_BUS_USBIP)
		rc = usbip_open(&full, ms, &io, err);
	else
		rc = usb_open(board, &io, err);
	if (rc < 0)
		return rc;
	rc = desc_load(&io, ms, &full, err);
	if (rc < 0) {
		io.close(io.ctx);
		return rc;
	}
	return dfu_open_io(&io, &full, settings, out, err);
}

void dfu_close(struct dfu_dev *dev)
{
	if (!dev)
		return;
	if (!dev->gone && dev->state != dfuIDLE)
		dfuse_idle(dev, NULL);
	dev->io.close(dev->io.ctx);
	free(dev);
}

const struct dfu_board *dfu_board(const struct dfu_dev *dev)
{
	return &dev->board;
}

void dfu_stats(const struct dfu_dev *dev, struct dfu_stats *out)
{
	*out = (struct dfu_stats){ dev->fast, dev->parallelism ? dev->parallelism : 8,
				   dev->transfers, dev->recoveries };
}
