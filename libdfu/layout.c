/*
 * The memory layout that a DfuSe bootloader tells of itself in an interface string:
 * [UM0424] 4.3.2 has the grammar, listings of boards have the spaces. The string comes
 * from a device, so nothing in it is believed before it is checked.
 */
#include "error.h"

#include <stdlib.h>
#include <string.h>

#define FOUR_GIB ((uint64_t)1 << 32)

static const struct dfu_layout f407 = {
	.name = "Internal Flash",
	.n_regions = 3,
	.regions = {
		{ 0x08000000, 4, 16 << 10, DFU_READABLE | DFU_ERASABLE | DFU_WRITEABLE },
		{ 0x08010000, 1, 64 << 10, DFU_READABLE | DFU_ERASABLE | DFU_WRITEABLE },
		{ 0x08020000, 7, 128 << 10, DFU_READABLE | DFU_ERASABLE | DFU_WRITEABLE },
	},
};

struct reader {
	const char *text;
	const char *at;
	struct dfu_error *err;
};

static int bad(const struct reader *r, const char *what)
{
	return fail(r->err, DFU_ERR_FORMAT, "memory layout, offset %td: %s",
		    r->at - r->text, what);
}

static void skip_spaces(struct reader *r)
{
	while (*r->at == ' ')
		r->at++;
}

static int expect(struct reader *r, char c, const char *what)
{
	if (*r->at != c)
		return bad(r, what);
	r->at++;
	return DFU_OK;
}

