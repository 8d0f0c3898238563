/* A tray of boards: a CSV file of who is to be whom, and the work on all of them. */
#ifndef BATCH_H
#define BATCH_H

#include "csv.h"
#include "provisioning.h"

#define BATCH_JOBS_MAX 64u
#define BATCH_ROWS_MAX 10000u

/* A line of the file. Texts belong to the csv; `hub` is NULL for the usual one. */
struct batch_line {
	unsigned line;
	const char *board, *device_id, *hub;
	unsigned board_column, device_column;
};

/*
 * The lines behind the header "board,device_id[,hub]". False with the place and the words
 * of what is wrong: the header, a field too many or too few, no board, a malformed
 * device id, a board or a device twice. The caller frees *out.
 */
bool batch_lines(const struct csv *csv, struct batch_line **out, size_t *n,
		 struct csv_error *err);

/* Provision all boards of a file, `jobs` at a time. An exit status. */
int batch_run(const char *path, const struct provision_how *how, unsigned jobs,
	      const char *tier);

#endif
