/* Where in its partitions a reader is, so that no event is told twice or left out. */
#include "events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void events_filter(const struct events_partition *p, char *to, size_t bytes)
{
	static const char field[] = "amqp.annotation.x-opt-";

	if (p->has_position && *p->offset)
		snprintf(to, bytes, "%soffset > '%s'", field, p->offset);
	else if (p->has_position)
		snprintf(to, bytes, "%ssequence-number > '%" PRId64 "'", field,
			 p->sequence);
	else if (p->since_ms > 0)
		snprintf(to, bytes, "%senqueued-time > '%" PRId64 "'", field,
			 p->since_ms - 1);
	else
		snprintf(to, bytes, "%soffset > '-1'", field);
}

/* Of an event, or as the service says it; one that would break the selector is not used. */
static void keep_offset(char to[EVENTS_OFFSET_MAX], struct prov_bytes offset)
{
	to[0] = '\0';
	if (offset.len >= EVENTS_OFFSET_MAX || memchr(offset.at, '\'', offset.len))
		return;
	memcpy(to, offset.at, offset.len);
	to[offset.len] = '\0';
}

bool events_advance(struct events_partition *p, const struct prov_event *event)
{
	if (p->has_position && event->sequence >= 0 && event->sequence <= p->sequence)
		return false;
	p->has_position = true;
	p->sequence = event->sequence;
	p->enqueued_ms = event->enqueued_ms;
	p->offset[0] = '\0';
	if (event->offset.at)
		keep_offset(p->offset, event->offset);
	return true;
}

static const struct prov_value *find(const struct amqp_named *says, const char *name)
{
	static const struct prov_value none = { .type = PROV_VALUE_NULL };
	const struct prov_named *found = prov_named_find(says->at, says->n, name);

	return found ? &found->value : &none;
}

void events_note_partition(struct events_partition *p, const struct amqp_named *says)
{
	const struct prov_value *v;

	p->first = 0;
	p->last = -1;
	p->last_ms = 0;
	p->last_offset[0] = '\0';
	amqp_number(find(says, "begin_sequence_number"), &p->first);
	amqp_number(find(says, "last_enqueued_sequence_number"), &p->last);
	amqp_number(find(says, "last_enqueued_time_utc"), &p->last_ms);
	v = find(says, "last_enqueued_offset");
	if (v->type == PROV_VALUE_TEXT)
		keep_offset(p->last_offset, v->bytes);
	/* Nothing is left: what was last may still be named as the first. */
	v = find(says, "is_partition_empty");
	if (v->type == PROV_VALUE_BOOL && v->truth)
		p->first = p->last + 1;
}

/* As the caller wants it, before anything was read. */
static void begin(struct events_reader *r, struct events_partition *p)
{
	const struct prov_events_opts *o = &r->opts;

	p->since_ms = o->since == PROV_SINCE_TIME ? o->since_ms : -1;
	for (size_t i = 0; i < o->n_positions; i++) {
		if (o->positions[i].partition != p->index)
			continue;
		p->has_position = true;
		p->sequence = o->positions[i].sequence;
		return;
	}
	if (o->since != PROV_SINCE_LATEST)
		return;
	p->has_position = true;
	p->sequence = p->last;
	memcpy(p->offset, p->last_offset, sizeof(p->offset));
}

static int tell(struct events_reader *r, const struct prov_notice *n,
		struct prov_error *err)
{
	if (r->listener->notice && r->listener->notice(r->listener->ctx, n) != 0)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	return 0;
}

/*
 * Where it went on before. Another Event Hub, which a hub has after a failover, has other
 * numbers, and one that ends before where we were has begun anew.
 */
static int resume(struct events_reader *r, struct events_partition *p,
		  struct prov_error *err)
{
	bool moved = strcmp(r->place.host, r->before.host) != 0 ||
		     strcmp(r->place.entity, r->before.entity) != 0;
	struct prov_notice gap = { .kind = PROV_NOTICE_GAP, .partition = p->index };

	if (p->has_position && (moved || p->last < p->sequence)) {
		p->has_position = false;
		p->since_ms = !moved ? -1 : p->enqueued_ms ? p->enqueued_ms : r->begun_ms;
	}
	if (!p->has_position || p->first <= p->sequence + 1)
		return 0;
	gap.count = (uint64_t)(p->first - p->sequence - 1);
	gap.first = p->sequence + 1;
	gap.last = p->first - 1;
	return tell(r, &gap, err);
}

int events_settle(struct events_reader *r, struct prov_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->n_parts && rc == 0; i++) {
		struct events_partition *p = &r->parts[i];
		struct prov_notice n = { .kind = PROV_NOTICE_PARTITION,
					 .partition = p->index,
					 .first = p->first,
					 .last = p->last,
					 .last_ms = p->last_ms };
		int64_t from = p->first - 1;

		if (r->connected)
			rc = resume(r, p, err);
		else
			begin(r, p);
		if (p->has_position && p->sequence > from)
			from = p->sequence;
		n.count = p->last > from ? (uint64_t)(p->last - from) : 0;
		if (rc == 0)
			rc = tell(r, &n, err);
	}
	r->before = r->place;
	return rc;
}
