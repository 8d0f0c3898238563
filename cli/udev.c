#include "udev.h"
#include "sys.h"
#include "udev_devices.h"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICE(v, p, m, maker, text) { v, p, m, maker, text },
static const struct udev_id ids[] = { UDEV_DEVICES(DEVICE) };

const struct udev_id *udev_ids(size_t *n)
{
	*n = sizeof(ids) / sizeof(ids[0]);
	return ids;
}

const char *udev_rules_text(void)
{
	return UDEV_RULES_TEXT;
}

const char *udev_rules_name(void)
{
	return UDEV_RULES_NAME;
}

bool udev_dir_is_ours(void)
{
	const char *dir = getenv("STMIOT_UDEV_DIR");

	return dir && *dir;
}

const char *udev_dir(void)
{
	return udev_dir_is_ours() ? getenv("STMIOT_UDEV_DIR") : "/etc/udev/rules.d";
}

/* In the order in which a file hides another of the same name (udev(7)). */
static const char *const package_dirs[] = {
	"/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d",
	"/lib/udev/rules.d",
};

bool udev_packaged(char *path, size_t bytes)
{
	size_t i;

	for (i = 0; i < sizeof(package_dirs) / sizeof(package_dirs[0]); i++)
		if (!udev_dir_is_ours() &&
		    sys_join(path, bytes, package_dirs[i], UDEV_RULES_NAME) &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

enum udev_state udev_installed(char *path, size_t bytes)
{
	enum udev_state state;
	char *text;

	if (!sys_join(path, bytes, udev_dir(), UDEV_RULES_NAME))
		return UDEV_MISSING;
	if (access(path, F_OK) != 0 && !udev_packaged(path, bytes))
		return UDEV_MISSING;
	text = sys_read_file(path, 1 << 20, NULL);
	state = text && strcmp(text, UDEV_RULES_TEXT) == 0 ? UDEV_SAME : UDEV_DIFFERS;
	free(text);
	return state;
}

/* -- boards by sysfs --------------------------------------------------------------- */

const char *udev_sysfs(void)
{
	const char *dir = getenv("STMIOT_SYSFS");

	return dir && *dir ? dir : "/sys";
}

const char *udev_dev(void)
{
	const char *dir = getenv("STMIOT_DEV");

	return dir && *dir ? dir : "/dev";
}

/* The line of an attribute file, empty when there is none. */
void udev_attr(const char *folder, const char *name, char *to, size_t bytes)
{
	char path[1024], *text;

	to[0] = '\0';
	if (!sys_join(path, sizeof(path), folder, name))
		return;
	text = sys_read_file(path, 255, NULL);
	if (!text)
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(to, bytes, "%s", text);
	free(text);
}

static const struct udev_id *id_of(const char *folder)
{
	char vendor[16], product[16], maker[256];
	size_t i;

	udev_attr(folder, "idVendor", vendor, sizeof(vendor));
	udev_attr(folder, "idProduct", product, sizeof(product));
	if (!*vendor || !*product)
		return NULL;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (strtoul(vendor, NULL, 16) != ids[i].vendor ||
		    strtoul(product, NULL, 16) != ids[i].product)
			continue;
		if (!ids[i].manufacturer)
			return &ids[i];
		udev_attr(folder, "manufacturer", maker, sizeof(maker));
		if (strcmp(maker, ids[i].manufacturer) == 0)
			return &ids[i];
	}
	return NULL;
}

/* udev keeps a file a device and tag, named by the node's number. */
static bool has_tag(const struct stat *st)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/udev/tags/uaccess/c%u:%u", major(st->st_rdev),
		 minor(st->st_rdev));
	return S_ISCHR(st->st_mode) && access(path, F_OK) == 0;
}

