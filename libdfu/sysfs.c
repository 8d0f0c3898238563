/*
 * Documentation/ABI/testing/sysfs-bus-usb of the kernel: a folder for each device, named by
 * its bus and ports ("3-2.1"), and one for each interface ("3-2.1:1.0").
 */
#include "sysfs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES "/sys/bus/usb/devices"

static const struct dfu_usb_id rom_id = { 0x0483, 0xdf11 };

static bool attribute(const char *folder, const char *name, char *to, size_t bytes)
{
	char path[512], line[128];
	FILE *f;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	copy_clean(to, bytes, line);
	return true;
}

static bool number(const char *folder, const char *name, int base, unsigned *out)
{
	char text[16], *end;

	if (!attribute(folder, name, text, sizeof(text)))
		return false;
	*out = (unsigned)strtoul(text, &end, base);
	return end != text;
}

bool sysfs_board(const char *path, struct dfu_board *board)
{
	unsigned vendor, product, device, bus, address;

	if (!number(path, "idVendor", 16, &vendor) ||
	    !number(path, "idProduct", 16, &product) ||
	    !number(path, "bcdDevice", 16, &device) ||
	    !number(path, "busnum", 10, &bus) || !number(path, "devnum", 10, &address))
		return false;
	memset(board, 0, sizeof(*board));
	board->bus = DFU_BUS_USB;
	snprintf(board->path, sizeof(board->path), "%s", path);
	snprintf(board->selector, sizeof(board->selector), "path:%s", board->path);
	snprintf(board->node, sizeof(board->node), "/dev/bus/usb/%03u/%03u", bus,
		 address);
	board->idVendor = (uint16_t)vendor;
	board->idProduct = (uint16_t)product;
	board->bcdDevice = (uint16_t)device;
	attribute(path, "serial", board->serial, sizeof(board->serial));
	attribute(path, "product", board->product, sizeof(board->product));
	return true;
}

/* [DFU] 4.2.3: class fe, subclass 1, protocol 2. */
static bool is_dfu_interface(const char *folder)
{
	unsigned class, subclass, protocol;

	return number(folder, "bInterfaceClass", 16, &class) && class == 0xfe &&
	       number(folder, "bInterfaceSubClass", 16, &subclass) && subclass == 1 &&
	       number(folder, "bInterfaceProtocol", 16, &protocol) && protocol == 2;
}

static bool is_wanted(const struct dfu_board *b, const struct dfu_usb_id *ids, size_t n)
{
	bool found = b->idVendor == rom_id.vendor && b->idProduct == rom_id.product;

	for (size_t i = 0; i < n; i++)
		found |= b->idVendor == ids[i].vendor && b->idProduct == ids[i].product;
	return found;
}

static int by_path(const void *a, const void *b)
{
	return strverscmp(((const struct dfu_board *)a)->path,
			  ((const struct dfu_board *)b)->path);
}

/* Interfaces, once the devices are known. */
static void find_interfaces(DIR *d, struct dfu_board *boards, size_t n)
{
	struct dirent *e;

	while ((e = readdir(d)) != NULL) {
		const char *colon = strchr(e->d_name, ':');

		for (size_t i = 0; colon && i < n; i++)
			if (strlen(boards[i].path) == (size_t)(colon - e->d_name) &&
			    strncmp(boards[i].path, e->d_name,
				    (size_t)(colon - e->d_name)) == 0)
				boards[i].is_dfu |= is_dfu_interface(e->d_name);
	}
}

int sysfs_scan(const struct dfu_usb_id *ids, size_t n_ids, struct dfu_board **out,
	       size_t *n, struct dfu_error *err)
{
	DIR *d = opendir(DEVICES);
	struct dfu_board board, *more;
	struct dirent *e;

	*out = NULL;
	*n = 0;
	/* A kernel without USB has no boards: that is no error. */
	while (d && (e = readdir(d)) != NULL) {
		/* Devices are named by ports; hubs ("usb1") and interfaces are not for us. */
		if (!strchr(e->d_name, '-') || strchr(e->d_name, ':') ||
		    !sysfs_board(e->d_name, &board) || !is_wanted(&board, ids, n_ids))
			continue;
		more = realloc(*out, (*n + 1) * sizeof(board));
		if (!more) {
			free(*out);
			closedir(d);
			*out = NULL;
			*n = 0;
			return fail(err, DFU_ERR_NOMEM, "no room for a list of boards");
		}
		*out = more;
		more[(*n)++] = board;
	}
	if (d) {
		rewinddir(d);
		find_interfaces(d, *out, *n);
		closedir(d);
	}
	if (*n)
		qsort(*out, *n, sizeof(board), by_path);
	return 0;
}
