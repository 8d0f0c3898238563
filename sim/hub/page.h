/* Long lists, a page at a time: x-ms-max-item-count and x-ms-continuation. */
#ifndef HUB_PAGE_H
#define HUB_PAGE_H

#include "call.h"

struct page {
	size_t room;   /* for rows in the answer */
	int64_t after; /* the row of the store that was last on the page before */
};

/* False: a header is wrong, and the request was refused. */
bool page_read(struct call *call, struct page *page);

/* There are more rows, after this one. */
void page_continue(struct call *call, int64_t last);

#endif
