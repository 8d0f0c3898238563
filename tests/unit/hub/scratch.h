/* A folder for a test's files, and its end. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[64];
static int scratch_fd;

static inline void scratch_make(void)
{
	strcpy(scratch, "/tmp/stmiot-unit-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scratch_fd >= 0);
}

static inline void scratch_remove(void)
{
	char command[100];

	close(scratch_fd);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	assert_int_equal(system(command), 0);
}

#endif
