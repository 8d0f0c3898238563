#include "prov_test.h"
#include "secret.h"

#include <unistd.h>

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *base64;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct prov_secret *s = test_key(vectors[i].base64), *back = NULL;

		assert_string_equal(prov_secret_text(s), vectors[i].bytes);
		assert_int_equal(prov_secret_to_base64(s, &back, NULL), 0);
		assert_string_equal(prov_secret_text(back), vectors[i].base64);
		prov_secret_free(back);
		prov_secret_free(s);
	}
}

static const struct {
	const char *text;
	size_t at;
} bad[] = {
	{ "A", 1 },    { "Zg=", 3 },      { "Zg===", 2 },    { "Z===", 1 },
	{ "====", 0 }, { "Zg==Zg==", 2 }, { "Zh==", 1 },     { "Zm9=", 2 },
	{ "Zm 9", 2 }, { "Zm9v\n", 5 },   { "Zm9vZm-v", 6 },
};

static void test_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct prov_secret *s = NULL;
		struct prov_error err = { 0 };

		assert_int_equal(prov_secret_from_base64(bad[i].text, strlen(bad[i].text),
							 &s, &err),
				 PROV_ERR_FORMAT);
		if (err.at != bad[i].at)
			fail_msg("%s: at %zu, not %zu", bad[i].text, err.at, bad[i].at);
		assert_null(s);
	}
}

static void test_fd(void **state)
{
	struct prov_secret *s = NULL;
	struct prov_error err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "a key \r\n\n", 9), 9);
	close(fds[1]);
	assert_int_equal(prov_secret_from_fd(fds[0], "pipe", &s, &err), 0);
	assert_string_equal(prov_secret_text(s), "a key");
	prov_secret_free(s);
	s = NULL;
	assert_int_equal(prov_secret_from_fd(fds[0], "pipe", &s, &err), PROV_ERR_FORMAT);
	assert_string_equal(err.msg, "pipe: is empty");
	close(fds[0]);
	assert_int_equal(prov_secret_from_fd(fds[0], "pipe", &s, &err), PROV_ERR_FILE);
	assert_int_equal(prov_secret_from_file("/nonexistent", &s, &err), PROV_ERR_FILE);
	assert_string_equal(err.msg, "/nonexistent: No such file or directory");
	assert_null(s);
}

static void test_equal(void **state)
{
	struct prov_secret *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(prov_secret_random(32, &a, NULL), 0);
	assert_int_equal(prov_secret_random(32, &b, NULL), 0);
	assert_false(prov_secret_equal(a, b));
	assert_false(prov_secret_equal(a, NULL));
	assert_true(prov_secret_equal(NULL, NULL));
	prov_secret_free(b);
	assert_int_equal(prov_secret_copy(a, &b, NULL), 0);
	assert_true(prov_secret_equal(a, b));
	prov_secret_free(a);
	prov_secret_free(b);
	prov_secret_free(NULL);
}

/* A sanitizer does not lock anything. */
#ifndef __SANITIZE_ADDRESS__
static unsigned locked_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned kib = 0;
	char line[200];

	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %u kB", &kib);
	fclose(f);
	return kib;
}

static void test_locked(void **state)
{
	unsigned before = locked_kib();
	struct prov_secret *s = NULL;

	(void)state;
	assert_int_equal(prov_secret_random(32 << 10, &s, NULL), 0);
	assert_true(locked_kib() >= before + 32);
	prov_secret_free(s);
}
#endif

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(prov_err_name(PROV_OK), "ok");
	assert_string_equal(prov_err_name(PROV_ERR_KEY), "key");
	assert_string_equal(prov_err_name(PROV_ERR_THROTTLED), "throttled");
	assert_string_equal(prov_err_name(PROV_ERR_REFUSED), "refused");
	assert_string_equal(prov_err_name(PROV_ERR_ANSWER), "answer");
	assert_string_equal(prov_err_name(PROV_ERR_TAKEN), "taken");
	assert_string_equal(prov_err_name((enum prov_err) - 99), "unknown");
}

/* Of all lengths around those that share memory, each its own, and zero at first. */
static void test_apart(void **state)
{
	static struct prov_secret *made[500];
	size_t len;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT(made); i++) {
			assert_int_equal(secret_make(i, &made[i], NULL), 0);
			for (size_t k = 0; k <= i; k++)
				assert_int_equal(secret_room(made[i])[k], 0);
			memset(secret_room(made[i]), (int)i % 255 + 1, i);
		}
		for (size_t i = 0; i < COUNT(made); i++) {
			const uint8_t *bytes = prov_secret_bytes(made[i], &len);

			assert_int_equal(len, i);
			for (size_t k = 0; k < i; k++)
				assert_int_equal(bytes[k], i % 255 + 1);
			assert_int_equal(bytes[i], 0);
			prov_secret_free(made[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
/* Memory stays locked when others have it: before them. */
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_locked),
#endif
		cmocka_unit_test(test_base64), cmocka_unit_test(test_strict),
		cmocka_unit_test(test_fd),     cmocka_unit_test(test_equal),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
