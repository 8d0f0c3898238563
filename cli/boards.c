#include "boards.h"
#include "sys.h"
#include "udev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCAN_MS  3000 /* for a USB/IP server to answer */
#define SLICE_MS 100
#define IDS_MAX  16

struct list {
	struct sight *items;
	size_t n;
};

static struct sight *add(struct list *l, const char *name, const struct dfu_board *board)
{
	struct sight *more = realloc(l->items, (l->n + 1) * sizeof(*more)), *s;

	if (!more)
		return NULL;
	l->items = more;
	s = &more[l->n++];
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	if (board)
		s->board = *board;
	snprintf(s->mode, sizeof(s->mode), "%s", s->board.is_dfu ? "dfu" : "serial");
	return s;
}

static bool add_copy(struct list *l, const struct sight *from)
{
	struct sight *s = add(l, from->name, NULL);

	if (s)
		*s = *from;
	return s != NULL;
}

static void nap(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* -- finding ----------------------------------------------------------------------- */

int boards_buses(unsigned *out)
{
	const char *bus = getenv("STMIOT_BUS");

	if (!bus || !*bus || strcmp(bus, "all") == 0)
		*out = BUS_SIM | BUS_USB;
	else if (strcmp(bus, "sim") == 0)
		*out = BUS_SIM;
	else if (strcmp(bus, "usb") == 0)
		*out = BUS_USB;
	else
		return usage_error("STMIOT_BUS is \"%s\"; it is sim, usb or all",
				   clean(bus));
	return EXIT_DONE;
}

static int find_usb(struct list *l)
{
	struct dfu_usb_id ids[IDS_MAX];
	struct dfu_board *boards = NULL;
	struct dfu_error err;
	size_t n_ids, n = 0;
	const struct udev_id *all = udev_ids(&n_ids);
	int rc;

	if (n_ids > IDS_MAX)
		n_ids = IDS_MAX;
	for (size_t i = 0; i < n_ids; i++)
		ids[i] = (struct dfu_usb_id){ all[i].vendor, all[i].product };
	rc = dfu_usb_scan(ids, n_ids, &boards, &n, &err);
	if (rc < 0)
		debug("USB: %s", err.msg);
	for (size_t i = 0; rc == 0 && i < n; i++)
		add(l, boards[i].selector, &boards[i]);
	free(boards);
	return EXIT_DONE;
}

/* What a board that cannot be imported now is still known to be. */
static void describe_sim(struct sight *s, const struct sim_board *sim)
{
	snprintf(s->sim, sizeof(s->sim), "%s", sim->name);
	snprintf(s->usbip, sizeof(s->usbip), "%s", sim->usbip);
	if (strcmp(sim->mode, "rom") != 0)
		snprintf(s->mode, sizeof(s->mode), "%s", sim->mode);
	if (!s->board.serial[0])
		snprintf(s->board.serial, sizeof(s->board.serial), "%s", sim->serial);
	s->board.bus = DFU_BUS_USBIP;
	snprintf(s->board.selector, sizeof(s->board.selector), "%s", sim->usbip);
}

static void look_at_sim(struct list *l, const struct sim_board *sim)
{
	char name[160], host[100], busid[40];
	struct dfu_board *boards = NULL, *board = NULL;
	struct sight *s;
	uint16_t port;
	size_t n = 0;

	if (strcmp(sim->mode, "rom") == 0 &&
	    dfu_usbip_url(sim->usbip, host, sizeof(host), &port, busid, sizeof(busid),
			  NULL) == 0 &&
	    dfu_usbip_scan(host, port, SCAN_MS, &boards, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (strcmp(boards[i].path, busid) == 0)
				board = &boards[i];
	snprintf(name, sizeof(name), "sim:%s", sim->name);
	s = add(l, name, board);
	if (s)
		describe_sim(s, sim);
	free(boards);
}

static int find_sims(struct list *l)
{
	struct sim_board *sims = NULL;
	struct dfu_error err;
	size_t n = 0;

	if (sim_boards(&sims, &n, &err) < 0)
		return report(NULL, &err);
	for (size_t i = 0; i < n; i++)
		look_at_sim(l, &sims[i]);
	free(sims);
	return EXIT_DONE;
}

int boards_find(struct sight **out, size_t *n)
{
	struct list l = { 0 };
	unsigned on;
	int status = boards_buses(&on);

	if (status == EXIT_DONE && (on & BUS_USB))
		status = find_usb(&l);
	if (status == EXIT_DONE && (on & BUS_SIM))
		status = find_sims(&l);
	*out = l.items;
	*n = l.n;
	return status;
}

/* -- selecting --------------------------------------------------------------------- */

static bool begins(const char *text, const char *with, const char **rest)
{
	size_t n = strlen(with);

	*rest = text + n;
	return strncmp(text, with, n) == 0;
}

static void list_boards(const struct sight *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		complain("  %-24s %-14s %s", all[i].name, clean(all[i].board.serial),
			 all[i].mode);
}

/* A virtual board by its name: no need to look at the others. */
static int select_sim(struct list *l, const char *selector, const char *name)
{
	struct sim_board *sims = NULL;
	struct dfu_error err;
	struct sight *s = NULL;
	size_t n = 0;

	if (sim_boards(&sims, &n, &err) < 0)
		return report(NULL, &err);
	for (size_t i = 0; i < n && !s; i++) {
		if (strcmp(sims[i].name, name) != 0)
			continue;
		s = add(l, selector, NULL);
		if (!s)
			break;
		s->board.is_dfu = strcmp(sims[i].mode, "rom") == 0;
		snprintf(s->mode, sizeof(s->mode), "dfu");
		describe_sim(s, &sims[i]);
	}
	free(sims);
	if (s)
		return EXIT_DONE;
	complain("no virtual board \"%s\" is running\n`stmiot sim up` starts one",
		 clean(name));
	return EXIT_NO_BOARD;
}

static int select_usbip(struct list *l, const char *url)
{
	char host[256], busid[40];
	struct dfu_error err;
	struct sight *s;
	uint16_t port;

	if (dfu_usbip_url(url, host, sizeof(host), &port, busid, sizeof(busid), &err) < 0)
		return report(NULL, &err);
	s = add(l, url, NULL);
	if (!s)
		return EXIT_FAILED;
	s->board.bus = DFU_BUS_USBIP;
	s->board.is_dfu = true;
	snprintf(s->mode, sizeof(s->mode), "dfu");
	snprintf(s->usbip, sizeof(s->usbip), "%s", url);
	snprintf(s->board.selector, sizeof(s->board.selector), "%s", url);
	snprintf(s->board.path, sizeof(s->board.path), "%s", busid);
	return EXIT_DONE;
}

enum by { BY_PATH, BY_SERIAL };

static bool is_called(const struct sight *s, enum by by, const char *word)
{
	return by == BY_PATH
		       ? s->board.bus == DFU_BUS_USB && strcmp(s->board.path, word) == 0
		       : strcasecmp(s->board.serial, word) == 0;
}

/* Add the board that is called so: 1, 0 when none is, or -1 after complaining of several. */
static int select_by(struct list *l, const struct sight *all, size_t n, enum by by,
		     const char *word)
{
	const struct sight *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_called(&all[i], by, word))
			continue;
		if (found) {
			complain("%s and %s bear the serial %s\nselect by path",
				 found->name, all[i].name, clean(word));
			return -1;
		}
		found = &all[i];
	}
	if (!found)
		return 0;
	return add_copy(l, found) ? 1 : -1;
}

static int select_in_sight(struct list *l, const char *selector)
{
	const char *word = selector;
	struct sight *all = NULL;
	bool path, serial;
	size_t n = 0;
	int status = boards_find(&all, &n), got = 0;

	path = begins(selector, "path:", &word);
	serial = !path && begins(selector, "serial:", &word);
	if (!path && !serial)
		word = selector;
	if (status == EXIT_DONE && !serial)
		got = select_by(l, all, n, BY_PATH, word);
	if (status == EXIT_DONE && !path && !got)
		got = select_by(l, all, n, BY_SERIAL, word);
	if (status == EXIT_DONE && got <= 0)
		status = EXIT_NO_BOARD;
	if (status == EXIT_NO_BOARD && got == 0) {
		complain("no board \"%s\" is in sight%s", clean(selector),
			 n ? "; these are:" : "");
		list_boards(all, n);
	}
	free(all);
	return status;
}

static int select_one(struct list *l, const char *selector)
{
	const char *rest;

	if (begins(selector, "sim:", &rest))
		return select_sim(l, selector, rest);
	if (begins(selector, "usbip://", &rest))
		return select_usbip(l, selector);
	return select_in_sight(l, selector);
}

static int no_board(void)
{
	complain("no board in its bootloader is in sight\n"
		 "connect BOOT0 to VDD and reset the board (or `stmiot sim up` for a "
		 "virtual one); "
		 "`stmiot doctor` finds what else is wrong");
	return EXIT_NO_BOARD;
}

/* Without a selector: the boards in their bootloader, all of them or the only one. */
static int select_default(struct list *l, bool all, size_t max)
{
	struct sight *seen = NULL;
	size_t n = 0;
	int status = boards_find(&seen, &n);

	for (size_t i = 0; status == EXIT_DONE && i < n; i++)
		if (strcmp(seen[i].mode, "dfu") == 0 && !add_copy(l, &seen[i]))
			status = EXIT_FAILED;
	free(seen);
	if (status != EXIT_DONE)
		return status;
	if (!l->n)
		return no_board();
	if (l->n > 1 && !all) {
		complain("%zu boards are in sight: say which with -b%s", l->n,
			 max > 1 ? ", or --all" : "");
		list_boards(l->items, l->n);
		return EXIT_NO_BOARD;
	}
	return EXIT_DONE;
}

static int refuse_twice(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = i + 1; k < l->n; k++)
			if (strcmp(l->items[i].board.selector,
				   l->items[k].board.selector) == 0)
				return usage_error("%s is selected twice",
						   l->items[i].name);
	return EXIT_DONE;
}

