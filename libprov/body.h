/*
 * The bodies that make devices, [REST]. They hold keys, and are written straight into a
 * secret.
 */
#ifndef PROV_BODY_H
#define PROV_BODY_H

#include "prov.h"

/* The body that creates a device. Without keys the service makes them. */
int body_device(const struct prov_device *device, struct prov_secret **out,
		struct prov_error *err);

/* A bulk request; `op` as [REST] has it: "create", "updateIfMatchETag", ... */
struct body_row {
	const char *op;
	const struct prov_device *device;
	bool auth; /* send its status, keys and thumbprints */
};
int body_bulk(const struct body_row *rows, size_t n, struct prov_secret **out,
	      struct prov_error *err);

#endif
