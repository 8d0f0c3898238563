#include "commands.h"
#include "firmware.h"
#include "imagefile.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096
#define ELF_MAX    (16u << 20)

static const char *output, *folder;

const struct opt build_options[] = {
	{ OPT_TEXT, 'o', "output", "FILE",
	  "where to; .dfu, .elf, .hex or .bin (default: firmware.dfu in the folder)",
	  &output, NULL, "file" },
	{ OPT_TEXT, 0, "dir", "FOLDER",
	  "where it is built, and kept for the next time (default: in ~/.cache/stmiot)",
	  &folder, NULL, "file" },
	{ 0 },
};

/* As the linker made it, with what a debugger wants. */
static int copy_elf(const char *from, const char *to, size_t *len)
{
	struct dfu_error err;
	char *bytes = sys_read_file(from, ELF_MAX, len);
	int rc;

	if (!bytes) {
		complain("%s: %s", clean(from), strerror(errno));
		return EXIT_FAILED;
	}
	rc = sys_write_file(to, bytes, *len, sys_file_mode(), &err);
	free(bytes);
	return rc < 0 ? report("build", &err) : EXIT_DONE;
}

static bool is_elf(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".elf") == 0;
}

static int write_output(const char *elf, const char *to, enum dfu_format format,
			size_t *len)
{
	struct dfu_image *image;
	int status;

	if (is_elf(to))
		return copy_elf(elf, to, len);
	status = image_open(elf, &image);
	if (status != EXIT_DONE)
		return status;
	status = image_write(image, format, to, len);
	dfu_image_free(image);
	if (status == EXIT_DONE && format == DFU_FORMAT_RAW)
		note("a .bin has no gaps: this one goes over the credential slots, which "
		     "the "
		     "others leave alone");
	return status;
}

static int tell(const char *dir, const char *to, size_t len)
{
	struct json *doc;
	int status;

	if (globals.json) {
		doc = json_object();
		json_add_text(doc, "image", to);
		json_add_number(doc, "file_bytes", (double)len);
		json_add_text(doc, "folder", dir);
		json_add_text(doc, "version", STMIOT_VERSION);
		json_add(doc, "parts", firmware_sizes_json(dir));
		json_add(doc, "files", firmware_files_json(dir));
		return json_print(doc);
	}
	status = firmware_print_sizes(dir);
	if (status == EXIT_DONE && globals.verbose) {
		out("\n");
		status = firmware_print_files(dir);
	}
	if (status == EXIT_DONE)
		out("\n%s, %zu bytes\n", to, len);
	return status;
}

int cmd_build(int argc, char **argv)
{
	char dir[PATH_BYTES - 16], elf[PATH_BYTES], to[PATH_BYTES];
	enum dfu_format format = DFU_FORMAT_DFUSE;
	size_t len = 0;
	int status;

	(void)argv;
	if (argc)
		return usage_error("build takes no arguments; --output names the file");
	if (folder && !*folder)
		return usage_error("--dir wants the name of a folder");
	if (output && !is_elf(output) && !image_format_of(output, NULL, &format))
		return usage_error("%s: its extension names no format; .dfu, .elf, .hex "
				   "and .bin do",
				   clean(output));
	status = firmware_build(folder, dir, sizeof(dir));
	if (status != EXIT_DONE)
		return status;
	snprintf(elf, sizeof(elf), "%s/firmware.elf", dir);
	snprintf(to, sizeof(to), "%s%s", output ? "" : dir,
		 output ? output : "/firmware.dfu");
	status = write_output(elf, to, format, &len);
	return status == EXIT_DONE ? tell(dir, to, len) : status;
}
