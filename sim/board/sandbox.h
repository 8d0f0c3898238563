/*
 * What this process may do. The programs that run in the board are strangers' code, and
 * an emulator is large: whoever breaks out of it is to find nothing worth it.
 */
#ifndef BOARD_SANDBOX_H
#define BOARD_SANDBOX_H

#include <stddef.h>

/*
 * Root becomes the owner of the folder, before anything is made in it; all others stay who
 * they are. 0, or -1: `err` has the words.
 */
int sandbox_become_owner(int dirfd, char *err, size_t err_bytes);

/*
 * For good, with everything open that is needed: no capabilities; of all files those of the
 * folder alone (where the kernel has Landlock, and else the log says that it has not); no
 * system calls but those that a board makes, on what it has open. What no board ever calls -
 * another program, another process' memory, a new socket, another root - ends the process
 * with SIGSYS; all else that is not allowed fails with EPERM. 0, or -1: `err` has the words.
 */
int sandbox_enter(int dirfd, char *err, size_t err_bytes);

#endif
