#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gdb_own.h"
#include "gdbxml.h"

#define SIGINT_NUMBER  2
#define SIGSEGV_NUMBER 11

/* E01: what it asked for is not there, or not so; an empty answer: we know no such packet. */
static void answer_done(struct gdb *gdb, bool done)
{
	gdb_answer(gdb, done ? "OK" : "E01");
}

/* -- hexadecimal ---------------------------------------------------------------------------- */

/* A number of up to 32 bits; false: there is none, or it is larger. */
static bool number(const char **at, uint32_t *value)
{
	unsigned digits = 0;

	*value = 0;
	for (; gdb_digit(**at) >= 0; (*at)++) {
		if (++digits > 8)
			return false;
		*value = *value << 4 | (uint32_t)gdb_digit(**at);
	}
	return digits > 0;
}

static bool literal(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static char *to_hex(char *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text += sprintf(text, "%02x", bytes[i]);
	return text;
}

static bool from_hex(const char *text, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = gdb_digit(text[2 * i]);
		int low = high < 0 ? -1 : gdb_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* -- registers --------------------------------------------------------------------------------- */

static size_t reg_bytes(unsigned reg)
{
	return reg >= GDB_D0 && reg < GDB_FPSCR ? 8 : 4;
}

static char *print_reg(struct gdb *gdb, char *text, unsigned reg)
{
	uint64_t value = gdb->target.get(gdb->target.ctx, reg);

	/* little endian, as the target is; and so is every host this is built for */
	return to_hex(text, (const uint8_t *)&value, reg_bytes(reg));
}

static bool parse_reg(struct gdb *gdb, const char **text, unsigned reg)
{
	uint64_t value = 0;

	if (!from_hex(*text, (uint8_t *)&value, reg_bytes(reg)))
		return false;
	*text += 2 * reg_bytes(reg);
	gdb->target.set(gdb->target.ctx, reg, value);
	return true;
}

static void do_read_regs(struct gdb *gdb, const char *args)
{
	char text[GDB_REGS * 16 + 1];
	char *at = text;

	(void)args;
	for (unsigned reg = 0; reg < GDB_REGS; reg++)
		at = print_reg(gdb, at, reg);
	gdb_answer(gdb, text);
}

static void do_write_regs(struct gdb *gdb, const char *args)
{
	bool done = true;

	for (unsigned reg = 0; reg < GDB_REGS && done && *args; reg++)
		done = parse_reg(gdb, &args, reg);
	answer_done(gdb, done);
}

static void do_read_reg(struct gdb *gdb, const char *args)
{
	char text[17] = "";
	uint32_t reg;

	if (!number(&args, &reg) || reg >= GDB_REGS) {
		answer_done(gdb, false);
		return;
	}
	print_reg(gdb, text, reg);
	gdb_answer(gdb, text);
}

static void do_write_reg(struct gdb *gdb, const char *args)
{
	uint32_t reg;

	answer_done(gdb, number(&args, &reg) && reg < GDB_REGS && literal(&args, '=') &&
				 parse_reg(gdb, &args, reg));
}

/* -- memory -------------------------------------------------------------------------------------- */

static bool range(const char **args, uint32_t *address, uint32_t *len)
{
	return number(args, address) && literal(args, ',') && number(args, len);
}

static void do_read_memory(struct gdb *gdb, const char *args)
{
	uint8_t bytes[PACKET_BYTES / 2];
	char text[PACKET_BYTES + 1] = "";
	uint32_t address, len;

	if (!range(&args, &address, &len)) {
		answer_done(gdb, false);
		return;
	}
	if (len > sizeof(bytes)) /* less than asked for is allowed */
		len = sizeof(bytes);
	if (!gdb->target.peek(gdb->target.ctx, address, bytes, len)) {
		answer_done(gdb, false);
		return;
	}
	to_hex(text, bytes, len);
	gdb_answer(gdb, text);
}

static void do_write_memory(struct gdb *gdb, const char *args)
{
	uint8_t bytes[PACKET_BYTES / 2];
	uint32_t address, len;

	answer_done(gdb, range(&args, &address, &len) && literal(&args, ':') &&
				 len <= sizeof(bytes) && from_hex(args, bytes, len) &&
				 gdb->target.poke(gdb->target.ctx, address, bytes, len));
}

/* How many bytes of the packet stand behind `args`, which may hold zeros. */
static size_t left(const struct gdb *gdb, const char *args)
{
	return gdb->len - (size_t)((const uint8_t *)args - gdb->packet);
}

static void do_write_binary(struct gdb *gdb, const char *args)
{
	uint32_t address, len;

	answer_done(gdb, range(&args, &address, &len) && literal(&args, ':') &&
				 len == left(gdb, args) &&
				 gdb->target.poke(gdb->target.ctx, address,
						  (const uint8_t *)args, len));
}

/* -- running --------------------------------------------------------------------------------------- */

void gdb_tell_stop(struct gdb *gdb, unsigned signal)
{
	static const char *const names[] = {
		[GDB_WRITES] = "watch",
		[GDB_READS] = "rwatch",
		[GDB_WRITES | GDB_READS] = "awatch",
	};
	char text[48];
	uint32_t address;
	unsigned kinds;
	int len;

	if (gdb->target.state(gdb->target.ctx) == GDB_LOCKED)
		signal = SIGSEGV_NUMBER;
	len = snprintf(text, sizeof(text), "T%02xthread:1;", signal);
	if (signal == SIGTRAP_NUMBER &&
	    gdb->target.watched(gdb->target.ctx, &address, &kinds))
		snprintf(text + len, sizeof(text) - (size_t)len, "%s:%" PRIx32 ";",
			 names[kinds], address);
	gdb_answer(gdb, text);
}

static void do_why(struct gdb *gdb, const char *args)
{
	(void)args;
	gdb_tell_stop(gdb, SIGTRAP_NUMBER);
}

static void set_pc(struct gdb *gdb, const char *args)
{
	uint32_t address;

	if (number(&args, &address))
		gdb->target.set(gdb->target.ctx, GDB_PC, address);
}

static void go(struct gdb *gdb, const char *args)
{
	set_pc(gdb, args);
	gdb->target.resume(gdb->target.ctx);
	gdb->running = true;
}

static void step(struct gdb *gdb, const char *args)
{
	set_pc(gdb, args);
	gdb->target.step(gdb->target.ctx);
	gdb_tell_stop(gdb, SIGTRAP_NUMBER);
}

static void do_vcont(struct gdb *gdb, const char *args)
{
	if (strncmp(args, ";c", 2) == 0 || strncmp(args, ";C", 2) == 0)
		go(gdb, "");
	else if (strncmp(args, ";s", 2) == 0 || strncmp(args, ";S", 2) == 0)
		step(gdb, "");
	else if (strcmp(args, "?") == 0)
		gdb_answer(gdb, "vCont;c;C;s;S");
	else
		gdb_answer(gdb, "");
}

void gdb_interrupt(struct gdb *gdb)
{
	if (!gdb->running)
		return;
	gdb->target.halt(gdb->target.ctx);
	gdb->running = false;
	gdb_tell_stop(gdb, SIGINT_NUMBER);
}

static void do_detach(struct gdb *gdb, const char *args)
{
	(void)args;
	gdb_answer(gdb, "OK");
	gdb->gone = true;
}

static void do_kill(struct gdb *gdb, const char *args)
{
	(void)args;
	gdb->gone = true; /* a board is not killed: it runs on */
}

/* -- break- and watchpoints ---------------------------------------------------------------------------- */

static struct point *find_point(struct gdb *gdb, const struct point *wanted)
{
	for (size_t i = 0; i < POINTS_MAX; i++) {
		struct point *point = &gdb->points[i];

		if (point->used == wanted->used &&
		    (!wanted->used ||
		     (point->kind == wanted->kind && point->address == wanted->address &&
		      point->len == wanted->len)))
			return point;
	}
	return NULL;
}

static bool set_point(struct gdb *gdb, const struct point *point, bool on)
{
	static const unsigned kinds[] = {
		['2'] = GDB_WRITES,
		['3'] = GDB_READS,
		['4'] = GDB_WRITES | GDB_READS,
	};

	if (point->kind >= '2')
		return gdb->target.set_watch(gdb->target.ctx, point->address, point->len,
					     kinds[(unsigned)point->kind], on);
	return gdb->target.set_break(gdb->target.ctx, point->address & ~1u, on);
}

static bool parse_point(const char *args, struct point *point)
{
	point->used = true;
	point->kind = *args;
	if (*args < '0' || *args > '4')
		return false;
	args++;
	return literal(&args, ',') && range(&args, &point->address, &point->len);
}

void gdb_clear_points(struct gdb *gdb)
{
	for (size_t i = 0; i < POINTS_MAX; i++)
		if (gdb->points[i].used)
			set_point(gdb, &gdb->points[i], false);
}

static void do_set_point(struct gdb *gdb, const char *args)
{
	static const struct point nobody = { 0 };
	struct point point = { 0 };
	struct point *place;

	if (!parse_point(args, &point)) {
		answer_done(gdb, false);
		return;
	}
	place = find_point(gdb, &point); /* setting one twice is setting it */
	if (!place) {
		place = find_point(gdb, &nobody);
		if (!place || !set_point(gdb, &point, true)) {
			answer_done(gdb, false);
			return;
		}
		*place = point;
	}
	answer_done(gdb, true);
}

static void do_clear_point(struct gdb *gdb, const char *args)
{
	struct point point = { 0 };
	struct point *place = parse_point(args, &point) ? find_point(gdb, &point) : NULL;

	if (place) {
		set_point(gdb, place, false);
		place->used = false;
	}
	answer_done(gdb, place != NULL);
}

/* -- questions -------------------------------------------------------------------------------------------- */

/* E.4: a part of a document, with 'l' before the last one and 'm' before the others. */
static void answer_part(struct gdb *gdb, const char *document, const char *args)
{
	char text[PACKET_BYTES];
	size_t whole = strlen(document), part;
	uint32_t offset, len;

	if (!range(&args, &offset, &len) || offset > whole) {
		answer_done(gdb, false);
		return;
	}
	part = whole - offset < len ? whole - offset : len;
	if (part > sizeof(text) - 2)
		part = sizeof(text) - 2;
	text[0] = offset + part == whole ? 'l' : 'm';
	memcpy(text + 1, document + offset, part);
	gdb_answer_bytes(gdb, text, part + 1);
}

static void do_features(struct gdb *gdb, const char *args)
{
	answer_part(gdb, gdbxml_target, args);
}

static void do_memory_map(struct gdb *gdb, const char *args)
{
	answer_part(gdb, gdbxml_memory_map, args);
}

static void do_supported(struct gdb *gdb, const char *args)
{
	char text[160];

	(void)args;
	snprintf(text, sizeof(text),
		 "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;"
		 "qXfer:memory-map:read+;vContSupported+;hwbreak+;swbreak+",
		 PACKET_BYTES);
	gdb_answer(gdb, text);
}

static void do_no_ack(struct gdb *gdb, const char *args)
{
	(void)args;
	gdb_answer(gdb, "OK");
	gdb->no_ack = true;
}

static void say(struct gdb *gdb, const char *words)
{
	char text[200] = "O";

	to_hex(text + 1, (const uint8_t *)words, strlen(words));
	gdb_answer(gdb, text);
}

/* `monitor WORDS` */
static void do_monitor(struct gdb *gdb, const char *args)
{
	char words[40] = "";
	size_t len = strlen(args) / 2;

	if (len >= sizeof(words) || !from_hex(args, (uint8_t *)words, len)) {
		answer_done(gdb, false);
	} else if (strcmp(words, "reset") == 0 || strcmp(words, "reset halt") == 0) {
		gdb->target.reset(gdb->target.ctx);
		gdb->target.halt(gdb->target.ctx);
		gdb_answer(gdb, "OK");
	} else if (strcmp(words, "halt") == 0) {
		gdb->target.halt(gdb->target.ctx);
		gdb_answer(gdb, "OK");
	} else {
		say(gdb, "monitor reset: resets the chip, and halts it there\n"
			 "monitor halt\n");
		gdb_answer(gdb, "OK");
	}
}

/* -- the flash, for `load` --------------------------------------------------------- */

static void do_flash_erase(struct gdb *gdb, const char *args)
{
	uint32_t address, len;

	answer_done(gdb, range(&args, &address, &len) &&
				 gdb->target.flash(gdb->target.ctx, address, NULL, len));
}

static void do_flash_write(struct gdb *gdb, const char *args)
{
	uint32_t address;

	answer_done(gdb,
		    number(&args, &address) && literal(&args, ':') &&
			    gdb->target.flash(gdb->target.ctx, address,
					      (const uint8_t *)args, left(gdb, args)));
}

/* -- the table ----------------------------------------------------------------------------- */

/* In the order of looking: the longer names before the letters they begin with. */
static const struct packet {
	const char *name;
	void (*run)(struct gdb *gdb, const char *args);
	const char *answer; /* without `run`: always this */
} packets[] = {
	{ "qSupported", do_supported, NULL },
	{ "QStartNoAckMode", do_no_ack, NULL },
	{ "qXfer:features:read:target.xml:", do_features, NULL },
	{ "qXfer:memory-map:read::", do_memory_map, NULL },
	{ "qAttached", NULL, "1" },
	{ "qfThreadInfo", NULL, "m1" },
	{ "qsThreadInfo", NULL, "l" },
	{ "qSymbol", NULL, "OK" },
	{ "qRcmd,", do_monitor, NULL },
	{ "qCRC:", NULL, "" }, /* it reads the memory itself */
	{ "qC", NULL, "QC1" },
	{ "vCont", do_vcont, NULL },
	{ "vFlashErase:", do_flash_erase, NULL },
	{ "vFlashWrite:", do_flash_write, NULL },
	{ "vFlashDone", NULL, "OK" },
	{ "vKill", do_detach, NULL },
	{ "?", do_why, NULL },
	{ "g", do_read_regs, NULL },
	{ "G", do_write_regs, NULL },
	{ "p", do_read_reg, NULL },
	{ "P", do_write_reg, NULL },
	{ "m", do_read_memory, NULL },
	{ "M", do_write_memory, NULL },
	{ "X", do_write_binary, NULL },
	{ "c", go, NULL },
	{ "s", step, NULL },
	{ "H", NULL, "OK" },
	{ "T", NULL, "OK" },
	{ "Z", do_set_point, NULL },
	{ "z", do_clear_point, NULL },
	{ "D", do_detach, NULL },
	{ "k", do_kill, NULL },
};

void gdb_run_packet(struct gdb *gdb)
{
	const char *body = (const char *)gdb->packet;

	gdb->packet[gdb->len] = 0;
	/* while it runs nothing but an interrupt may come; a packet stops it first */
	gdb_interrupt(gdb);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		size_t len = strlen(packets[i].name);

		if (gdb->len < len || memcmp(body, packets[i].name, len) != 0)
			continue;
		if (packets[i].run)
			packets[i].run(gdb, body + len);
		else
			gdb_answer(gdb, packets[i].answer);
		return;
	}
	gdb_answer(gdb, "");
}
