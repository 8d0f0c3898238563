#include "sys.h"
#include "udev.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/test_udev.XXXXXX";

static void put(const char *path, const char *text)
{
	char whole[512], folder[512];
	struct dfu_error err;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	snprintf(folder, sizeof(folder), "%s", whole);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(sys_make_folder(folder, 0755, &err), 0);
	assert_int_equal(sys_write_file(whole, text, strlen(text), 0600, &err), 0);
}

static void device(const char *path, const char *vendor, const char *product,
		   const char *maker, const char *number)
{
	const char *const attrs[][2] = { { "idVendor", vendor },
					 { "idProduct", product },
					 { "manufacturer", maker },
					 { "busnum", "3\n" },
					 { "devnum", number } };
	char file[256];
	size_t i;

	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		snprintf(file, sizeof(file), "sys/bus/usb/devices/%s/%s", path,
			 attrs[i][0]);
		if (attrs[i][1])
			put(file, attrs[i][1]);
	}
}

static int set_up(void **state)
{
	char path[512];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/sys", root);
	setenv("STMIOT_SYSFS", path, 1);
	snprintf(path, sizeof(path), "%s/dev", root);
	setenv("STMIOT_DEV", path, 1);
	snprintf(path, sizeof(path), "%s/rules.d", root);
	setenv("STMIOT_UDEV_DIR", path, 1);
	return 0;
}

static int tear_down(void **state)
{
	const char *const argv[] = { "rm", "-rf", root, NULL };

	(void)state;
	return sys_run(argv, false);
}

static void test_no_usb(void **state)
{
	struct udev_board *boards;
	size_t n;

	(void)state;
	assert_false(udev_boards(&boards, &n));
	assert_int_equal(n, 0);
	assert_null(boards);
}

static void test_boards(void **state)
{
	struct udev_board *boards;
	char why[200], mend[4200];
	size_t n;

	(void)state;
	device("usb3", "1d6b\n", "0002\n", "Linux\n", "1\n");
	device("3-10", "0483\n", "df11\n", "STMicroelectronics\n", "12\n");
	device("3-2", "f055\n", "9800\n", NULL, "7\n");
	device("3-3", "1209\n", "0001\n", "somebody else\n", "8\n");
	device("3-4", "1209\n", "0001\n", "stmiot\n", "9\n");
	put("sys/bus/usb/devices/3-2:1.0/bInterfaceClass", "fe\n");
	put("dev/bus/usb/003/012", "");
	assert_true(udev_boards(&boards, &n));
	assert_int_equal(n, 3);
	assert_string_equal(boards[0].path, "3-2");
	assert_string_equal(boards[0].id->mode, "serial");
	assert_false(boards[0].has_node);
	assert_string_equal(boards[1].path, "3-4");
	assert_string_equal(boards[2].path, "3-10");
	assert_true(boards[2].has_node);
	assert_int_equal(boards[2].mode, 0600);
	assert_false(boards[2].seat);

	assert_false(udev_acts(&boards[0], why, sizeof(why), mend, sizeof(mend)));
	assert_non_null(strstr(why, "is not there"));
	/* Root may write to it, and that says nothing about the rules. */
	if (geteuid() == 0) {
		assert_false(udev_acts(&boards[2], why, sizeof(why), mend, sizeof(mend)));
		assert_non_null(strstr(mend, "udev install"));
		boards[2].seat = true;
		assert_true(udev_acts(&boards[2], why, sizeof(why), mend, sizeof(mend)));
	}
	free(boards);
}

static void test_rules(void **state)
{
	char path[512];

	(void)state;
	assert_int_equal(udev_installed(path, sizeof(path)), UDEV_MISSING);
	put("rules.d/70-stmiot.rules", udev_rules_text());
	assert_int_equal(udev_installed(path, sizeof(path)), UDEV_SAME);
	put("rules.d/70-stmiot.rules", "# mine\n");
	assert_int_equal(udev_installed(path, sizeof(path)), UDEV_DIFFERS);
	assert_string_equal(strrchr(path, '/'), "/70-stmiot.rules");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_usb),
		cmocka_unit_test(test_boards),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
