#include "commands.h"
#include "imagefile.h"
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *to_name;

const struct opt image_options[] = {
	IMAGE_OPTIONS,
	{ OPT_CHOICE, 0, "to", "dfu|hex|bin",
	  "convert: what OUT is to be (default: by its extension)", &to_name, NULL,
	  NULL },
	{ 0 },
};

/* CRC-32 as zlib and Ethernet have it (polynomial 0xedb88320, reflected). */
static uint32_t crc32_of(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	unsigned bit;

	while (len-- > 0) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

/* The sectors of an STM32F407 that a segment touches; false when it leaves them. */
static bool sectors_of(const struct dfu_segment *segment, unsigned *first, unsigned *last)
{
	const struct dfu_layout *layout = dfu_layout_f407();
	struct dfu_sector a, z;
	uint64_t end = (uint64_t)segment->addr + segment->len - 1;

	if (segment->alt != 0 || end > UINT32_MAX ||
	    !dfu_layout_covers(layout, segment->addr, segment->len, DFU_WRITEABLE) ||
	    !dfu_layout_find(layout, segment->addr, &a) ||
	    !dfu_layout_find(layout, (uint32_t)end, &z))
		return false;
	*first = a.index;
	*last = z.index;
	return true;
}

static struct json *segment_json(const struct dfu_segment *segment)
{
	struct json *item = json_object(), *sectors = json_array();
	unsigned first, last, i;

	json_add_number(item, "alt", segment->alt);
	json_add_format(item, "address", "0x%08" PRIx32, segment->addr);
	json_add_number(item, "length", (double)segment->len);
	json_add_format(item, "crc32", "%08" PRIx32,
			crc32_of(segment->data, segment->len));
	if (sectors_of(segment, &first, &last))
		for (i = first; i <= last; i++)
			json_add_number(sectors, NULL, i);
	json_add(item, "sectors", sectors);
	return item;
}

/* Ids are 0xffff where the file says none. */
static void add_id(struct json *doc, const char *key, uint16_t id)
{
	if (id == 0xffff)
		json_add_text(doc, key, NULL);
	else
		json_add_format(doc, key, "%04x", id);
}

static int info_json(const struct dfu_image *image, bool fits,
		     const struct dfu_error *why)
{
	const struct dfu_image_info *info = dfu_image_info(image);
	struct json *doc = json_object(), *list = json_array(), *warnings = json_array();
	const struct dfu_segment *segments;
	size_t n = dfu_image_segments(image, &segments), i;
	const char *warning;

	json_add_text(doc, "file", dfu_image_name(image));
	json_add_number(doc, "file_bytes", (double)info->file_bytes);
	json_add_text(doc, "format", dfu_format_name(info->format));
	json_add_bool(doc, "suffix", info->has_suffix);
	add_id(doc, "vid", info->idVendor);
	add_id(doc, "pid", info->idProduct);
	add_id(doc, "bcdDevice", info->bcdDevice);
	json_add_number(doc, "targets", info->targets);
	json_add_number(doc, "bytes", (double)dfu_image_bytes(image));
	if (info->entry)
		json_add_format(doc, "entry", "0x%08" PRIx32, info->entry);
	else
		json_add_text(doc, "entry", NULL);
	for (i = 0; i < n; i++)
		json_add(list, NULL, segment_json(&segments[i]));
	json_add(doc, "segments", list);
	for (i = 0; (warning = dfu_image_warning(image, i)); i++)
		json_add_text(warnings, NULL, warning);
	json_add(doc, "warnings", warnings);
	json_add_bool(doc, "fits", fits);
	json_add_text(doc, "why_not", fits ? NULL : why->msg);
	return json_print(doc);
}

static int print_segments(const struct dfu_image *image)
{
	static const char *const heads[] = { "ALT", "ADDRESS", "LENGTH", "CRC-32",
					     "SECTORS" };
	struct table *table = table_new(5, heads);
	const struct dfu_segment *segments;
	size_t n = dfu_image_segments(image, &segments), i;

	for (i = 0; i < n; i++) {
		const struct dfu_segment *s = &segments[i];
		char alt[8], addr[16], len[24], crc[16], sectors[32] = "none";
		const char *cells[] = { alt, addr, len, crc, sectors };
		unsigned first, last;

		snprintf(alt, sizeof(alt), "%u", s->alt);
		snprintf(addr, sizeof(addr), "0x%08" PRIx32, s->addr);
		snprintf(len, sizeof(len), "%zu", s->len);
		snprintf(crc, sizeof(crc), "%08" PRIx32, crc32_of(s->data, s->len));
		if (sectors_of(s, &first, &last))
			snprintf(sectors, sizeof(sectors), first == last ? "%u" : "%u-%u",
				 first, last);
		table_row(table, cells);
	}
	return table_print(table);
}

static int info_text(const struct dfu_image *image, bool fits,
		     const struct dfu_error *why)
{
	const struct dfu_image_info *info = dfu_image_info(image);
	const char *warning;
	size_t i;

	out("file     %s, %zu bytes\n", clean(dfu_image_name(image)), info->file_bytes);
	out("format   %s\n", dfu_format_name(info->format));
	if (info->has_suffix || info->idVendor != 0xffff)
		out("ids      %04x:%04x, device %04x\n", info->idVendor, info->idProduct,
		    info->bcdDevice);
	if (info->targets > 1)
		out("targets  %u\n", info->targets);
	out("content  %zu bytes\n", dfu_image_bytes(image));
	if (info->entry)
		out("entry    0x%08" PRIx32 "\n", info->entry);
	out("fits     %s%s%s\n",
	    fits ? "an STM32F407" : "no: ", fits ? "" : clean(why->msg), "");
	for (i = 0; (warning = dfu_image_warning(image, i)); i++)
		out("warning  %s\n", clean(warning));
	out("\n");
	return print_segments(image);
}

static int image_info(const struct dfu_image *image)
{
	struct dfu_error why;
	bool fits = dfu_image_check(image, dfu_layout_f407(), &why) >= 0;

	if (globals.json)
		return info_json(image, fits, &why);
	return info_text(image, fits, &why);
}

/* -- convert ----------------------------------------------------------------------- */

static int image_convert(const struct dfu_image *image, const char *path)
{
	enum dfu_format format;
	size_t len;
	int status;

	if (!image_format_of(path, to_name, &format))
		return usage_error(
			"%s: its extension names no format; --to dfu, hex or bin does",
			clean(path));
	status = image_write(image, format, path, &len);
	if (status == EXIT_DONE && strcmp(path, "-") != 0)
		note("wrote %s, %zu bytes", clean(path), len);
	return status;
}

int cmd_image(int argc, char **argv)
{
	bool convert = strcmp(argv[0], "convert") == 0;
	struct dfu_image *image;
	int result;

	if (argc != (convert ? 3 : 2))
		return usage_error(convert ? "image convert takes two files, IN and OUT"
					   : "image info takes one file");
	result = image_load(argv[1], &image);
	if (result != EXIT_DONE)
		return result;
	result = convert ? image_convert(image, argv[2]) : image_info(image);
	dfu_image_free(image);
	return result;
}
