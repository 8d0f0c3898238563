/* A state folder of a test's own, which holds nothing but the journal of one board. */
#ifndef STATE_FOLDER_H
#define STATE_FOLDER_H

#include <stdlib.h>
#include <unistd.h>

#define SERIAL "357A3A7D3137"

/* The working folder, and XDG_STATE_HOME. For cmocka_run_group_tests(), as the other is. */
static inline int make_state_folder(void **state)
{
	static char folder[] = "/tmp/stmiot-state-XXXXXX";

	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 &&
			       setenv("XDG_STATE_HOME", folder, 1) == 0
		       ? 0
		       : -1;
}

/* -1 when there is more in it. */
static inline int remove_state_folder(void **state)
{
	(void)state;
	unlink("stmiot/provision/" SERIAL ".json");
	unlink("stmiot/provision/" SERIAL ".lock");
	rmdir("stmiot/provision");
	rmdir("stmiot");
	return rmdir(getenv("XDG_STATE_HOME"));
}

#endif
