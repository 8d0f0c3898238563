#include "firmware.h"
#include "cli.h"
#include "imagefile.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define TABLE_MAX  65536 /* bytes of firmware.sizes or firmware.files */

/* -- where it is -------------------------------------------------------------------- */

/* "firmware.dfu" as ../share/stmiot/firmware.dfu beside this program; false when not there. */
static bool find_shared(const char *name, char *to, size_t bytes)
{
	char self[PATH_BYTES], *slash;
	int n;

	if (!sys_self(self, sizeof(self)))
		return false;
	for (int i = 0; i < 2; i++) {
		slash = strrchr(self, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	n = snprintf(to, bytes, "%s/share/stmiot/%s", self, name);
	return n > 0 && (size_t)n < bytes && access(to, R_OK) == 0;
}

/* Each version has its folder, so that nothing of another one is mixed in. */
static void cache_folder(char *to, size_t bytes)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const struct passwd *pw = home && *home ? NULL : getpwuid(getuid());

	if (!home || !*home)
		home = pw ? pw->pw_dir : "/tmp";
	if (cache && *cache == '/')
		snprintf(to, bytes, "%s/stmiot/firmware-%s", cache, STMIOT_VERSION);
	else
		snprintf(to, bytes, "%s/.cache/stmiot/firmware-%s", home, STMIOT_VERSION);
}

/* -- building ----------------------------------------------------------------------- */

/* What a build needs, and the packages that Debian has it in. */
static const struct need {
	const char *program, *package;
} needs[] = {
	{ "make", "make" },
	{ "arm-none-eabi-gcc", "gcc-arm-none-eabi" },
	{ "arm-none-eabi-objcopy", "binutils-arm-none-eabi" },
};
#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static int check_needs(void)
{
	char path[PATH_BYTES], programs[256] = "", packages[256] = "";
	size_t at = 0, at2 = 0;

	for (size_t i = 0; i < NEEDS; i++) {
		if (sys_find_program(needs[i].program, false, path, sizeof(path)))
			continue;
		at += (size_t)snprintf(programs + at, sizeof(programs) - at, "%s%s",
				       at ? ", " : "", needs[i].program);
		at2 += (size_t)snprintf(packages + at2, sizeof(packages) - at2, " %s",
					needs[i].package);
	}
	if (!at)
		return EXIT_DONE;
	complain("to build the firmware there must be: %s\n"
		 "sudo apt-get install --no-install-recommends%s",
		 programs, packages);
	return EXIT_USAGE;
}

static const char elsewhere[] = "--dir names another folder to build in";

static int folder_fails(const char *path, struct dfu_error *err)
{
	sys_fail_write(path, err);
	sys_hint(err, "%s", elsewhere);
	return err->code;
}

/* A link `src` in the folder to the sources, as their Makefile wants it. */
static int link_sources(const char *dir, const char *sources, struct dfu_error *err)
{
	char link[PATH_BYTES];
	struct stat st;

	if (!sys_join(link, sizeof(link), dir, "src"))
		return sys_fail(err, DFU_ERR_FILE, "%s: the name is too long", dir);
	if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode)) {
		sys_fail(err, DFU_ERR_FILE, "%s is there, and is somebody's own", link);
		sys_hint(err, "%s", elsewhere);
		return err->code;
	}
	if (unlink(link) < 0 && errno != ENOENT)
		return folder_fails(link, err);
	if (symlink(sources, link) < 0)
		return folder_fails(link, err);
	return 0;
}

static int run_make(const char *dir)
{
	/* An outer make has nothing to say to this one. */
	static const char *const outer[] = { "MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS",
					     "MAKEFILES" };
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	char jobs[32];
	const char *argv[] = { "make",
			       jobs,
			       "-C",
			       dir,
			       "-f",
			       "src/Makefile",
			       "--no-print-directory",
			       globals.verbose ? NULL : "-s",
			       NULL };
	int status;

	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		unsetenv(outer[i]);
	snprintf(jobs, sizeof(jobs), "-j%ld", n > 0 ? n : 1);
	status = sys_run(argv, false);
	if (status == 0)
		return EXIT_DONE;
	complain("the firmware could not be built in %s: make ended with %d", clean(dir),
		 status);
	return EXIT_FAILED;
}

/* One at a time in a folder: the file descriptor of the lock, or an error. */
static int lock_folder(const char *dir, struct dfu_error *err)
{
	char path[PATH_BYTES];
	int fd;

	if (!sys_join(path, sizeof(path), dir, ".lock"))
		return sys_fail(err, DFU_ERR_FILE, "%s: the name is too long", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		folder_fails(path, err);
		if (fd >= 0)
			close(fd);
		return err->code;
	}
	return fd;
}

/* The folder, as that which is named or as the cache's; with its lock held. */
static int take_folder(const char *dir, char *to, size_t bytes, struct dfu_error *err)
{
	int rc;

	if (dir)
		snprintf(to, bytes, "%s", dir);
	else
		cache_folder(to, bytes);
	rc = sys_make_folder(to, 0777, err);
	if (rc < 0)
		sys_hint(err, "%s", elsewhere);
	return rc < 0 ? rc : lock_folder(to, err);
}

