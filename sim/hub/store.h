/*
 * The hub's memory, DIR/hub.db. What a call has written is in the file when it returns,
 * outside of a transaction, and so survives the process, however that ends (db.h).
 *
 * Calls return 1 (done, found), 0 (there is none, or there is one already) or -1 (the
 * database fails; the reason is in the log).
 */
#ifndef HUB_STORE_H
#define HUB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

struct store;

struct policy {
	char name[64];
	unsigned rights;
	char primary[SECRET_MAX + 1];
	char secondary[SECRET_MAX + 1];
};

struct store *store_open(int dirfd, char *err, size_t err_bytes);
void store_close(struct store *store);
/* For what else is in the same file. */
struct db *store_db(struct store *store);

/* `module` is empty for the device itself. The caller frees what was found. */
int store_get(struct store *store, const char *id, const char *module,
	      struct device *device);
int store_insert(struct store *store, struct device *device);
/* By device->row. */
int store_update(struct store *store, const struct device *device);
/* The device with its modules, or the one module. */
int store_delete(struct store *store, const char *id, const char *module);

/* It was active, or connected or disconnected, which is kept with the identity. */
int store_seen(struct store *store, const char *id, const char *module, int64_t unix_ms,
	       bool connection);
/* The model id that it named, which is kept with the identity. */
int store_model(struct store *store, const char *id, const char *module,
		const char *model);
/* Fills in what the store does not know, of each device that is read. */
void store_complete_with(struct store *store,
			 void (*complete)(void *with, struct device *device), void *with);

/*
 * Calls `take` for devices in the order in which they were made, after row `after`; those
 * of `id` alone with its modules, all devices without modules when `id` is NULL. `take`
 * may take the texts of the twin by setting them to NULL, and ends it by returning false.
 */
int store_each(struct store *store, int64_t after, const char *id,
	       bool (*take)(void *to, struct device *device), void *to);

/* Counting takes long where there are many; store_devices() knows. */
int store_count(struct store *store, int64_t *all, int64_t *enabled);
int64_t store_devices(const struct store *store);
int store_count_modules(struct store *store, const char *id, int64_t *modules);

int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);

int store_get_policy(struct store *store, const char *name, struct policy *policy);
int store_put_policy(struct store *store, const struct policy *policy);

#endif