static int select_now(bool all, size_t max, struct list *l)
{
	int status = EXIT_DONE;

	if (all && globals.boards.n)
		return usage_error("--all and -b do not go together");
	if (globals.boards.n > max)
		return usage_error("this goes for one board at a time: give -b once");
	if (!globals.boards.n)
		return select_default(l, all, max);
	for (size_t i = 0; status == EXIT_DONE && i < globals.boards.n; i++)
		status = select_one(l, globals.boards.items[i]);
	return status == EXIT_DONE ? refuse_twice(l) : status;
}

static bool is_meant(const struct sight *s, const char *selector)
{
	const char *colon = strchr(selector, ':'), *word = colon ? colon + 1 : selector;

	return strcmp(s->name, selector) == 0 || strcmp(s->usbip, selector) == 0 ||
	       is_called(s, BY_PATH, word) || is_called(s, BY_SERIAL, word);
}

/* Whether what is selected is in sight, without a word about it: for --wait. */
static bool are_there(void)
{
	struct sight *seen = NULL;
	size_t n = 0, found = 0;
	bool there;

	if (boards_find(&seen, &n) != EXIT_DONE)
		n = 0;
	for (size_t i = 0; i < n; i++)
		found += strcmp(seen[i].mode, "dfu") == 0;
	there = found > 0;
	for (size_t k = 0; there && k < globals.boards.n; k++) {
		there = strncmp(globals.boards.items[k], "usbip://", 8) == 0;
		for (size_t i = 0; i < n && !there; i++)
			there = strcmp(seen[i].mode, "dfu") == 0 &&
				is_meant(&seen[i], globals.boards.items[k]);
	}
	free(seen);
	return there;
}