static void look_at_node(struct udev_board *board)
{
	const struct passwd *owner;
	const struct group *group;
	struct stat st;

	if (stat(board->node, &st) < 0)
		return;
	board->has_node = true;
	board->mode = st.st_mode & 07777;
	owner = getpwuid(st.st_uid);
	snprintf(board->owner, sizeof(board->owner), "%s", owner ? owner->pw_name : "?");
	group = getgrgid(st.st_gid);
	snprintf(board->group, sizeof(board->group), "%s", group ? group->gr_name : "?");
	board->seat = has_tag(&st);
	board->by_group =
		strcmp(board->group, "plugdev") == 0 && (st.st_mode & 060) == 060;
	board->writable = access(board->node, R_OK | W_OK) == 0;
}

static int by_path(const void *a, const void *b)
{
	const struct udev_board *x = a, *y = b;

	return strverscmp(x->path, y->path);
}

bool udev_boards(struct udev_board **out, size_t *n)
{
	char root[1024], folder[1024], bus[16], number[16];
	struct udev_board *boards = NULL;
	const struct dirent *entry;
	DIR *dir;

	*out = NULL;
	*n = 0;
	dir = sys_join(root, sizeof(root), udev_sysfs(), "bus/usb/devices")
		      ? opendir(root)
		      : NULL;
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		const struct udev_id *id;
		struct udev_board *board;
		void *more;

		if (entry->d_name[0] == '.' ||
		    strlen(entry->d_name) >= sizeof(board->path) ||
		    !sys_join(folder, sizeof(folder), root, entry->d_name))
			continue;
		id = id_of(folder);
		more = id ? realloc(boards, (*n + 1) * sizeof(*boards)) : NULL;
		if (!more)
			continue;
		boards = more;
		board = &boards[(*n)++];
		memset(board, 0, sizeof(*board));
		board->id = id;
		strcpy(board->path, entry->d_name);
		udev_attr(folder, "busnum", bus, sizeof(bus));
		udev_attr(folder, "devnum", number, sizeof(number));
		snprintf(board->node, sizeof(board->node), "%.280s/bus/usb/%03u/%03u",
			 udev_dev(), (unsigned)strtoul(bus, NULL, 10) % 1000,
			 (unsigned)strtoul(number, NULL, 10) % 1000);
		look_at_node(board);
	}
	closedir(dir);
	if (*n > 1)
		qsort(boards, *n, sizeof(*boards), by_path);
	*out = boards;
	return true;
}

/* The line that gives this user the group's rights. */
static void mend_group(char *mend, size_t bytes)
{
	switch (sys_member("plugdev")) {
	case SYS_NO_GROUP:
		snprintf(mend, bytes,
			 "sudo groupadd --system plugdev && sudo usermod -aG plugdev %s",
			 sys_user());
		break;
	case SYS_AT_NEXT_LOGIN:
		snprintf(mend, bytes,
			 "log out and in again, for the group plugdev to count");
		break;
	case SYS_NOT_MEMBER:
	case SYS_MEMBER:
		snprintf(mend, bytes,
			 "sudo usermod -aG plugdev %s, then log out and in again",
			 sys_user());
		break;
	}
}

bool udev_acts(const struct udev_board *board, char *why, size_t why_bytes, char *mend,
	       size_t mend_bytes)
{
	char rules[1024], self[4096];

	why[0] = mend[0] = '\0';
	if (!board->has_node) {
		snprintf(why, why_bytes, "%s is not there", board->node);
		snprintf(mend, mend_bytes, "unplug the board and plug it in again");
		return false;
	}
	/* Root may do anything: that says nothing about the rules. */
	if (board->writable && (geteuid() != 0 || board->seat || board->by_group))
		return true;
	if (udev_installed(rules, sizeof(rules)) == UDEV_MISSING) {
		snprintf(why, why_bytes, "the rules are not installed");
		snprintf(mend, mend_bytes, "sudo %s udev install",
			 sys_self(self, sizeof(self)) ? self : "stmiot");
	} else if (!board->seat && !board->by_group) {
		snprintf(why, why_bytes,
			 "the rules are installed and have not acted on it");
		snprintf(mend, mend_bytes, "unplug the board and plug it in again");
	} else {
		snprintf(why, why_bytes,
			 "this session is not at the seat, nor in the group plugdev");
		mend_group(mend, mend_bytes);
	}
	return false;
}
