/* Debouncing: levels over time, as "0" and "1" for each millisecond, "e" for an edge. */
#include "mock_bus.h"

#include "board/button.h"

static struct button button;
static uint32_t now;

/* The news that came, a letter each, in order. */
static const char *look(const char *levels)
{
	static char news[64];
	size_t n = 0;
	bool edge = false;

	for (; *levels; levels++) {
		enum button_news what;

		if (*levels == 'e') {
			edge = true;
			continue;
		}
		what = button_look(&button, *levels == '1', edge, now++);
		edge = false;
		if (what != BUTTON_NOTHING)
			news[n++] = what == BUTTON_PRESSED ? 'P' : 'R';
	}
	news[n] = '\0';
	return news;
}

#define LOW  "000000000000000000000000000000"
#define HIGH "111111111111111111111111111111"

static int at_rest(void **state)
{
	(void)state;
	button = (struct button){ 0 };
	now = 0xfffffff0u; /* the clock wraps under way */
	return 0;
}

static void a_clean_press(void **state)
{
	(void)state;
	assert_string_equal(look(LOW HIGH), "P");
	assert_true(button.pressed);
	assert_string_equal(look(HIGH LOW), "R");
	assert_string_equal(look(LOW LOW), "");
}

static void it_takes_as_long_as_it_says(void **state)
{
	(void)state;
	assert_string_equal(look("0111111111111111111110"), "");
	assert_string_equal(look(LOW "0111111111111111111111"), "P");
}

static void bouncing_counts_once(void **state)
{
	(void)state;
	assert_string_equal(look(LOW "101101011" HIGH "0100100" LOW), "PR");
}

static void edges_between_two_looks_count(void **state)
{
	(void)state;
	/* Always high where it is looked at, but never at rest. */
	assert_string_equal(look("111111111e111111111e111111111e1111111111"), "");
	assert_string_equal(look("11111111111"), "P");
}

static void held_at_the_start(void **state)
{
	(void)state;
	assert_string_equal(look(HIGH HIGH), "P");
	assert_string_equal(look(LOW), "R");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_clean_press, at_rest),
		cmocka_unit_test_setup(it_takes_as_long_as_it_says, at_rest),
		cmocka_unit_test_setup(bouncing_counts_once, at_rest),
		cmocka_unit_test_setup(edges_between_two_looks_count, at_rest),
		cmocka_unit_test_setup(held_at_the_start, at_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
