/* Options by table: one yields the parser, --help and completion. */
#include "cli.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct globals globals;

const struct opt global_options[] = {
	{ OPT_LIST, 'b', "board", "SEL",
	  "the board: path:3-2, serial:S, usbip://HOST/BUSID, sim:NAME, or a bare path "
	  "or "
	  "serial; may be given several times where a command takes several boards",
	  &globals.boards, NULL, "board" },
	{ OPT_TEXT, 0, "hub", "NAME",
	  "the hub, by the name that 'hub add' gave it (default: "
	  "STMIOT_HUB_CONNECTION_STRING, else that of 'hub use')",
	  &globals.hub, NULL, "hub" },
	{ OPT_FLAG, 0, "no-retry", NULL, "ask a hub once, where it would be asked again",
	  &globals.no_retry, NULL, NULL },
	{ OPT_FLAG, 0, "json", NULL, "print results as JSON", &globals.json, NULL, NULL },
	{ OPT_FLAG, 'q', "quiet", NULL, "print results and what went wrong, nothing else",
	  &globals.quiet, NULL, NULL },
	{ OPT_COUNT, 'v', "verbose", NULL, "say more", &globals.verbose, NULL, NULL },
	{ OPT_FLAG, 0, "no-color", NULL, "no colour (as does NO_COLOR)",
	  &globals.no_color, NULL, NULL },
	{ OPT_FLAG, 'h', "help", NULL, "print the help of the command", &globals.help,
	  NULL, NULL },
	{ OPT_FLAG, 'V', "version", NULL, "print the version", &globals.version, NULL,
	  NULL },
	{ 0 },
};

int usage_error(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (globals.command)
		complain("%s\n'stmiot help %s' tells how it is used", text,
			 globals.command->name);
	else
		complain("%s\n'stmiot help' lists the commands", text);
	return EXIT_USAGE;
}

