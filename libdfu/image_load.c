/* From a file to an image: reading it, finding out its format, and back into bytes. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct format {
	const char *name;
	const char *words; /* after "is" */
	bool has_addresses;
	image_reader *read;
	image_writer *write;
} formats[] = {
	[DFU_FORMAT_AUTO] = { "auto", NULL, false, NULL, NULL },
	[DFU_FORMAT_DFUSE] = { "dfuse", "a DfuSe file", true, image_read_dfuse,
			       image_write_dfuse },
	[DFU_FORMAT_PLAIN] = { "dfu", "a plain DFU file", false, image_read_plain, NULL },
	[DFU_FORMAT_IHEX] = { "hex", "an Intel HEX file", true, image_read_ihex,
			      image_write_ihex },
	[DFU_FORMAT_ELF] = { "elf", "an ELF file", true, image_read_elf, NULL },
	[DFU_FORMAT_RAW] = { "bin", "raw bytes", false, image_read_raw, image_write_raw },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *dfu_format_name(enum dfu_format format)
{
	return (size_t)format < FORMATS ? formats[format].name : NULL;
}

int dfu_format_from_name(const char *name)
{
	size_t i;

	for (i = 0; i < FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static bool begins_with(const struct file *file, const char *magic, size_t len)
{
	return file->len >= len && memcmp(file->bytes, magic, len) == 0;
}

/* ':' and the ten hexadecimal digits of the shortest record, blank lines before it. */
static bool looks_like_hex(const struct file *file)
{
	size_t at = 0, i;

	while (at < file->len && strchr(" \t\r\n", file->bytes[at]) && file->bytes[at])
		at++;
	if (file->len - at < 11 || file->bytes[at] != ':')
		return false;
	for (i = 1; i <= 10; i++) {
		if (!strchr("0123456789abcdefABCDEF", file->bytes[at + i]) ||
		    !file->bytes[at + i])
			return false;
	}
	return true;
}

static enum dfu_format find_format(const struct file *file)
{
	if (begins_with(file, "DfuSe", 5))
		return DFU_FORMAT_DFUSE;
	if (begins_with(file, "\177ELF", 4))
		return DFU_FORMAT_ELF;
	if (looks_like_hex(file))
		return DFU_FORMAT_IHEX;
	if (suffix_present(file))
		return DFU_FORMAT_PLAIN;
	return DFU_FORMAT_RAW;
}

static int refuse_address(const struct format *format, struct dfu_error *err)
{
	fail(err, DFU_ERR_ARG, "is %s, which says itself where its bytes go",
	     format->words);
	return hint(err, DFU_ERR_ARG,
		    "leave --address away, or take the file as raw bytes with "
		    "--format bin");
}

static int read_image(struct dfu_image *image, const struct file *file,
		      const struct dfu_image_opts *opts, struct dfu_error *err)
{
	enum dfu_format found, format;
	int rc;

	if (file->len == 0)
		return fail(err, DFU_ERR_FORMAT, "the file is empty");
	if (file->len > DFU_IMAGE_MAX)
		return fail(err, DFU_ERR_FORMAT,
			    "offset 0x%x: the file is longer than %u MiB", DFU_IMAGE_MAX,
			    DFU_IMAGE_MAX >> 20);
	found = find_format(file);
	format = opts->format == DFU_FORMAT_AUTO ? found : opts->format;
	if (formats[format].has_addresses && opts->has_address)
		return refuse_address(&formats[format], err);
	if (format == DFU_FORMAT_RAW && found != DFU_FORMAT_RAW)
		image_warn(image, "it looks like %s and is written as raw bytes",
			   formats[found].words);
	image->info.format = format;
	rc = formats[format].read(image, file, opts, err);
	if (rc < 0)
		return rc;
	return image_settle(image, err);
}

int dfu_image_parse(const uint8_t *bytes, size_t len, const char *name,
		    const struct dfu_image_opts *opts, struct dfu_image **out,
		    struct dfu_error *err)
{
	static const struct dfu_image_opts find_out;
	const struct file file = { bytes, len };
	struct dfu_image *image = NULL;
	int rc;

	if (!opts)
		opts = &find_out;
	if ((size_t)opts->format >= FORMATS)
		return fail(err, DFU_ERR_ARG, "there is no image format %d",
			    (int)opts->format);
	rc = image_new(name, len, &image, err);
	if (rc < 0)
		return rc;
	rc = read_image(image, &file, opts, err);
	if (rc < 0) {
		dfu_image_free(image);
		return image_blame(name, err, rc);
	}
	*out = image;
	return DFU_OK;
}

int dfu_image_from_bytes(uint32_t addr, const uint8_t *bytes, size_t len,
			 struct dfu_image **out, struct dfu_error *err)
{
	const struct dfu_segment all = { .addr = addr, .len = len, .data = bytes };
	struct dfu_image *image = NULL;
	int rc;

	if (len == 0)
		return fail(err, DFU_ERR_ARG, "an image of no bytes");
	rc = image_new("", len, &image, err);
	if (rc < 0)
		return rc;
	image->info.format = DFU_FORMAT_RAW;
	rc = image_add(image, &all, 0, err);
	if (rc == DFU_OK)
		rc = image_settle(image, err);
	if (rc < 0) {
		dfu_image_free(image);
		return rc;
	}
	*out = image;
	return DFU_OK;
}

/* Grow by doubling; a pipe does not tell how much will come. */
static int make_room(uint8_t **bytes, size_t *room, struct dfu_error *err)
{
	size_t more = *room ? 2 * *room : 64 << 10;
	uint8_t *grown = realloc(*bytes, more);

	if (!grown)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu bytes", more);
	*bytes = grown;
	*room = more;
	return DFU_OK;
}

/* Everything from `fd`, or one byte more than an image may have. */
static int read_all(int fd, uint8_t **bytes, size_t *len, struct dfu_error *err)
{
	size_t room = 0;
	ssize_t got;
	int rc;

	while (*len <= DFU_IMAGE_MAX) {
		if (*len == room) {
			rc = make_room(bytes, &room, err);
			if (rc < 0)
				return rc;
		}
		got = read(fd, *bytes + *len, room - *len);
		/* A signal that has a handler means that somebody wants to stop. */
		if (got < 0 && errno == EINTR)
			return fail(err, DFU_ERR_CANCELLED, "interrupted while reading");
		if (got < 0)
			return fail(err, DFU_ERR_FILE, "cannot be read: %m");
		if (got == 0)
			break;
		*len += (size_t)got;
	}
	return DFU_OK;
}

int dfu_image_load(const char *path, const struct dfu_image_opts *opts,
		   struct dfu_image **out, struct dfu_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int fd, rc;

	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return image_blame(path, err,
				   fail(err, DFU_ERR_FILE, "cannot be opened: %m"));
	rc = read_all(fd, &bytes, &len, err);
	if (!is_stdin)
		close(fd);
	if (rc < 0)
		image_blame(path, err, rc);
	else
		rc = dfu_image_parse(bytes, len, path, opts, out, err);
	free(bytes);
	return rc;
}

int dfu_image_serialize(const struct dfu_image *image, enum dfu_format format,
			uint8_t **out, size_t *len, struct dfu_error *err)
{
	if ((size_t)format >= FORMATS || !formats[format].write)
		return fail(err, DFU_ERR_ARG, "images cannot be written as %s",
			    dfu_format_name(format) ? dfu_format_name(format)
						    : "that format");
	return image_blame(image->name, err, formats[format].write(image, out, len, err));
}
