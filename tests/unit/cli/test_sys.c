#include "sys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_NAME "kept"

/* What reached the disk, in this order: f is the file, d the folder it is in. */
static struct {
	char order[8];
	bool in_place; /* the file had its name and content when the folder was synced */
} synced;

static bool is_in_place(void)
{
	size_t len = 0;
	char *text = sys_read_file(FILE_NAME, 16, &len);
	bool same = text && len == 3 && memcmp(text, "new", 3) == 0;

	free(text);
	return same;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(strlen(synced.order) + 1 < sizeof(synced.order));
	strcat(synced.order, S_ISDIR(st.st_mode) ? "d" : "f");
	synced.in_place = is_in_place();
	return 0;
}

static void write_new(const char *path)
{
	struct dfu_error err = { 0 };

	memset(&synced, 0, sizeof(synced));
	if (sys_write_file(path, "new", 3, 0600, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	assert_true(is_in_place());
}

/* A journal that is written must be there after the power has failed. */
static void test_name_is_kept(void **state)
{
	char path[4096];

	(void)state;
	write_new(FILE_NAME);
	assert_string_equal(synced.order, "fd");
	assert_true(synced.in_place);
	assert_non_null(getcwd(path, sizeof(path) - sizeof(FILE_NAME) - 1));
	strcat(path, "/" FILE_NAME);
	write_new(path);
	assert_string_equal(synced.order, "fd");
	assert_true(synced.in_place);
}

static void test_folders_are_kept(void **state)
{
	struct dfu_error err = { 0 };

	(void)state;
	memset(&synced, 0, sizeof(synced));
	assert_int_equal(sys_make_folder("one/two", 0700, &err), 0);
	assert_string_equal(synced.order, "dd");
	assert_int_equal(sys_make_folder("one/two", 0700, &err), 0);
	assert_string_equal(synced.order, "dd");
	assert_int_equal(rmdir("one/two"), 0);
	assert_int_equal(rmdir("one"), 0);
}

/* In a container a process may have the number of the one that was killed before. */
static void test_left_over(void **state)
{
	char name[64];
	struct stat st;
	FILE *f;

	(void)state;
	snprintf(name, sizeof(name), FILE_NAME ".%ld.tmp", (long)getpid());
	f = fopen(name, "w");
	assert_non_null(f);
	fclose(f);
	write_new(FILE_NAME);
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlink(name), 0);
}

static void test_failure(void **state)
{
	struct dfu_error err = { 0 };

	(void)state;
	assert_int_equal(sys_write_file("nowhere/" FILE_NAME, "new", 3, 0600, &err),
			 DFU_ERR_FILE);
	assert_non_null(strstr(err.msg, "nowhere/" FILE_NAME ": "));
}

static int make_folder(void **state)
{
	static char folder[] = "/tmp/stmiot-sys-XXXXXX";

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/* Nothing but the file is left. */
static int remove_folder(void **state)
{
	unlink(FILE_NAME);
	return rmdir(*state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_kept),
		cmocka_unit_test(test_folders_are_kept),
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
