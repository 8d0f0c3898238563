/* The rules, and how the system lets us at boards that are plugged in. */
#ifndef UDEV_H
#define UDEV_H

#include "dfu.h"

#include <sys/types.h>

/* A device of udev/devices.list. */
struct udev_id {
	uint16_t vendor, product;
	const char *mode;         /* "dfu", "serial" */
	const char *manufacturer; /* the string it must bear, or NULL */
	const char *name;
};
const struct udev_id *udev_ids(size_t *n);

const char *udev_rules_text(void); /* the file, as it is installed */
const char *udev_rules_name(void); /* "70-stmiot.rules" */

/* Where the administrator's rules are: STMIOT_UDEV_DIR, else /etc/udev/rules.d. */
const char *udev_dir(void);
bool udev_dir_is_ours(void); /* by STMIOT_UDEV_DIR: needs no root, and no udev */

/* The rules that are in force: the first folder in udev's order that has the file. */
enum udev_state { UDEV_MISSING, UDEV_SAME, UDEV_DIFFERS };
enum udev_state udev_installed(char *path, size_t bytes);

/* The copy of a package: its path, or false. */
bool udev_packaged(char *path, size_t bytes);

/* A board that is plugged in, by sysfs. */
struct udev_board {
	const struct udev_id *id;
	char path[40];  /* "3-2" */
	char node[320]; /* "/dev/bus/usb/003/002" */
	bool has_node;
	char owner[32], group[32];
	mode_t mode;
	bool seat;     /* tagged uaccess */
	bool by_group; /* the group plugdev may read and write */
	bool writable; /* by this process */
};

/* False when `sysfs` has no USB at all. The caller frees *out. */
bool udev_boards(struct udev_board **out, size_t *n);

/* Where sysfs and the devices are: STMIOT_SYSFS and STMIOT_DEV, else /sys and /dev. */
const char *udev_sysfs(void);
const char *udev_dev(void);
/* The line of an attribute file of a device's folder, empty when there is none. */
void udev_attr(const char *folder, const char *name, char *to, size_t bytes);

/* Do the rules act on it, and may we use it? The words say why not, and what mends it. */
bool udev_acts(const struct udev_board *board, char *why, size_t why_bytes, char *mend,
	       size_t mend_bytes);

#endif
