/* The memory layout that a device tells, and questions about the sectors of what is
 * accepted. */
#include "fuzz.h"

static void check_sector(const struct dfu_layout *layout, uint32_t addr)
{
	struct dfu_sector sector, next;
	bool found = dfu_layout_find(layout, addr, &sector);

	must(found == dfu_layout_covers(layout, addr, 1, 0));
	if (!found)
		return;
	must(sector.bytes > 0 && addr >= sector.addr &&
	     addr - sector.addr < sector.bytes);
	must(dfu_layout_covers(layout, sector.addr, sector.bytes, sector.type));
	if (sector.addr + (uint64_t)sector.bytes < (uint64_t)1 << 32 &&
	    dfu_layout_find(layout, sector.addr + sector.bytes, &next))
		must(next.index == sector.index + 1);
}

static void check_layout(const struct dfu_layout *layout)
{
	uint64_t end = 0, bytes = 0, sectors = 0;
	size_t i;

	must(layout->n_regions > 0 && layout->n_regions <= DFU_LAYOUT_REGIONS);
	must(memchr(layout->name, '\0', sizeof(layout->name)) != NULL);
	for (i = 0; i < layout->n_regions; i++) {
		const struct dfu_region *r = &layout->regions[i];

		must(r->sectors > 0 && r->sector_bytes > 0 && r->addr >= end);
		must(r->type > 0 && r->type <= 7);
		sectors += r->sectors;
		bytes += (uint64_t)r->sectors * r->sector_bytes;
		end = r->addr + (uint64_t)r->sectors * r->sector_bytes;
		must(end <= (uint64_t)1 << 32);
		check_sector(layout, r->addr);
		check_sector(layout, r->addr - 1);
		check_sector(layout, (uint32_t)(end - 1));
		check_sector(layout, (uint32_t)end);
	}
	must(bytes == dfu_layout_bytes(layout) && sectors <= bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dfu_layout layout;
	struct dfu_error err;
	char *text = malloc(len + 1);
	int rc;

	must(text != NULL);
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	rc = dfu_layout_parse(text, &layout, &err);
	if (rc < 0)
		check_error(&err, rc);
	else
		check_layout(&layout);
	free(text);
	return 0;
}
