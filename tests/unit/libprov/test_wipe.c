/*
 * What is freed holds no key: free() is ours here, for libprov and for the libraries that
 * it uses, and looks into every block that this thread gives back. (The fake hub runs in
 * another one.)
 */
#include "fake_hub.h"

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#define OTHER_KEY "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

#define DEVICE                                                                           \
	"{\"deviceId\":\"d1\",\"etag\":\"MQ==\",\"status\":\"enabled\","                 \
	"\"authentication\":{\"type\":\"sas\",\"symmetricKey\":{\"primaryKey\":"         \
	"\"" TEST_KEY "\",\"secondaryKey\":\"" OTHER_KEY "\"}}}"

/* In a block that is freed these would be a leak. */
static struct {
	uint8_t bytes[300];
	size_t len;
	unsigned found;
} needles[8];
static size_t n_needles;
/* To compilers no libc function comes back here. */
static _Thread_local volatile bool watching;

static void look(const uint8_t *block, size_t len)
{
	for (size_t i = 0; i < n_needles; i++)
		if (memmem(block, len, needles[i].bytes, needles[i].len))
			needles[i].found++;
}

#ifdef __SANITIZE_ADDRESS__
/* It has a free() of its own, which calls us. (Not every gcc brings its header along.) */
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
					      void (*)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static void on_malloc(const volatile void *p, size_t len)
{
	(void)p;
	(void)len;
}

static void on_free(const volatile void *p)
{
	if (watching && p)
		look((const uint8_t *)p, __sanitizer_get_allocated_size(p));
}

__attribute__((constructor)) static void install(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void free(void *p)
{
	static void (*real)(void *);

	if (!p)
		return;
	if (!real)
		real = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	if (watching)
		look(p, malloc_usable_size(p));
	real(p);
}

/* A block that moves is freed where it was. */
void *realloc(void *p, size_t len)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *to = malloc(len);

	if (to && p)
		memcpy(to, p, had < len ? had : len);
	if (to)
		free(p);
	return to;
}
#endif

static void add_needle(const void *bytes, size_t len)
{
	assert_true(n_needles < COUNT(needles) && len <= sizeof(needles[0].bytes));
	memcpy(needles[n_needles].bytes, bytes, len);
	needles[n_needles++].len = len;
}

/* Half of a key's text is enough, and all of its bytes. */
static void add_key(const char *base64)
{
	struct prov_secret *key = test_key(base64);
	size_t len;
	const uint8_t *bytes = prov_secret_bytes(key, &len);

	add_needle(bytes, len);
	add_needle(base64, 20);
	add_needle(base64 + 20, 20);
	prov_secret_free(key);
}

static int watch(void **state)
{
	(void)state;
	n_needles = 0;
	memset(needles, 0, sizeof(needles));
	return 0;
}

static void expect_none(void)
{
	watching = false;
	for (size_t i = 0; i < n_needles; i++)
		if (needles[i].found)
			fail_msg("needle %zu is in %u blocks that were freed", i,
				 needles[i].found);
}

/* It can fail. */
static void test_watch(void **state)
{
	char *volatile copy;

	(void)state;
	add_key(TEST_KEY);
	watching = true;
	copy = strdup("a " TEST_KEY);
	copy = realloc(copy, 1000);
	free(copy);
	watching = false;
	assert_int_equal(needles[1].found, 2);
	assert_int_equal(needles[2].found, 2);
}

static void test_texts(void **state)
{
	static const char text[] =
		"HostName=h;SharedAccessKeyName=p;SharedAccessKey=" TEST_KEY;
	struct prov_secret *all = NULL, *token = NULL, *derived = NULL;
	struct prov_connstr cs;

	(void)state;
	add_key(TEST_KEY);
	add_needle("&sig=", 5);
	watching = true;
	assert_int_equal(prov_connstr_parse(text, &cs, NULL), 0);
	assert_int_equal(prov_connstr_format(&cs, &all, NULL), 0);
	assert_int_equal(prov_sas_make(&(struct prov_sas){ "h", "p", cs.key, 4000000000 },
				       &token, NULL),
			 0);
	assert_int_equal(prov_dps_derive_key(cs.key, "r", &derived, NULL), 0);
	prov_secret_free(all);
	prov_secret_free(token);
	prov_secret_free(derived);
	prov_connstr_clear(&cs);
	expect_none();
}

