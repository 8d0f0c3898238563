#include "commands.h"
#include "json.h"
#include "sys.h"
#include "udev.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool dry_run;

const struct opt udev_options[] = {
	{ OPT_FLAG, 'n', "dry-run", NULL, "install, remove: only tell what would be done",
	  &dry_run, NULL, NULL },
	{ 0 },
};

/* -- telling udev ------------------------------------------------------------------ */

static int run_udevadm(const char *const *argv)
{
	char line[256] = "";
	size_t i;

	for (i = 0; argv[i]; i++) {
		size_t at = strlen(line);

		snprintf(line + at, sizeof(line) - at, "%s%s", i ? " " : "", argv[i]);
	}
	if (dry_run) {
		out("run %s\n", line);
		return 0;
	}
	debug("%s", line);
	return sys_run(argv, globals.verbose == 0);
}

/* Apply the rules to boards that are plugged in already, and to no other device. */
static void trigger(const struct udev_id *id)
{
	char vendor[32], product[32];
	const char *const argv[] = {
		"udevadm", "trigger", "--action=change", "--subsystem-match=usb", vendor,
		product,   NULL
	};

	snprintf(vendor, sizeof(vendor), "--attr-match=idVendor=%04x", id->vendor);
	snprintf(product, sizeof(product), "--attr-match=idProduct=%04x", id->product);
	run_udevadm(argv);
}

static void trigger_tty(const struct udev_id *id)
{
	char vendor[48];
	const char *const argv[] = {
		"udevadm", "trigger", "--action=change", "--subsystem-match=tty",
		vendor,    NULL
	};

	snprintf(vendor, sizeof(vendor), "--property-match=ID_VENDOR_ID=%04x",
		 id->vendor);
	run_udevadm(argv);
}

static void tell_udev(void)
{
	static const char *const reload[] = { "udevadm", "control", "--reload-rules",
					      NULL };
	static const char *const settle[] = { "udevadm", "settle", "--timeout=5", NULL };
	size_t n, i;
	const struct udev_id *ids = udev_ids(&n);
	int rc = run_udevadm(reload);

	if (rc != 0 && udev_dir_is_ours())
		return;
	if (rc != 0) {
		note("udev does not answer%s; the rules act once it runs",
		     rc < 0 ? ": there is no udevadm" : "");
		return;
	}
	for (i = 0; i < n; i++) {
		trigger(&ids[i]);
		if (strcmp(ids[i].mode, "serial") == 0)
			trigger_tty(&ids[i]);
	}
	run_udevadm(settle);
}

/* -- install, remove --------------------------------------------------------------- */

static int need_root(const char *verb)
{
	char self[4096];

	if (dry_run || udev_dir_is_ours() || geteuid() == 0)
		return EXIT_DONE;
	complain("udev %s: only root may write to %s\nsudo %s udev %s", verb, udev_dir(),
		 sys_self(self, sizeof(self)) ? self : "stmiot", verb);
	return EXIT_DENIED;
}

/* Rules written by hand, as the walk-throughs tell, that open the board to everyone. */
static void tell_of_others(void)
{
	DIR *dir = opendir(udev_dir());
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char path[1024], *text;

		if (len < 6 || strcmp(entry->d_name + len - 6, ".rules") != 0 ||
		    strcmp(entry->d_name, udev_rules_name()) == 0 ||
		    !sys_join(path, sizeof(path), udev_dir(), entry->d_name))
			continue;
		text = sys_read_file(path, 1 << 20, NULL);
		if (text && strstr(text, "df11"))
			note("%s has rules for the bootloader too%s", clean(path),
			     strstr(text, "0666") ? ", and opens it to everyone" : "");
		free(text);
	}
	if (dir)
		closedir(dir);
	if (!udev_dir_is_ours() &&
	    (access("/usr/lib/udev/rules.d/60-dfu-util.rules", F_OK) == 0 ||
	     access("/lib/udev/rules.d/60-dfu-util.rules", F_OK) == 0))
		note("60-dfu-util.rules covers the bootloader at the seat already; ours "
		     "add the "
		     "group, and boards that run");
}

static void tell_of_group(void)
{
	if (sys_member("plugdev") == SYS_NO_GROUP)
		note("there is no group plugdev: only who sits at the machine may use "
		     "boards\n"
		     "for others: sudo groupadd --system plugdev && sudo usermod -aG "
		     "plugdev USER");
}

static int install_rules(void)
{
	const char *text = udev_rules_text();
	char path[1024], found[1024];
	enum udev_state state = udev_installed(found, sizeof(found));
	struct dfu_error err;
	int status = need_root("install");

	if (status != EXIT_DONE)
		return status;
	if (!sys_join(path, sizeof(path), udev_dir(), udev_rules_name()))
		return usage_error("STMIOT_UDEV_DIR is too long");
	if (state == UDEV_SAME) {
		out("%s is there: nothing to do\n", found);
	} else {
		if (state == UDEV_DIFFERS && strcmp(found, path) != 0)
			note("%s, of a package, differs; ours goes before it", found);
		if (dry_run)
			out("write %s\n", path);
		else if (sys_make_folder(udev_dir(), 0755, &err) < 0 ||
			 sys_write_file(path, text, strlen(text), 0644, &err) < 0)
			return report("udev install", &err);
		else
			out("wrote %s\n", path);
	}
	tell_udev();
	tell_of_others();
	tell_of_group();
	return EXIT_DONE;
}

