#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/stmiot-board-XXXXXX";

static struct store *open_store(void)
{
	char err[600] = "";
	struct store *store = store_open(dir, err, sizeof(err));

	if (!store)
		print_error("%s\n", err);
	assert_non_null(store);
	return store;
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/stmiot-board-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "flash.bin", "otp.bin", "options.bin",
					     "chip" };
	char path[100];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static void test_chip(void **state)
{
	struct store *store = open_store();
	struct chip chip = { 0 };

	(void)state;
	assert_int_equal(store_load_chip(store, &chip), 1);
	assert_int_equal(store_save_chip(store, &host_chip), 0);
	store_close(store);
	store = open_store();
	assert_int_equal(store_load_chip(store, &chip), 0);
	assert_memory_equal(chip.uid, host_chip.uid, sizeof(chip.uid));
	assert_int_equal(chip.rev, 0x2200);
	assert_true(chip.boot0);
	store_close(store);
}

static void test_one_at_a_time(void **state)
{
	struct store *store = open_store();
	char err[600] = "";

	(void)state;
	assert_null(store_open(dir, err, sizeof(err)));
	assert_non_null(strstr(err, "another stmiot-board"));
	store_close(store);
	store_close(open_store());
}

static void test_wrong_size(void **state)
{
	struct store *store;
	char path[100];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/otp.bin", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	store = open_store();
	assert_null(flash_open(store));
	assert_non_null(strstr(store_error(store), "otp.bin"));
	store_close(store);
}

/* The child dies without a chance to tidy up, in the middle of an erase. */
static void die_in_erase(void)
{
	const uint8_t erase[5] = { 0x41, 0x00, 0x80, 0x00, 0x08 };
	const uint8_t word[4] = { 0x11, 0x22, 0x33, 0x44 };
	struct host host;

	host_open(&host, open_store());
	host_write(&host, 0x08004000, word, 4);
	host_write(&host, 0x08008000, word, 4);
	host_write(&host, 0x1FFF7800, word, 4);
	board_boot0(host.board, false);
	host_idle(&host);
	host_download(&host, 0, erase, 5);
	host_status(&host, NULL, NULL);
	raise(SIGKILL);
}

static void test_kill(void **state)
{
	struct store *store;
	struct flash *flash;
	struct chip chip;
	uint8_t got[16384];
	int status, odd = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		die_in_erase();
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	store = open_store();
	flash = flash_open(store);
	assert_non_null(flash);
	assert_true(flash_read(flash, 0x08004000, got, 4));
	assert_memory_equal(got, "\x11\x22\x33\x44", 4);
	assert_true(flash_read(flash, 0x1FFF7800, got, 4));
	assert_memory_equal(got, "\x11\x22\x33\x44", 4);
	/* the sector under erase is no longer what it was, and not blank either */
	assert_true(flash_read(flash, 0x08008000, got, sizeof(got)));
	assert_memory_equal(got, "\xFF\xFF\xFF\xFF", 4);
	for (size_t i = 0; i < sizeof(got); i++)
		odd += got[i] != 0xFF;
	assert_true(odd > 1000);
	assert_int_equal(store_load_chip(store, &chip), 0);
	assert_false(chip.boot0);
	flash_close(flash);
	store_close(store);
}

static const struct {
	const char *digits;
	bool ok;
} uids_table[] = {
	{ "005800273331500b20333153", true },
	{ "005800273331500B20333153", true },
	{ "005800273331500b2033315", false },
	{ "005800273331500b203331533", false },
	{ "005800273331500b2033315g", false },
	{ "+05800273331500b20333153", false },
	{ "", false },
};

static void test_uid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(uids_table) / sizeof(uids_table[0]); i++) {
		uint32_t uid[3] = { 0 };

		assert_int_equal(chip_parse_uid(uid, uids_table[i].digits),
				 uids_table[i].ok);
		if (uids_table[i].ok)
			assert_memory_equal(uid, host_chip.uid, sizeof(uid));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_chip, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_wrong_size, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_kill, make_dir, remove_dir),
		cmocka_unit_test(test_uid),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
