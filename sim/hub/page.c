#include "page.h"

#include <stdio.h>
#include <string.h>

#include "crypto.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

static bool read_size(struct call *call, size_t *room)
{
	const char *said = request_header(call->request, "x-ms-max-item-count");
	unsigned long long count = PAGE_DEFAULT;

	if (said && (!parse_whole(said, strlen(said), PAGE_MAX, &count) || count == 0)) {
		refuse(call, ERROR_ARGUMENT,
		       "x-ms-max-item-count is a number from 1 to 1000.");
		return false;
	}
	*room = (size_t)count;
	return true;
}

/* The token is the base64 of a row's number: rows come in the order of their making. */
static bool read_start(struct call *call, int64_t *after)
{
	const char *said = request_header(call->request, "x-ms-continuation");
	unsigned long long row;
	uint8_t digits[24];
	int len;

	*after = 0;
	if (!said || !*said)
		return true;
	len = base64_decode(digits, sizeof(digits), said, strlen(said));
	if (len <= 0 ||
	    !parse_whole((const char *)digits, (size_t)len, INT64_MAX, &row)) {
		refuse(call, ERROR_ARGUMENT, "x-ms-continuation is not one of this hub.");
		return false;
	}
	*after = (int64_t)row;
	return true;
}

bool page_read(struct call *call, struct page *page)
{
	return read_size(call, &page->room) && read_start(call, &page->after);
}

void page_continue(struct call *call, int64_t last)
{
	char digits[24], token[40];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)last);

	base64_encode(token, (const uint8_t *)digits, (size_t)len);
	answer_header(call->answer, "x-ms-continuation", token);
}