static int digit_value(char c, int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int read_number(struct reader *r, int base, uint32_t *out)
{
	const char *start = r->at;
	uint64_t value = 0;
	int digit;

	for (; (digit = digit_value(*r->at, base)) >= 0; r->at++) {
		value = value * (unsigned)base + (unsigned)digit;
		if (value > UINT32_MAX)
			return bad(r, "a number beyond 32 bits");
	}
	if (r->at == start)
		return bad(r, "a number is missing");
	*out = (uint32_t)value;
	return DFU_OK;
}

/* "/0x08000000/" */
static int read_address(struct reader *r, uint64_t *out)
{
	uint32_t addr;
	int rc;

	rc = expect(r, '/', "a '/' and an address should follow");
	if (rc < 0)
		return rc;
	skip_spaces(r);
	if (r->at[0] != '0' || (r->at[1] != 'x' && r->at[1] != 'X'))
		return bad(r, "an address is \"0x\" and hexadecimal digits");
	r->at += 2;
	rc = read_number(r, 16, &addr);
	if (rc < 0)
		return rc;
	skip_spaces(r);
	*out = addr;
	return expect(r, '/', "a '/' should follow the address");
}

/* The multiplier may be missing, and is a space in the option bytes of every F4. */
static uint32_t read_multiplier(struct reader *r)
{
	switch (*r->at) {
	case 'M':
		r->at++;
		return 1u << 20;
	case 'K':
		r->at++;
		return 1u << 10;
	case 'B':
	case ' ':
		r->at++;
		return 1;
	default:
		return 1;
	}
}

/* "04*016Kg": *addr moves behind it. */
static int read_region(struct reader *r, uint64_t *addr, struct dfu_region *out)
{
	struct reader start = *r;
	uint32_t sectors, units;
	uint64_t sector_bytes;
	int rc;

	rc = read_number(r, 10, &sectors);
	if (rc < 0)
		return rc;
	rc = expect(r, '*', "a '*' should follow the number of sectors");
	if (rc < 0)
		return rc;
	rc = read_number(r, 10, &units);
	if (rc < 0)
		return rc;
	sector_bytes = (uint64_t)units * read_multiplier(r);
	skip_spaces(r);
	if (*r->at < 'a' || *r->at > 'g')
		return bad(r, "a type of 'a' to 'g' should follow the size");
	if (sectors == 0 || sector_bytes == 0)
		return bad(&start, "nothing there: a count or a size of zero");
	if (sector_bytes > (FOUR_GIB - *addr) / sectors)
		return bad(&start, "sectors that reach beyond 4 GiB");
	/* A single sector of 4 GiB would fit the check above, but not the field. */
	if (sector_bytes > UINT32_MAX)
		return bad(&start, "a sector of 4 GiB");
	*out = (struct dfu_region){
		.addr = (uint32_t)*addr,
		.sectors = sectors,
		.sector_bytes = (uint32_t)sector_bytes,
		.type = *r->at++ & 7,
	};
	*addr += sector_bytes * sectors;
	return DFU_OK;
}

/* "/0x08000000/04*016Kg,01*064Kg" */
static int read_group(struct reader *r, struct dfu_layout *layout)
{
	uint64_t addr = 0;
	int rc;

	rc = read_address(r, &addr);
	if (rc < 0)
		return rc;
	for (;;) {
		skip_spaces(r);
		if (layout->n_regions == DFU_LAYOUT_REGIONS)
			return bad(r, "more regions than there is room for");
		rc = read_region(r, &addr, &layout->regions[layout->n_regions]);
		if (rc < 0)
			return rc;
		layout->n_regions++;
		skip_spaces(r);
		if (*r->at != ',')
			return DFU_OK;
		r->at++;
	}
}

static int read_name(struct reader *r, struct dfu_layout *layout)
{
	char name[sizeof(layout->name)] = "";
	size_t len;
	int rc;

	rc = expect(r, '@', "it should begin with '@'");
	if (rc < 0)
		return rc;
	skip_spaces(r);
	len = strcspn(r->at, "/");
	memcpy(name, r->at, len < sizeof(name) ? len : sizeof(name) - 1);
	r->at += len;
	for (len = strlen(name); len > 0 && name[len - 1] == ' '; len--)
		name[len - 1] = '\0';
	copy_clean(layout->name, sizeof(layout->name), name);
	return DFU_OK;
}

static uint64_t region_end(const struct dfu_region *region)
{
	return region->addr + (uint64_t)region->sectors * region->sector_bytes;
}

static int by_address(const void *a, const void *b)
{
	uint32_t x = ((const struct dfu_region *)a)->addr;
	uint32_t y = ((const struct dfu_region *)b)->addr;

	return (x > y) - (x < y);
}

static int sort_regions(const struct reader *r, struct dfu_layout *layout)
{
	size_t i;

	qsort(layout->regions, layout->n_regions, sizeof(layout->regions[0]), by_address);
	for (i = 1; i < layout->n_regions; i++) {
		if (region_end(&layout->regions[i - 1]) > layout->regions[i].addr)
			return bad(r, "two of its regions overlap");
	}
	return DFU_OK;
}

int dfu_layout_parse(const char *text, struct dfu_layout *out, struct dfu_error *err)
{
	struct reader r = { text, text, err };
	struct dfu_layout layout = { .n_regions = 0 };
	int rc;

	rc = read_name(&r, &layout);
	if (rc < 0)
		return rc;
	do {
		rc = read_group(&r, &layout);
		if (rc < 0)
			return rc;
	} while (*r.at == '/');
	if (*r.at)
		return bad(&r, "more than a layout");
	rc = sort_regions(&r, &layout);
	if (rc < 0)
		return rc;
	*out = layout;
	return DFU_OK;
}

const struct dfu_layout *dfu_layout_f407(void)
{
	return &f407;
}

bool dfu_layout_find(const struct dfu_layout *layout, uint32_t addr,
		     struct dfu_sector *out)
{
	unsigned before = 0;
	size_t i;

	for (i = 0; i < layout->n_regions; i++) {
		const struct dfu_region *region = &layout->regions[i];
		uint32_t n;

		if (addr >= region->addr && addr < region_end(region)) {
			n = (addr - region->addr) / region->sector_bytes;
			out->addr = region->addr + n * region->sector_bytes;
			out->bytes = region->sector_bytes;
			out->type = region->type;
			out->index = before + n;
			return true;
		}
		before += region->sectors;
	}
	return false;
}

bool dfu_layout_covers(const struct dfu_layout *layout, uint32_t addr, size_t len,
		       uint8_t type)
{
	uint64_t at = addr;
	uint64_t end;
	size_t i;

	if (len > FOUR_GIB - addr)
		return false;
	end = at + len;
	for (i = 0; i < layout->n_regions && at < end; i++) {
		const struct dfu_region *region = &layout->regions[i];

		if (at >= region_end(region))
			continue;
		if (at < region->addr || (region->type & type) != type)
			return false;
		at = region_end(region);
	}
	return at >= end;
}

uint64_t dfu_layout_bytes(const struct dfu_layout *layout)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < layout->n_regions; i++)
		bytes += (uint64_t)layout->regions[i].sectors *
			 layout->regions[i].sector_bytes;
	return bytes;
}
