#include "boards.h"
#include "commands.h"
#include "json.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define RETURN_MS                                                                        \
	60000 /* a reset takes moments, leaving RDP 1 a mass erase: 16 s, 32 at most */

static bool yes;

const struct opt option_options[] = {
	{ OPT_FLAG, 'y', "yes", NULL, "do not ask", &yes, NULL, NULL },
	{ 0 },
};

/* -- show -------------------------------------------------------------------------- */

static struct json *fields_json(const struct dfu_options *o)
{
	struct json *j = json_object();
	const char *name;
	uint32_t number;
	char text[32];

	for (size_t i = 0; (name = dfu_options_field(i)) != NULL; i++)
		if (dfu_options_get(o, name, text, sizeof(text), &number, NULL) == 0)
			json_add_number(j, name, number);
	return j;
}

static int show_json(const struct sight *s, const struct dfu_options *o)
{
	struct json *j = json_object();
	char raw[33];

	text_hex(dfu_options_raw(o), 16, raw);
	json_add_text(j, "board", s->name);
	json_add(j, "options", fields_json(o));
	json_add_text(j, "raw", raw);
	return json_print(j);
}

static int show_table(const struct dfu_options *o)
{
	static const char *const heads[] = { "NAME", "VALUE", "MEANING" };
	struct table *t = table_new(3, heads);
	const char *name;
	char text[32];

	for (size_t i = 0; (name = dfu_options_field(i)) != NULL; i++)
		if (dfu_options_get(o, name, text, sizeof(text), NULL, NULL) == 0)
			table_row(t, (const char *const[]){ name, text,
							    dfu_options_help(i) });
	table_print(t);
	return EXIT_DONE;
}

static int show(void)
{
	struct dfu_options *o = NULL;
	struct dfu_error err;
	struct dfu_dev *dev;
	struct sight s;
	int status = board_open(&s, &dev);

	if (status != EXIT_DONE)
		return status;
	if (dfu_options_read(dev, &o, &err) < 0)
		status = report(s.name, &err);
	else
		status = globals.json ? show_json(&s, o) : show_table(o);
	dfu_options_free(o);
	dfu_close(dev);
	return status;
}

/* -- set --------------------------------------------------------------------------- */