bool parse_number(const char *text, uint32_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;
	size_t digits = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	for (;; text++, digits++) {
		unsigned digit;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (base == 16 && *text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a') + 10;
		else if (base == 16 && *text >= 'A' && *text <= 'F')
			digit = (unsigned)(*text - 'A') + 10;
		else
			break;
		value = value * base + digit;
		if (value > UINT32_MAX)
			return false;
	}
	if (digits == 0)
		return false;
	if (*text == 'K' || *text == 'k')
		value <<= 10;
	else if (*text == 'M' || *text == 'm')
		value <<= 20;
	else
		text--;
	if (text[1] != '\0' || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

#define DURATION_MAX (10 * 366 * 86400u)

bool parse_duration(const char *text, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t digits = strspn(text, "0123456789"), i;
	uint64_t value = 0, factor = 0;

	if (digits == 0 || digits > 9)
		return false;
	for (i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (text[digits] == '\0')
		factor = 1;
	for (i = 0; factor == 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (text[digits] == units[i].unit && text[digits + 1] == '\0')
			factor = units[i].seconds;
	if (factor == 0 || value == 0 || value > DURATION_MAX / factor)
		return false;
	*seconds = (uint32_t)(value * factor);
	return true;
}

bool opts_word(const char *words, size_t i, char *to, size_t bytes)
{
	size_t len;

	if (!words)
		return false;
	while (i > 0) {
		words = strchr(words, '|');
		if (!words)
			return false;
		words++;
		i--;
	}
	len = strcspn(words, "|");
	if (len >= bytes)
		len = bytes - 1;
	memcpy(to, words, len);
	to[len] = '\0';
	return true;
}

static bool is_choice(const char *words, const char *value)
{
	char word[64];
	size_t i;

	for (i = 0; opts_word(words, i, word, sizeof(word)); i++)
		if (strcmp(word, value) == 0)
			return true;
	return false;
}

static const struct opt *find_long(const struct opt *options, const char *name,
				   size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

static const struct opt *find_short(const struct opt *options, char letter)
{
	for (; options && options->name; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}

static void find_nearest(const struct opt *options, const char *typed, const char **best,
			 unsigned *distance)
{
	for (; options && options->name; options++) {
		unsigned d = text_distance(typed, options->name);

		if (text_resembles(typed, options->name) && d < *distance) {
			*best = options->name;
			*distance = d;
		}
	}
}

static int unknown_long(const char *name, size_t len, const struct opt *own,
			const struct opt *more)
{
	const char *best = NULL;
	unsigned distance = ~0u;
	char typed[64];

	snprintf(typed, sizeof(typed), "%.*s", (int)(len < 63 ? len : 63), name);
	find_nearest(own, typed, &best, &distance);
	find_nearest(more, typed, &best, &distance);
	if (best)
		return usage_error("there is no option --%s; did you mean --%s?",
				   clean(typed), best);
	return usage_error("there is no option --%s", clean(typed));
}

/* What the last opts_parse() took. */
static const struct opt *taken[64];
static size_t n_taken;

static void note_taken(const struct opt *opt)
{
	size_t i;

	for (i = 0; i < n_taken; i++)
		if (taken[i] == opt)
			return;
	if (n_taken < sizeof(taken) / sizeof(taken[0]))
		taken[n_taken++] = opt;
	if (opt->given)
		*opt->given = true;
}

/* Without a value: flags. */
static void take_flag(const struct opt *opt)
{
	if (opt->type == OPT_COUNT)
		++*(unsigned *)opt->to;
	else
		*(bool *)opt->to = true;
	note_taken(opt);
}

static int take_value(const struct opt *opt, const char *value)
{
	struct opt_list *list;

	switch (opt->type) {
	case OPT_FLAG:
	case OPT_COUNT:
		return usage_error("--%s takes no value", opt->name);
	case OPT_TEXT:
		*(const char **)opt->to = value;
		break;
	case OPT_CHOICE:
		if (!is_choice(opt->arg, value))
			return usage_error("--%s %s: it is one of %s", opt->name,
					   clean(value), opt->arg);
		*(const char **)opt->to = value;
		break;
	case OPT_NUMBER:
		if (!parse_number(value, opt->to))
			return usage_error(
				"--%s %s: not a number (such as 4096, 0x08000000, 16K)",
				opt->name, clean(value));
		break;
	case OPT_LIST:
		list = opt->to;
		if (list->n == sizeof(list->items) / sizeof(list->items[0]))
			return usage_error("--%s was given more than %zu times",
					   opt->name, list->n);
		list->items[list->n++] = value;
		break;
	}
	note_taken(opt);
	return 0;
}

static bool wants_value(const struct opt *opt)
{
	return opt->type != OPT_FLAG && opt->type != OPT_COUNT;
}

/* One "--name", "--name=value" or "--name value". Returns how many words it took, or -1.
 */
static int take_long(int argc, char **argv, const struct opt *own, const struct opt *more)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *opt = find_long(own, name, len);

	if (!opt)
		opt = find_long(more, name, len);
	if (!opt) {
		unknown_long(name, len, own, more);
		return -1;
	}
	if (equals)
		return take_value(opt, equals + 1) ? -1 : 1;
	if (!wants_value(opt)) {
		take_flag(opt);
		return 1;
	}
	if (argc < 2) {
		usage_error("--%s needs its %s", opt->name, opt->arg);
		return -1;
	}
	return take_value(opt, argv[1]) ? -1 : 2;
}

/* A bundle such as "-qv", "-b3-2" or "-b 3-2". */
static int take_short(int argc, char **argv, const struct opt *own,
		      const struct opt *more)
{
	const char *at;

	for (at = argv[0] + 1; *at; at++) {
		const struct opt *opt = find_short(own, *at);
		char letter[2] = { *at, '\0' };

		if (!opt)
			opt = find_short(more, *at);
		if (!opt) {
			usage_error("there is no option -%s", clean(letter));
			return -1;
		}
		if (!wants_value(opt)) {
			take_flag(opt);
			continue;
		}
		if (at[1])
			return take_value(opt, at + 1) ? -1 : 1;
		if (argc < 2) {
			usage_error("-%c needs its %s", opt->letter, opt->arg);
			return -1;
		}
		return take_value(opt, argv[1]) ? -1 : 2;
	}
	return 1;
}

int opts_parse(int argc, char **argv, const struct opt *own, const struct opt *more,
	       bool leading)
{
	int at = 0, n = 0;

	n_taken = 0;
	while (at < argc) {
		char *word = argv[at];
		int took;

		if (strcmp(word, "--") == 0) {
			at++;
			break;
		}
		if (word[0] != '-' || word[1] == '\0') {
			if (leading)
				return at;
			argv[n++] = word;
			at++;
			continue;
		}
		took = word[1] == '-' ? take_long(argc - at, argv + at, own, more)
				      : take_short(argc - at, argv + at, own, more);
		if (took < 0)
			return -1;
		at += took;
	}
	if (leading)
		return at;
	while (at < argc)
		argv[n++] = argv[at++];
	return n;
}

/*
 * The verbs that an option is for, "create, enable", up to a colon at the head of its
 * help: their length there; 0 when it is for all.
 */
static size_t verbs_len(const struct opt *opt)
{
	const char *at = opt->help;

	for (;;) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz-");

		at += len;
		if (len > 0 && strncmp(at, ": ", 2) == 0)
			return (size_t)(at - opt->help);
		if (len == 0 || strncmp(at, ", ", 2) != 0)
			return 0;
		at += 2;
	}
}

bool opt_is_for(const struct opt *opt, const char *verb)
{
	const char *at = opt->help, *end = at + verbs_len(opt);
	size_t len = 0;

	if (at == end)
		return true;
	for (; at < end; at += len + 2) {
		len = strcspn(at, ",:");
		if (strlen(verb) == len && memcmp(at, verb, len) == 0)
			return true;
	}
	return false;
}

int opts_check_verb(const struct opt *own, const char *verb)
{
	size_t i;

	for (; own && own->name; own++)
		for (i = 0; i < n_taken; i++)
			if (taken[i] == own && !opt_is_for(own, verb))
				return usage_error("--%s goes with %.*s, not with %s",
						   own->name, (int)verbs_len(own),
						   own->help, verb);
	return 0;
}

#define HELP_COLUMNS 80
#define HELP_INDENT  27

void opts_help(const struct opt *options)
{
	for (; options && options->name; options++) {
		char left[128];
		const char *text = options->help, *next;
		int len;

		len = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s",
			       options->letter ? '-' : ' ',
			       options->letter ? options->letter : ' ',
			       options->letter ? ", " : "  ", options->name,
			       options->arg ? " " : "", options->arg ? options->arg : "");
		if (len >= HELP_INDENT)
			out("%s\n%*s", left, HELP_INDENT, "");
		else
			out("%-*s", HELP_INDENT, left);
		for (;; text = next) {
			size_t n = text_wrap(text, HELP_COLUMNS - HELP_INDENT, &next);

			out("%.*s\n", (int)n, text);
			if (!*next)
				break;
			out("%*s", HELP_INDENT, "");
		}
	}
}