/* A board of another machine is looked for where its URL says. */
static int find_usbip(struct list *l, const char *url)
{
	char host[256], busid[40];
	struct dfu_board *boards = NULL;
	struct dfu_error err;
	uint16_t port;
	size_t n = 0;
	int rc =
		dfu_usbip_url(url, host, sizeof(host), &port, busid, sizeof(busid), &err);

	if (rc == 0)
		rc = dfu_usbip_scan(host, port, SCAN_MS, &boards, &n, &err);
	if (rc < 0)
		return report(url, &err);
	for (size_t i = 0; i < n; i++) {
		struct sight *s = strcmp(boards[i].path, busid) == 0
					  ? add(l, url, &boards[i])
					  : NULL;

		if (s)
			snprintf(s->usbip, sizeof(s->usbip), "%s", url);
	}
	free(boards);
	return EXIT_DONE;
}

int boards_find_meant(struct sight **out, size_t *n)
{
	struct list l = { 0 };
	struct sight *all = NULL;
	size_t n_all = 0;
	int status = boards_find(&all, &n_all);

	for (size_t k = 0; status == EXIT_DONE && k < globals.boards.n; k++) {
		const char *selector = globals.boards.items[k];
		size_t before = l.n;

		if (strncmp(selector, "usbip://", 8) == 0)
			status = find_usbip(&l, selector);
		for (size_t i = 0; i < n_all && l.n == before; i++)
			if (is_meant(&all[i], selector))
				add_copy(&l, &all[i]);
		if (status == EXIT_DONE && l.n == before) {
			complain("no board \"%s\" is in sight", clean(selector));
			status = EXIT_NO_BOARD;
		}
	}
	free(all);
	*out = l.items;
	*n = l.n;
	return status;
}