static int apply(struct dfu_options *o, int argc, char **argv, struct dfu_error *err)
{
	for (int i = 0; i < argc; i++) {
		char name[24];
		const char *equals = strchr(argv[i], '=');
		int rc;

		snprintf(name, sizeof(name), "%.*s", (int)(equals - argv[i]), argv[i]);
		rc = dfu_options_set(o, name, equals + 1, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The names and values that change, for the question and the verdict. */
static void differences(const struct dfu_options *from, const struct dfu_options *to,
			char *text, size_t bytes)
{
	const char *name;
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; (name = dfu_options_field(i)) != NULL && at < bytes; i++) {
		char was[32], is[32];

		dfu_options_get(from, name, was, sizeof(was), NULL, NULL);
		dfu_options_get(to, name, is, sizeof(is), NULL, NULL);
		if (strcmp(was, is) != 0 && strcmp(name, "nwrp") != 0)
			at += (size_t)snprintf(text + at, bytes - at,
					       "%s%s from %s to %s", at ? ", " : "", name,
					       was, is);
	}
}

/* `changed` is NULL where nothing was to be done. */
static int set_verdict(const struct sight *s, const char *changed)
{
	struct json *j;

	if (!globals.json) {
		out("%s: %s\n", s->name, changed ? changed : "nothing to do");
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_text(j, "changed", changed);
	return json_print(j);
}

/* The chip has been reset: read again, and compare. */
static int confirm_written(const struct sight *s, const uint8_t *want, const char *what)
{
	struct dfu_options *o = NULL;
	struct dfu_dev *dev = NULL;
	struct dfu_error err;
	int status = EXIT_DONE;

	if (!board_reopen(s, RETURN_MS, &dev)) {
		complain("%s: written, but the bootloader does not come back to read it\n"
			 "BOOT0 must be high for that; `stmiot option show` tells",
			 s->name);
		return EXIT_FAILED;
	}
	/* Under RDP level 1 they cannot be read: that is what was asked for. */
	if (dfu_options_read(dev, &o, &err) < 0) {
		status = err.code == DFU_ERR_PROTECTED && want[1] != 0xaa
				 ? EXIT_DONE
				 : report(s->name, &err);
	} else if (memcmp(dfu_options_raw(o), want, 16) != 0) {
		complain("%s: the option bytes are not what was written", s->name);
		status = EXIT_BAD_DATA;
	}
	if (status == EXIT_DONE)
		status = set_verdict(s, what);
	dfu_options_free(o);
	dfu_close(dev);
	return status;
}

static int write_options(const struct sight *s, struct dfu_dev **dev, int argc,
			 char **argv)
{
	struct dfu_options *was = NULL, *o = NULL;
	struct dfu_error err;
	uint8_t want[16];
	char what[400];
	int status = EXIT_DONE, rc = dfu_options_read(*dev, &was, &err);

	if (rc == 0)
		rc = dfu_options_read(*dev, &o, &err);
	if (rc == 0)
		rc = apply(o, argc, argv, &err);
	if (rc < 0) {
		status = report(s->name, &err);
		goto out;
	}
	differences(was, o, what, sizeof(what));
	memcpy(want, dfu_options_raw(o), sizeof(want));
	if (!what[0]) {
		status = set_verdict(s, NULL);
	} else if (!yes &&
		   !confirm("%s: change %s? The board resets%s", s->name, what,
			    want[1] == 0xaa
				    ? ""
				    : ", and flash can then only be erased as a whole")) {
		status = EXIT_USAGE;
	} else {
		rc = dfu_options_write(*dev, o, &err);
		dfu_close(*dev);
		*dev = NULL;
		status = rc < 0 ? report(s->name, &err) : confirm_written(s, want, what);
	}
out:
	dfu_options_free(was);
	dfu_options_free(o);
	return status;
}

static int set(int argc, char **argv)
{
	struct dfu_dev *dev;
	struct sight s;
	int status;

	if (!argc)
		return usage_error("option set takes NAME=VALUE");
	for (int i = 0; i < argc; i++)
		if (!strchr(argv[i], '='))
			return usage_error("\"%s\" is not NAME=VALUE", clean(argv[i]));
	status = board_open(&s, &dev);
	if (status != EXIT_DONE)
		return status;
	status = write_options(&s, &dev, argc, argv);
	dfu_close(dev);
	return status;
}

/* -- unprotect --------------------------------------------------------------------- */

static int unprotect_verdict(const struct sight *s)
{
	struct json *j;

	if (!globals.json) {
		out("%s: not read-protected any more; all flash is erased\n", s->name);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_bool(j, "unprotected", true);
	return json_print(j);
}

static int unprotect(void)
{
	struct dfu_error err;
	struct dfu_dev *dev;
	struct sight s;
	int status = board_open(&s, &dev), rc;

	if (status != EXIT_DONE)
		return status;
	if (!yes &&
	    !confirm("%s: lift the read protection and erase all flash?", s.name)) {
		dfu_close(dev);
		return EXIT_USAGE;
	}
	note("%s: lifting the read protection; the chip erases all flash, which takes 8 "
	     "to 32 s",
	     s.name);
	rc = dfu_unprotect(dev, &err);
	if (rc == 0)
		rc = dfu_journal_forget(board_journal_dir(), dfu_board(dev), &err);
	dfu_close(dev);
	if (rc < 0)
		return report(s.name, &err);
	if (!board_reopen(&s, RETURN_MS, &dev)) {
		complain("%s: unprotected, but the bootloader does not come back\n"
			 "unplug the board and plug it in again",
			 s.name);
		return EXIT_FAILED;
	}
	dfu_close(dev);
	return unprotect_verdict(&s);
}

int cmd_option(int argc, char **argv)
{
	if (strcmp(argv[0], "set") == 0)
		return set(argc - 1, argv + 1);
	if (argc > 1)
		return usage_error("option %s takes no arguments", argv[0]);
	return strcmp(argv[0], "show") == 0 ? show() : unprotect();
}