/* Requests and answers with keys, and the token that goes with each. */
static void test_requests(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /devices/d1?", "\"primaryKey\":\"" TEST_KEY "\"", 200, NULL,
		  DEVICE, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE, 0 },
		{ "PUT /devices/d1?", OTHER_KEY, 200, NULL, DEVICE, 0 },
		{ "POST /devices?", TEST_KEY, 200, NULL,
		  "{\"isSuccessful\":true,\"errors\":[]}", 0 },
		{ "GET /devices/d1?", NULL, 500, NULL, DEVICE, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE "x", 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub_opts opts = { .no_retry = true };
	struct prov_hub *hub = fake_open(fake, &opts);
	struct prov_device d1 = { .id = "d1" }, out;
	struct prov_change change = { .set_status = true, .disabled = true };
	struct prov_bulk_row row = { .device = { .id = "b1" } };

	(void)state;
	d1.primary_key = test_key(TEST_KEY);
	d1.secondary_key = test_key(OTHER_KEY);
	row.device.primary_key = test_key(TEST_KEY);
	row.device.secondary_key = test_key(OTHER_KEY);
	add_key(TEST_KEY);
	add_key(OTHER_KEY);
	add_needle("&sig=", 5);
	watching = true;
	assert_int_equal(prov_device_create(hub, &d1, &out, NULL), 0);
	prov_device_clear(&out);
	assert_int_equal(prov_device_get(hub, "d1", &out, NULL), 0);
	prov_device_clear(&out);
	assert_int_equal(prov_device_update(hub, "d1", &change, &out, NULL), 0);
	prov_device_clear(&out);
	assert_int_equal(prov_bulk(hub, PROV_BULK_CREATE, &row, 1, 1, NULL, NULL, NULL),
			 0);
	prov_device_clear(&row.device);
	assert_int_equal(prov_device_get(hub, "d1", &out, NULL), PROV_ERR_SERVICE);
	assert_int_equal(prov_device_get(hub, "d1", &out, NULL), PROV_ERR_ANSWER);
	prov_device_clear(&d1);
	prov_hub_close(hub);
	expect_none();
	fake_end(fake);
}

static void test_token_command(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", "Authorization: Bearer t0ken-of-Entra", 200, NULL,
		  DEVICE, 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub_opts opts = {
		.token_command = "printf t0ken-of; printf %s -Entra",
	};
	struct prov_hub *hub = fake_open(fake, &opts);
	struct prov_device out;

	(void)state;
	add_needle("t0ken-of-Entra", 14);
	watching = true;
	assert_int_equal(prov_device_get(hub, "d1", &out, NULL), 0);
	prov_device_clear(&out);
	prov_hub_close(hub);
	expect_none();
	fake_end(fake);
}

/* The number of a P-256 key is at byte 7 of its DER. */
static void test_x509(void **state)
{
	struct prov_x509 x, again;
	char cert[4096], key[4096], cert_path[] = "/tmp/test_wipe.XXXXXX.pem",
				    key_path[] = "/tmp/test_wipe.XXXXXX.key";
	FILE *f;

	(void)state;
	assert_int_equal(prov_x509_make("d1", 0, 4000000000, NULL, &x, NULL, 0), 0);
	assert_int_equal(prov_x509_cert_pem(&x.cert, cert, sizeof(cert)), 0);
	assert_int_equal(prov_x509_key_pem(&x, key, sizeof(key)), 0);
	f = fdopen(mkstemps(cert_path, 4), "w");
	fputs(cert, f);
	fclose(f);
	f = fdopen(mkstemps(key_path, 4), "w");
	fputs(key, f);
	fclose(f);
	add_needle(x.key_der + 7, 32);
	add_needle(key + 40, 20);
	watching = true;
	assert_int_equal(prov_x509_load(cert_path, key_path, &again, NULL, 0), 0);
	assert_int_equal(prov_x509_key_pem(&again, key, sizeof(key)), 0);
	prov_x509_wipe(&again);
	unlink(cert_path);
	unlink(key_path);
	expect_none();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_watch, watch),
		cmocka_unit_test_setup(test_texts, watch),
		cmocka_unit_test_setup(test_requests, watch),
		cmocka_unit_test_setup(test_token_command, watch),
		cmocka_unit_test_setup(test_x509, watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
