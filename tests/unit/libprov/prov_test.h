/* What the unit tests of libprov begin with. */
#ifndef PROV_TEST_H
#define PROV_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "prov.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The bytes 00 to 1f. */
#define TEST_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static inline struct prov_secret *test_key(const char *base64)
{
	struct prov_secret *key = NULL;

	assert_int_equal(prov_secret_from_base64(base64, strlen(base64), &key, NULL), 0);
	return key;
}

#endif
