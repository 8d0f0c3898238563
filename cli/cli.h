/*
 * What the files of the command share: the command table, option tables, the outcome of a
 * command, and the terminal.
 */
#ifndef CLI_H
#define CLI_H

#include "dfu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses: each tells a script what to do next (stmiot.1, EXIT STATUS). */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_BOARD = 3,
	EXIT_DENIED = 4,
	EXIT_BAD_DATA = 5,
	EXIT_SERVICE = 6,
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143
};

/* -- options: one table yields the parser, --help and completion ------------------- */

enum opt_type {
	OPT_FLAG,   /* bool * */
	OPT_COUNT,  /* unsigned *: how often it appears */
	OPT_TEXT,   /* const char ** */
	OPT_LIST,   /* struct opt_list *: may be given several times */
	OPT_NUMBER, /* uint32_t *, 0x.., decimal, and the suffixes K and M */
	OPT_CHOICE  /* const char **, one of `arg` split at '|' */
};

struct opt_list {
	const char *items[64];
	size_t n;
};

struct opt {
	enum opt_type type;
	char letter;      /* 'o', or 0 */
	const char *name; /* "output" */
	const char *arg;  /* "FILE", "auto|1.8|2.1", NULL for flags */
	const char *help; /* "create, enable: ..." is for these verbs alone */
	void *to;
	bool *given;          /* set when the option appears; may be NULL */
	const char *complete; /* "file", "board", "sim", or NULL */
};

/*
 * Parse `argv` by two tables (either may be NULL). Arguments are moved to the front, in
 * order, and counted. With `leading`, the first argument ends it, and what comes back is
 * its index. -1 after usage_error().
 */
int opts_parse(int argc, char **argv, const struct opt *own, const struct opt *more,
	       bool leading);

/*
 * May the options of `own` that the last opts_parse() took stand with this verb of a
 * command? 0, or EXIT_USAGE after usage_error().
 */
int opts_check_verb(const struct opt *own, const char *verb);

/* Is it for this verb: named at the head of its help, or none is? */
bool opt_is_for(const struct opt *opt, const char *verb);

/* Print a table as --help has it, in 80 columns. */
void opts_help(const struct opt *options);

/* The i-th of the words in "a|b|c", or false behind the last. */
bool opts_word(const char *words, size_t i, char *to, size_t bytes);

/* Parse "0x08000000", "4096", "16K", "1M" whole; false when it is anything else. */
bool parse_number(const char *text, uint32_t *out);

/* Parse "90", "90s", "30m", "1h", "7d" whole, from a second to ten years. */
bool parse_duration(const char *text, uint32_t *seconds);

struct command {
	const char *name;
	/* Gets the arguments without the options, and gives an exit status. */
	int (*run)(int argc, char **argv);
	const char *args; /* "[IMAGE|-]" */
	const char *summary;
	const struct opt *options; /* ends with a row without a name; may be NULL */
	const char *verbs;         /* "show|set|unprotect", else NULL: argv[0] is one */
	const char *complete;      /* what the arguments are: "file", "sim", NULL */
};

const struct command *commands(size_t *n);
const struct command *command_named(const char *name); /* NULL when there is none */

/* Say what is wrong with the command line, and where the help is. Returns EXIT_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Global options, taken on either side of the command. */
struct globals {
	struct opt_list boards; /* -b, else STMIOT_BOARD */
	const char *hub;
	bool no_retry; /* ask a hub once */
	bool json, quiet, no_color;
	bool help, version;
	unsigned verbose;
	const struct command *command; /* the one that runs */
};
extern struct globals globals;
extern const struct opt global_options[];

/* -- the terminal (ui.c): the only place that prints ------------------------------- */

/*
 * Results: stdout. A pipe closed by its reader is no failure: what follows is dropped, so
 * that work on a board is never cut short by it; what only prints asks out_closed().
 */
void out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_bytes(const void *bytes, size_t len);
bool out_closed(void);
void out_begin(void); /* before the first of it */
/* EXIT_DONE, or EXIT_FAILED after saying why it could not be written. */
int out_finish(void);

/* A table of columns, as wide as their widest cells. Cells are copied. */
struct table;
struct table *table_new(unsigned columns, const char *const *heads);
void table_row(struct table *t, const char *const *cells);
/* Print and free it. EXIT_DONE, or EXIT_FAILED after saying that memory ran out. */
int table_print(struct table *t);
void table_free(struct table *t);

/* The colour of what goes to stdout: an escape sequence, or "" where there is none. */
enum tint { TINT_OFF, TINT_GOOD, TINT_NOTE, TINT_BAD, TINT_BOLD, TINT_ORANGE, TINT_BLUE };
const char *tint(enum tint t);

/* May what is on it be drawn over: it is a terminal, and no dumb one. */
bool screen_moves(int fd);
/* Of a terminal that tells it; else 80 columns and 24 rows. */
void screen_size(int fd, unsigned *columns, unsigned *rows);

/*
 * Everything else: stderr, each line behind "stmiot: ". `note` is dropped by -q, `debug`
 * needs -v.
 */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Print an error of libdfu with its hint, behind `where` (may be NULL). The exit status
 * for it.
 */
int report(const char *where, const struct dfu_error *err);
int exit_status(enum dfu_err code);

/* What a device, a file or a server says, with control bytes replaced; four at a time. */
const char *clean(const char *text);

/*
 * Ask a yes-or-no question on the terminal. Without one, or with --json, the answer is no
 * and the message says to give --yes.
 */
bool confirm(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ask for a line on the terminal, without an echo. False when there is no terminal, or
 * nothing came. Wipe `to` afterwards.
 */
bool ask_secret(const char *question, char *to, size_t bytes);

/* Progress bars: one line a board while stderr is a terminal, else nothing. */
struct bar {
	char label[48];
	const char *phase;    /* "erase" */
	uint64_t done, total; /* bytes of this phase */
	uint64_t left_ms;     /* by the plan, at `at_ms` */
	unsigned step_ms;     /* the running step by the plan: the bar moves within it */
	uint64_t at_ms;       /* monotonic time of this news */
	double fraction;      /* of the whole work when the step began, 0..1 */
	double step_fraction; /* what the running step adds */
	const char *verdict;  /* set when it is over */
};
/* A bar as text of at most `columns`: for bars_draw, and for tests. */
void bar_format(const struct bar *bar, uint64_t now_ms, double bytes_per_s,
		unsigned label_width, unsigned columns, char *to, size_t bytes);
double bar_fraction(const struct bar *bar, uint64_t now_ms);
bool bars_wanted(void);
void bars_draw(struct bar *bars, size_t n, uint64_t now_ms);
void bars_end(void);
void bars_lift(void);   /* under the lock: take them off the screen until the next draw */
void screen_lock(void); /* who writes to stderr */
void screen_unlock(void);

uint64_t now_ms(void); /* CLOCK_MONOTONIC */

/* Set by SIGINT and SIGTERM: the signal's number. Handed to libdfu as `cancel`. */
extern volatile int interrupted;

/* -- the virtual boards of `sim` (sim.c) ------------------------------------------- */

struct sim_board {
	char name[64];
	char usbip[160]; /* "usbip://127.0.0.1:41234/1-1" */
	char serial[32];
	char mode[16]; /* "rom", "running", "off" */
	bool attached;
};

/* STMIOT_SIM_DIR, else stmiot/sim in the XDG state folder. */
const char *sim_dir(void);

/* The boards that answer on their control sockets, by name. The caller frees *out. */
int sim_boards(struct sim_board **out, size_t *n, struct dfu_error *err);

#endif
