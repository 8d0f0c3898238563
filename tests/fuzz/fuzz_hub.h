/* A hub in a folder of its own, empty at the start of each input. */
#ifndef FUZZ_HUB_H
#define FUZZ_HUB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "hub.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static char fuzz_dir[] = "/tmp/stmiot-fuzz-XXXXXX";

static inline void fuzz_remove(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", fuzz_dir);
	if (system(command) != 0)
		perror(fuzz_dir);
}

static inline struct hub *fuzz_hub(void)
{
	/* or the events of a minute's fuzzing would fill the disk */
	static const struct events_settings forgetful = { .retention_ms = 1000 };
	static struct hub hub;
	char err[600];
	int dirfd;

	if (hub.store)
		return &hub;
	must(mkdtemp(fuzz_dir) != NULL);
	atexit(fuzz_remove);
	dirfd = folder_open(fuzz_dir, err, sizeof(err));
	must(dirfd >= 0);
	strcpy(hub.host, "hub.example");
	must(hub_open(&hub, dirfd, &forgetful, err, sizeof(err)) == 0);
	return &hub;
}

static inline bool fuzz_take_id(void *to, struct device *device)
{
	strcpy(to, device->id);
	return false;
}

static inline void fuzz_empty(struct hub *hub)
{
	char id[ID_MAX + 1];

	for (;;) {
		id[0] = '\0';
		must(store_each(hub->store, 0, NULL, fuzz_take_id, id) == 1);
		if (!*id)
			return;
		must(store_delete(hub->store, id, "") == 1);
	}
}

#endif
