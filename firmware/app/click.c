#include "app/click.h"

#include "lib/text.h"

static unsigned count;

void click_next(const struct store_start *start, struct click *out)
{
	out->number = ++count;
	out->id[0] = '\0';
	if (start->named)
		text_format(out->id, sizeof(out->id), "%08x-%u-%u",
			    (unsigned)start->epoch, (unsigned)start->boot, out->number);
}

unsigned click_count(void)
{
	return count;
}
