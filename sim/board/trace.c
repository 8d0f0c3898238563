#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTRIES  (128u * 1024)
#define CROWDED  (ENTRIES / 2) /* the rest is for a slice of the chip's time */
#define ROWS_MAX 80

struct entry {
	int64_t ns, cycle;
	const struct periph_row *row;
	uint32_t pc, value, mask;
	uint32_t offset;
	bool write;
};

struct trace {
	struct mcu *mcu;
	struct entry *ring; /* while somebody watches */
	size_t start, len;
	uint64_t lost;
	bool wanted[ROWS_MAX]; /* by their places in periph_table */
};

struct trace *trace_new(void)
{
	return calloc(1, sizeof(struct trace));
}

void trace_free(struct trace *trace)
{
	if (trace)
		free(trace->ring);
	free(trace);
}

/* -- recording ----------------------------------------------------------------------- */

static void record(void *ctx, const struct periph_row *row, uint32_t offset,
		   uint32_t value, uint32_t mask, bool write)
{
	struct trace *trace = ctx;
	struct sched *sched = mcu_sched(trace->mcu);

	if (!trace->wanted[row - periph_table])
		return;
	if (trace->len == ENTRIES || trace->lost) {
		trace->lost++;
		return;
	}
	trace->ring[(trace->start + trace->len++) % ENTRIES] = (struct entry){
		.ns = sched_ns(sched),
		.cycle = sched->cycle,
		.row = row,
		.pc = mcu_pc(trace->mcu),
		.value = value,
		.mask = mask,
		.offset = offset,
		.write = write,
	};
}

static void attach(struct trace *trace)
{
	if (trace->mcu)
		mcu_trace(trace->mcu, trace->ring ? record : NULL, trace);
}

void trace_wire(struct trace *trace, struct mcu *mcu)
{
	trace->mcu = mcu;
	attach(trace);
}

static bool want(struct trace *trace, const char *name)
{
	for (size_t i = 0; i < periph_count; i++)
		if (strcasecmp(periph_table[i].name, name) == 0)
			return trace->wanted[i] = true;
	return false;
}

bool trace_start(struct trace *trace, const char *const *names, size_t count,
		 char why[TRACE_WHY])
{
	snprintf(why, TRACE_WHY, "somebody traces this board already");
	if (trace->ring)
		return false;
	for (size_t i = 0; i < ROWS_MAX; i++)
		trace->wanted[i] = count == 0;
	for (size_t i = 0; i < count; i++)
		if (!want(trace, names[i])) {
			snprintf(why, TRACE_WHY,
				 "there is no peripheral '%.30s'; RM0090 has the names, "
				 "such as GPIOD and USART3",
				 names[i]);
			return false;
		}
	snprintf(why, TRACE_WHY, "no memory");
	trace->ring = calloc(ENTRIES, sizeof(*trace->ring));
	trace->start = trace->len = 0;
	trace->lost = 0;
	attach(trace);
	return trace->ring != NULL;
}

void trace_stop(struct trace *trace)
{
	free(trace->ring);
	trace->ring = NULL;
	attach(trace);
}

bool trace_crowded(const struct trace *trace)
{
	return trace->ring && trace->len > CROWDED;
}

/* -- reading ------------------------------------------------------------------------- */

static void print(const struct entry *entry, char line[TRACE_LINE])
{
	char name[32], mask[32] = "";

	mcu_register_name(entry->row, entry->offset, name, sizeof(name));
	if (entry->mask != 0xFFFFFFFF)
		snprintf(mask, sizeof(mask), ",\"mask\":\"0x%08" PRIx32 "\"",
			 entry->mask);
	snprintf(line, TRACE_LINE,
		 "{\"ns\":%" PRId64 ",\"cycle\":%" PRId64 ",\"pc\":\"0x%08" PRIx32
		 "\",\"op\":\"%c\",\"register\":\"%s\",\"address\":\"0x%08" PRIx32
		 "\",\"value\":\"0x%08" PRIx32 "\"%s}",
		 entry->ns, entry->cycle, entry->pc, entry->write ? 'W' : 'R', name,
		 entry->row->base + entry->offset, entry->value, mask);
}

bool trace_next(struct trace *trace, char line[TRACE_LINE])
{
	if (!trace->ring)
		return false;
	if (trace->len > 0) {
		print(&trace->ring[trace->start], line);
		trace->start = (trace->start + 1) % ENTRIES;
		trace->len--;
		return true;
	}
	if (!trace->lost)
		return false;
	snprintf(line, TRACE_LINE, "{\"lost\":%" PRIu64 "}", trace->lost);
	trace->lost = 0;
	return true;
}
