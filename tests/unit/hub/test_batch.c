#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "amqp/batch.h"

#define HEADER   "\x00\x53\x70\x45"
#define NO_NAMES "\x00\x53\x73\x45"                 /* properties without any */
#define NAMED    "\x00\x53\x73\xc0\x03\x01\x52\x07" /* a message-id, which is 7 */
#define BODY(n)  "\x00\x53\x75\xa0\x01" n
/* Two messages: one with properties, and one whose descriptor is not the short one. */
#define BATCH                                                                            \
	"\x00\x53\x75\xa0\x0e" NAMED BODY(                                               \
		"x") "\x00\x53\x75\xb0\x00\x00\x00\x0d"                                  \
		     "\x00\x80\x00\x00\x00\x00\x00\x00\x00\x75\xa0\x01y"

struct bytes {
	const char *at;
	size_t len;
};

#define BYTES(text)                                                                      \
	{                                                                                \
		text, sizeof(text) - 1                                                   \
	}

static void takes_a_batch_apart(void **state)
{
	static const struct bytes batches[] = { BYTES(BATCH),
						BYTES(HEADER NO_NAMES BATCH) };

	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		struct batch batch;
		const char *message;
		size_t len;

		assert_true(batch_open(&batch, batches[i].at, batches[i].len));
		assert_true(batch_next(&batch, &message, &len));
		assert_int_equal(len, 14);
		assert_memory_equal(message, NAMED BODY("x"), len);
		assert_true(batch_next(&batch, &message, &len));
		assert_int_equal(len, 13);
		assert_int_equal(message[len - 1], 'y');
		assert_false(batch_next(&batch, &message, &len));
	}
}

static void leaves_messages_alone(void **state)
{
	static const struct bytes others[] = {
		BYTES(""),
		BYTES(HEADER),
		BYTES(BODY("x")),
		BYTES(NAMED BATCH),
		BYTES(BATCH BODY("x")),
		BYTES(BATCH "\x00"),
		BYTES("\x00\x53\x77" BATCH),
		BYTES("\x00\x53\x75\xa0\x04" HEADER),    /* without a body */
		BYTES("\x00\x53\x75\xa1\x06" BODY("x")), /* a string, and not Data */
		BYTES("\x00\x53\x75\xb0\xff\xff\xff\xff" BODY("x")),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct batch batch;

		if (batch_open(&batch, others[i].at, others[i].len))
			fail_msg("number %zu is a batch", i);
	}
}

/* In memory of just their length, for who watches over that. */
static void knows_what_is_cut_short(void **state)
{
	static const char whole[] = BATCH;
	const size_t first = 19; /* is a batch itself */

	(void)state;
	for (size_t len = 1; len < sizeof(whole) - 1; len++) {
		char *part = malloc(len);
		struct batch batch;

		assert_non_null(part);
		memcpy(part, whole, len);
		assert_int_equal(batch_open(&batch, part, len), len == first);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_batch_apart),
		cmocka_unit_test(leaves_messages_alone),
		cmocka_unit_test(knows_what_is_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