int firmware_build(const char *dir, char *to, size_t bytes)
{
	char sources[PATH_BYTES] = "";
	struct dfu_error err;
	int status, lock, rc;

	if (!find_shared("firmware/Makefile", sources, sizeof(sources))) {
		complain("the sources of the firmware are not there: %s\n"
			 "they belong to stmiot's installation",
			 clean(sources));
		return EXIT_USAGE;
	}
	*strrchr(sources, '/') = '\0';
	status = check_needs();
	if (status != EXIT_DONE)
		return status;
	lock = take_folder(dir, to, bytes, &err);
	if (lock < 0)
		return report("build", &err);
	rc = link_sources(to, sources, &err);
	status = rc < 0 ? report("build", &err) : run_make(to);
	close(lock);
	return status;
}

/* -- what it takes ------------------------------------------------------------------ */

/* Visit the rows of firmware.sizes or .files: words, those of the head not counted. */
struct row {
	char *word[4];
};

static int each_row(const char *dir, const char *name,
		    void (*visit)(void *ctx, const struct row *), void *ctx)
{
	char path[PATH_BYTES] = "", *text, *line, *rest;

	text = sys_join(path, sizeof(path), dir, name)
		       ? sys_read_file(path, TABLE_MAX, NULL)
		       : NULL;
	if (!text) {
		complain("%s: %s", clean(path), strerror(errno));
		return EXIT_FAILED;
	}
	strtok_r(text, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		struct row row;
		char *words;

		row.word[0] = strtok_r(line, " ", &words);
		for (int i = 1; i < 4; i++)
			row.word[i] =
				row.word[i - 1] ? strtok_r(NULL, " ", &words) : NULL;
		if (row.word[3])
			visit(ctx, &row);
	}
	free(text);
	return EXIT_DONE;
}

static void table_sizes(void *ctx, const struct row *row)
{
	char flash[48];

	snprintf(flash, sizeof(flash), "%s of %s", row->word[1], row->word[2]);
	table_row(ctx, (const char *const[]){ row->word[0], flash, row->word[3] });
}

static void table_files(void *ctx, const struct row *row)
{
	table_row(ctx, (const char *const *)row->word);
}

static void json_sizes(void *ctx, const struct row *row)
{
	struct json *part = json_object();

	json_add_text(part, "part", row->word[0]);
	json_add_number(part, "flash_bytes", atof(row->word[1]));
	json_add_number(part, "flash_room", atof(row->word[2]));
	json_add_number(part, "ram_bytes", atof(row->word[3]));
	json_add(ctx, NULL, part);
}

static void json_files(void *ctx, const struct row *row)
{
	struct json *file = json_object();

	json_add_text(file, "part", row->word[0]);
	json_add_text(file, "file", row->word[1]);
	json_add_number(file, "flash_bytes", atof(row->word[2]));
	json_add_number(file, "ram_bytes", atof(row->word[3]));
	json_add(ctx, NULL, file);
}

static int print_rows(const char *dir, const char *name, struct table *table,
		      void (*visit)(void *, const struct row *))
{
	int status = each_row(dir, name, visit, table);

	if (status == EXIT_DONE)
		return table_print(table);
	table_free(table);
	return status;
}

int firmware_print_sizes(const char *dir)
{
	static const char *const heads[] = { "PART", "FLASH", "RAM" };

	return print_rows(dir, "firmware.sizes", table_new(3, heads), table_sizes);
}

int firmware_print_files(const char *dir)
{
	static const char *const heads[] = { "PART", "FILE", "FLASH", "RAM" };

	return print_rows(dir, "firmware.files", table_new(4, heads), table_files);
}

struct json *firmware_sizes_json(const char *dir)
{
	struct json *list = json_array();

	each_row(dir, "firmware.sizes", json_sizes, list);
	return list;
}

struct json *firmware_files_json(const char *dir)
{
	struct json *list = json_array();

	each_row(dir, "firmware.files", json_files, list);
	return list;
}

/* -- the image ---------------------------------------------------------------------- */

/* The application's header: magic, and where the version is (stmiot-firmware(7)). */
#define APP_ADDR          0x08020000u
#define APP_VERSION_AT    24u
#define APP_VERSION_BYTES 16u
static const uint8_t app_magic[4] = { 'S', 'T', 'M', 'A' };

void firmware_version(const struct dfu_image *image, char *to, size_t bytes)
{
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s);

	*to = '\0';
	for (size_t i = 0; i < n; i++)
		if (s[i].addr == APP_ADDR &&
		    s[i].len >= APP_VERSION_AT + APP_VERSION_BYTES &&
		    memcmp(s[i].data, app_magic, sizeof(app_magic)) == 0)
			snprintf(to, bytes, "%.*s", (int)APP_VERSION_BYTES,
				 (const char *)s[i].data + APP_VERSION_AT);
}

int firmware_open(struct dfu_image **out)
{
	char path[PATH_BYTES], dir[PATH_BYTES - 16], version[APP_VERSION_BYTES + 1];
	int status;

	if (!find_shared("firmware.dfu", path, sizeof(path))) {
		status = firmware_build(NULL, dir, sizeof(dir));
		if (status != EXIT_DONE)
			return status;
		snprintf(path, sizeof(path), "%s/firmware.elf", dir);
	}
	status = image_open(path, out);
	if (status != EXIT_DONE)
		return status;
	firmware_version(*out, version, sizeof(version));
	note("taking the bundled firmware, %s: %s",
	     *version ? clean(version) : "no version", clean(path));
	return EXIT_DONE;
}
