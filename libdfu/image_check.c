/* May an image go into internal flash? [RM0090] 2.3 and 3.3 have the memory map. */
#include "image.h"

#include <stdlib.h>

/* What internal flash never is, whatever a layout says. First match goes. */
static const struct area {
	uint32_t first, last;
	const char *words;
	const char *next; /* or NULL */
} areas[] = {
	{ 0x1fffc000, 0x1fffc00f, "option bytes",
	  "set them by name with `stmiot option set`" },
	{ 0x1fff7800, 0x1fff7a0f, "one-time programmable memory",
	  "write it with `stmiot otp write`; it cannot be undone" },
	{ 0x1fff0000, 0x1fffffff, "system memory, where the bootloader is", NULL },
	{ 0xffff0000, 0xffffffff, "the bootloader's Device Feature, not memory", NULL },
	{ 0x20000000, 0x3fffffff, "RAM",
	  "link the program so that it is loaded into flash" },
	{ 0x10000000, 0x1000ffff, "RAM (CCM)",
	  "link the program so that it is loaded into flash" },
	{ 0x00000000, 0x000fffff, "what BOOT0 maps to flash",
	  "link the program to 0x08000000, or give raw bytes --address 0x08000000" },
};

/* Where the segment first leaves the writeable sectors, or its end. */
static uint64_t first_outside(const struct dfu_layout *layout,
			      const struct dfu_segment *s)
{
	uint64_t at = s->addr, end = at + s->len;
	size_t i;

	for (i = 0; i < layout->n_regions && at < end; i++) {
		const struct dfu_region *r = &layout->regions[i];
		uint64_t r_end = r->addr + (uint64_t)r->sectors * r->sector_bytes;

		if (at >= r_end)
			continue;
		if (at < r->addr || !(r->type & DFU_WRITEABLE))
			return at;
		at = r_end;
	}
	return at < end ? at : end;
}

/* The first byte that may not go into flash, and the area that it is in, if one is known.
 */
static bool first_forbidden(const struct dfu_layout *layout, const struct dfu_segment *s,
			    uint32_t *addr, const struct area **area)
{
	uint64_t end = (uint64_t)s->addr + s->len, bad = first_outside(layout, s);
	size_t i;

	*area = NULL;
	for (i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		uint64_t at = s->addr > areas[i].first ? s->addr : areas[i].first;

		if (at > areas[i].last || at >= end || at > bad || (at == bad && *area))
			continue;
		bad = at;
		*area = &areas[i];
	}
	*addr = (uint32_t)bad;
	return bad < end;
}

static int refuse_bytes(const struct dfu_layout *layout, uint32_t addr,
			const struct area *area, struct dfu_error *err)
{
	const struct dfu_region *last;

	if (area) {
		fail(err, DFU_ERR_RANGE, "0x%08" PRIx32 " is %s", addr, area->words);
		return area->next ? hint(err, DFU_ERR_RANGE, "%s", area->next)
				  : DFU_ERR_RANGE;
	}
	if (dfu_layout_covers(layout, addr, 1, 0))
		return fail(err, DFU_ERR_RANGE,
			    "0x%08" PRIx32 " cannot be written on this device", addr);
	if (layout->n_regions == 0)
		return fail(err, DFU_ERR_RANGE, "there is no flash for 0x%08" PRIx32,
			    addr);
	last = &layout->regions[layout->n_regions - 1];
	return fail(err, DFU_ERR_RANGE,
		    "0x%08" PRIx32 " is outside this flash, 0x%08" PRIx32
		    " to 0x%08" PRIx32,
		    addr, layout->regions[0].addr,
		    last->addr + (last->sectors * last->sector_bytes - 1));
}

static int check_segment(const struct dfu_layout *layout, const struct dfu_segment *s,
			 struct dfu_error *err)
{
	const struct area *area;
	uint32_t addr;

	if (first_forbidden(layout, s, &addr, &area))
		return refuse_bytes(layout, addr, area, err);
	if (s->alt != 0)
		return fail(err, DFU_ERR_FORMAT,
			    "0x%08" PRIx32
			    " is for alternate setting %u, internal flash is 0",
			    s->addr, s->alt);
	return DFU_OK;
}

int dfu_image_check(const struct dfu_image *image, const struct dfu_layout *layout,
		    struct dfu_error *err)
{
	const struct dfu_image_info *info = &image->info;
	size_t i;
	int rc;

	if ((info->idVendor != 0x0483 && info->idVendor != 0xffff) ||
	    (info->idProduct != 0xdf11 && info->idProduct != 0xffff)) {
		rc = fail(err, DFU_ERR_FORMAT,
			  "it is for the device %04x:%04x, not for 0483:df11, an STM32's "
			  "bootloader",
			  info->idVendor, info->idProduct);
		return image_blame(image->name, err, rc);
	}
	for (i = 0; i < image->n_segments; i++) {
		rc = check_segment(layout, &image->segments[i], err);
		if (rc < 0)
			return image_blame(image->name, err, rc);
	}
	return DFU_OK;
}
