/*
 * Option bytes by name: [RM0090] 3.6.1, table "Option byte organization". The positions
 * of the fields were not checked against a board.
 */
#include "dev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_ADDR  0x1fffc000u
#define OPTIONS_BYTES 16u
#define NWRP_SECTORS  12u
#define RDP_BYTE      1u
#define RDP_LEVEL_0   0xaau
#define RDP_LEVEL_1   0x55u /* any other value, too */
#define RDP_LEVEL_2   0xccu

struct dfu_options {
	struct dfu_dev *dev;
	uint8_t was[OPTIONS_BYTES]; /* as read */
	uint8_t now[OPTIONS_BYTES]; /* with changes */
};

struct field {
	const char *name;
	uint8_t byte, shift;
	uint16_t mask; /* of the 16 bits from `byte` on, shifted down */
	const char *help;
};

static const struct field fields[] = {
	{ "rdp", 1, 0, 0xff, "read protection: 0 off, 1 on (level 2 is never written)" },
	{ "bor_lev", 0, 2, 3, "brown-out reset: 0 2.7 V, 1 2.4 V, 2 2.1 V, 3 off" },
	{ "wdg_sw", 0, 5, 1, "watchdog started by 0 hardware, 1 software" },
	{ "nrst_stop", 0, 6, 1, "0 resets on entering stop mode" },
	{ "nrst_stdby", 0, 7, 1, "0 resets on entering standby mode" },
	{ "nwrp", 8, 0, 0xfff, "sectors not write-protected, a bit each" },
	{ "nwrp0", 8, 0, 1, "0 write-protects sector 0, and so on to nwrp11" },
	{ "nwrp1", 8, 1, 1, "" },
	{ "nwrp2", 8, 2, 1, "" },
	{ "nwrp3", 8, 3, 1, "" },
	{ "nwrp4", 8, 4, 1, "" },
	{ "nwrp5", 8, 5, 1, "" },
	{ "nwrp6", 8, 6, 1, "" },
	{ "nwrp7", 8, 7, 1, "" },
	{ "nwrp8", 8, 8, 1, "" },
	{ "nwrp9", 8, 9, 1, "" },
	{ "nwrp10", 8, 10, 1, "" },
	{ "nwrp11", 8, 11, 1, "" },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

const char *dfu_options_field(size_t i)
{
	return i < N_FIELDS ? fields[i].name : NULL;
}

const char *dfu_options_help(size_t i)
{
	return i < N_FIELDS ? fields[i].help : NULL;
}

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static unsigned get(const uint8_t *raw, const struct field *f)
{
	return (unsigned)(raw[f->byte] | raw[f->byte + 1] << 8) >> f->shift & f->mask;
}

static void put(uint8_t *raw, const struct field *f, unsigned value)
{
	unsigned word = (unsigned)(raw[f->byte] | raw[f->byte + 1] << 8);

	word = (word & ~((unsigned)f->mask << f->shift)) | value << f->shift;
	raw[f->byte] = (uint8_t)word;
	raw[f->byte + 1] = (uint8_t)(word >> 8);
}

static unsigned rdp_level(unsigned byte)
{
	return byte == RDP_LEVEL_0 ? 0 : byte == RDP_LEVEL_2 ? 2 : 1;
}

static bool is_rdp(const struct field *f)
{
	return f == &fields[0];
}

static int unknown_field(const char *field, struct dfu_error *err)
{
	fail(err, DFU_ERR_ARG, "there is no option byte \"%.40s\"", field);
	return hint(err, DFU_ERR_ARG,
		    "they are rdp, bor_lev, wdg_sw, nrst_stop, nrst_stdby, nwrp, nwrp0 "
		    "to nwrp11");
}

int dfu_options_read(struct dfu_dev *dev, struct dfu_options **out, struct dfu_error *err)
{
	struct dfu_options *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return fail(err, DFU_ERR_NOMEM, "no room for option bytes");
	rc = dfu_read(dev, OPTIONS_ADDR, o->was, OPTIONS_BYTES, err);
	if (rc < 0) {
		free(o);
		return rc;
	}
	o->dev = dev;
	memcpy(o->now, o->was, OPTIONS_BYTES);
	*out = o;
	return 0;
}

void dfu_options_free(struct dfu_options *o)
{
	free(o);
}

int dfu_options_get(const struct dfu_options *o, const char *field, char *text,
		    size_t bytes, uint32_t *number, struct dfu_error *err)
{
	static const char *const bor[] = { "2.7 V", "2.4 V", "2.1 V", "off" };
	const struct field *f = find_field(field);
	unsigned value;

	if (!f)
		return unknown_field(field, err);
	value = get(o->now, f);
	if (is_rdp(f)) {
		value = rdp_level(value);
		snprintf(text, bytes, "level %u", value);
	} else if (f == &fields[1]) {
		snprintf(text, bytes, "%s", bor[value]);
	} else {
		snprintf(text, bytes, f->mask > 3 ? "0x%03x" : "%u", value);
	}
	if (number)
		*number = value;
	return 0;
}

int dfu_options_set(struct dfu_options *o, const char *field, const char *value,
		    struct dfu_error *err)
{
	const struct field *f = find_field(field);
	unsigned long number;
	char *end;

	if (!f)
		return unknown_field(field, err);
	number = strtoul(value, &end, 0);
	if (value[0] < '0' || value[0] > '9' || *end ||
	    number > (is_rdp(f) ? 2ul : f->mask))
		return fail(err, DFU_ERR_ARG,
			    "%s cannot be \"%.40s\": it goes from 0 to %u", field, value,
			    is_rdp(f) ? 1u : f->mask);
	if (is_rdp(f) && number == 2)
		return fail(
			err, DFU_ERR_REFUSED,
			"RDP level 2 locks the bootloader and the debugger out for ever: "
			"it is never written");
	if (!is_rdp(f))
		put(o->now, f, (unsigned)number);
	else if (rdp_level(get(o->now, f)) != number)
		put(o->now, f, number ? RDP_LEVEL_1 : RDP_LEVEL_0);
	return 0;
}

const uint8_t *dfu_options_raw(const struct dfu_options *o)
{
	return o->now;
}

bool dfu_options_protects(const struct dfu_options *o, unsigned sector)
{
	return sector < NWRP_SECTORS && !(get(o->now, find_field("nwrp")) >> sector & 1);
}

int dfu_options_write(struct dfu_dev *dev, const struct dfu_options *o,
		      struct dfu_error *err)
{
	uint8_t fresh[OPTIONS_BYTES], block[OPTIONS_BYTES];
	int rc;

	if (o->dev != dev)
		return fail(err, DFU_ERR_ARG, "these option bytes are another board's");
	if (o->now[RDP_BYTE] == RDP_LEVEL_2)
		return fail(err, DFU_ERR_REFUSED, "RDP level 2 is never written");
	if (memcmp(o->now, o->was, OPTIONS_BYTES) == 0)
		return 0;
	rc = dfu_read(dev, OPTIONS_ADDR, fresh, OPTIONS_BYTES, err);
	if (rc < 0)
		return rc;
	if (memcmp(fresh, o->was, OPTIONS_BYTES) != 0)
		return fail(err, DFU_ERR_REFUSED,
			    "the option bytes have changed since they were read; nothing "
			    "was written");
	memcpy(block, o->now, OPTIONS_BYTES);
	rc = dfuse_set_address(dev, OPTIONS_ADDR, err);
	if (rc == 0)
		rc = dfuse_reset_after(dev, 2, block, sizeof(block), "option bytes", err);
	return rc < 0 ? rc : 1;
}