static int remove_rules(void)
{
	char path[1024], packaged[1024];
	int status = need_root("remove");

	if (status != EXIT_DONE)
		return status;
	if (!sys_join(path, sizeof(path), udev_dir(), udev_rules_name()))
		return usage_error("STMIOT_UDEV_DIR is too long");
	if (access(path, F_OK) != 0) {
		out("%s is not there: nothing to do\n", path);
	} else if (dry_run) {
		out("remove %s\n", path);
	} else if (unlink(path) < 0) {
		bool denied = errno == EACCES || errno == EPERM;

		complain("udev remove: %s: %s", path, strerror(errno));
		return denied ? EXIT_DENIED : EXIT_FAILED;
	} else {
		out("removed %s\n", path);
	}
	tell_udev();
	if (udev_packaged(packaged, sizeof(packaged)))
		note("%s, of a package, stays in force", packaged);
	return EXIT_DONE;
}

/* -- check ------------------------------------------------------------------------- */

static void add_board(struct json *list, const struct udev_board *board, bool acts,
		      const char *why, const char *mend)
{
	struct json *item = json_object();

	json_add_text(item, "path", board->path);
	json_add_format(item, "vid", "%04x", board->id->vendor);
	json_add_format(item, "pid", "%04x", board->id->product);
	json_add_text(item, "name", board->id->name);
	json_add_text(item, "mode", board->id->mode);
	json_add_text(item, "node", board->node);
	json_add_bool(item, "node_exists", board->has_node);
	json_add_text(item, "owner", board->owner);
	json_add_text(item, "group", board->group);
	json_add_format(item, "permissions", "%04o", (unsigned)board->mode);
	json_add_bool(item, "uaccess", board->seat);
	json_add_bool(item, "writable", board->writable);
	json_add_bool(item, "acts", acts);
	if (!acts) {
		json_add_text(item, "why", why);
		json_add_text(item, "mend", mend);
	}
	json_add(list, NULL, item);
}

static void add_row(struct table *table, const struct udev_board *board, bool acts)
{
	char id[48], mode[8];
	const char *cells[] = { board->path,
				id,
				board->node,
				board->owner,
				board->group,
				mode,
				board->seat ? "yes" : "no",
				acts ? "yes" : "no" };

	snprintf(id, sizeof(id), "%04x:%04x", board->id->vendor, board->id->product);
	snprintf(mode, sizeof(mode), "%04o", (unsigned)board->mode & 07777);
	table_row(table, cells);
}

static int check_rules(void)
{
	static const char *const heads[] = { "BOARD", "ID",   "NODE", "OWNER",
					     "GROUP", "MODE", "SEAT", "USABLE" };
	struct table *table = NULL;
	struct json *list = NULL;
	struct udev_board *boards;
	char why[160], mend[4200];
	int status = EXIT_DONE;
	size_t n, i;
	bool has_usb = udev_boards(&boards, &n);

	if (globals.json)
		list = json_array();
	else if (n > 0)
		table = table_new(sizeof(heads) / sizeof(heads[0]), heads);
	for (i = 0; i < n; i++) {
		bool acts = udev_acts(&boards[i], why, sizeof(why), mend, sizeof(mend));

		if (!acts) {
			complain("%s: %s\n%s", boards[i].path, why, mend);
			status = EXIT_DENIED;
		}
		if (globals.json)
			add_board(list, &boards[i], acts, why, mend);
		else
			add_row(table, &boards[i], acts);
	}
	free(boards);
	if (n == 0) {
		complain("udev check: %s\n"
			 "set BOOT0 and press reset for the bootloader, then try again",
			 has_usb ? "no board is plugged in" : "this system has no USB");
		status = EXIT_NO_BOARD;
	}
	if (globals.json && json_print(list) != EXIT_DONE)
		return EXIT_FAILED;
	if (!globals.json && n > 0 && table_print(table) != EXIT_DONE)
		return EXIT_FAILED;
	return status;
}

int cmd_udev(int argc, char **argv)
{
	if (argc > 1)
		return usage_error("udev %s takes no argument, not '%s'", argv[0],
				   clean(argv[1]));
	if (strcmp(argv[0], "install") == 0)
		return install_rules();
	if (strcmp(argv[0], "remove") == 0)
		return remove_rules();
	if (strcmp(argv[0], "check") == 0)
		return check_rules();
	out("%s", udev_rules_text());
	return EXIT_DONE;
}