static int check_mode(const struct sight *s)
{
	if (strcmp(s->mode, "dfu") == 0)
		return EXIT_DONE;
	complain("%s is not in its bootloader (%s)\n"
		 "set BOOT0 high and reset it%s",
		 s->name, s->mode,
		 s->sim[0] ? " (`stmiot sim boot0 NAME on`, `stmiot sim reset NAME`)"
			   : "");
	return EXIT_NO_BOARD;
}

int boards_select(bool all, size_t max, unsigned wait_s, struct sight **out, size_t *n)
{
	uint64_t end = now_ms() + wait_s * 1000ull;
	struct list l = { 0 };
	int status;

	if (wait_s && !are_there())
		note("waiting %u s for a board", wait_s);
	while (wait_s && now_ms() < end && !interrupted && !are_there())
		nap(SLICE_MS);
	status = select_now(all, max, &l);
	for (size_t i = 0; status == EXIT_DONE && i < l.n; i++)
		status = check_mode(&l.items[i]);
	if (status != EXIT_DONE) {
		free(l.items);
		l = (struct list){ 0 };
	}
	*out = l.items;
	*n = l.n;
	return status;
}

int board_named(const char *selector, struct sight *out)
{
	struct list l = { 0 };
	int status = select_one(&l, selector);

	if (status == EXIT_DONE)
		status = check_mode(&l.items[0]);
	if (status == EXIT_DONE)
		*out = l.items[0];
	free(l.items);
	return status;
}

/* -- opening ----------------------------------------------------------------------- */

struct dfu_settings board_settings(void)
{
	struct dfu_settings set = { .cancel = &interrupted };
	const char *cap = getenv("STMIOT_TIMEOUT_MS");
	uint32_t ms;

	if (cap && parse_number(cap, &ms) && ms)
		set.timeouts = (struct dfu_timeouts){ ms, ms, ms, ms, ms };
	return set;
}

int board_select(struct sight *sight)
{
	struct sight *found;
	size_t n;
	int status = boards_select(false, 1, 0, &found, &n);

	if (status == EXIT_DONE)
		*sight = found[0];
	free(found);
	return status;
}

int board_open(struct sight *sight, struct dfu_dev **out)
{
	struct dfu_settings set = board_settings();
	struct dfu_error err;
	int status = board_select(sight);

	if (status == EXIT_DONE && dfu_open(&sight->board, &set, out, &err) < 0)
		status = report(sight->name, &err);
	return status;
}

bool board_reopen(const struct sight *sight, unsigned timeout_ms, struct dfu_dev **out)
{
	struct dfu_settings set = board_settings();
	uint64_t end = now_ms() + timeout_ms;

	do {
		if (dfu_open(&sight->board, &set, out, NULL) == 0)
			return true;
		nap(SLICE_MS);
	} while (now_ms() < end && !interrupted);
	return false;
}

bool board_returns(const struct sight *sight, unsigned timeout_ms)
{
	struct dfu_dev *dev;

	if (!board_reopen(sight, timeout_ms, &dev))
		return false;
	dfu_close(dev);
	return true;
}

const char *board_layout_summary(const struct dfu_board *b, char *to, size_t bytes)
{
	const struct dfu_layout *l = &b->alts[0].layout;
	uint64_t kib =
		b->n_alts && b->alts[0].has_layout ? dfu_layout_bytes(l) / 1024 : 0;

	if (!kib)
		snprintf(to, bytes, "%s",
			 b->access == DFU_ACCESS_DENIED ? "(no permission)"
			 : b->access == DFU_ACCESS_BUSY ? "(in use)"
							: "");
	else if (kib % 1024)
		snprintf(to, bytes, "%s %u KiB", l->name, (unsigned)kib);
	else
		snprintf(to, bytes, "%s %u MiB", l->name, (unsigned)(kib / 1024));
	return to;
}

const char *board_journal_dir(void)
{
	static char path[400];
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct dfu_error err;

	if (state && *state == '/')
		snprintf(path, sizeof(path), "%s/stmiot/journal", state);
	else
		snprintf(path, sizeof(path), "%s/.local/state/stmiot/journal",
			 home && *home ? home : "/nonexistent");
	if (sys_make_folder(path, 0700, &err) < 0)
		debug("%s", err.msg);
	return path;
}
