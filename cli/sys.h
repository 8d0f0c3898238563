/* What the operating system is asked: files, folders, programs, groups. */
#ifndef SYS_H
#define SYS_H

#include "dfu.h"

#include <sys/types.h>

/* A small file whole, ended by '\0', to be freed with free(); NULL with errno. */
char *sys_read_file(const char *path, size_t max, size_t *len);

/*
 * Write a file by a temporary one beside it, so that it is there whole or not at all, also
 * when the machine loses its power; after success it is there.
 */
int sys_write_file(const char *path, const void *bytes, size_t len, mode_t mode,
		   struct dfu_error *err);

/* The mode of a file that is a result: 0666 less the umask. */
mode_t sys_file_mode(void);

/* Make a folder and those above it, each with `mode`; being there is fine. */
int sys_make_folder(const char *path, mode_t mode, struct dfu_error *err);

/* Fill an error, with errno's words behind it where `fmt` ends in ": ". */
int sys_fail(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Fill it for a file or folder that cannot be written, by errno: no right, or other. */
int sys_fail_write(const char *path, struct dfu_error *err);
void sys_hint(struct dfu_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The full path of this very program; of one beside it, else in PATH. False when nowhere.
 */
bool sys_self(char *to, size_t bytes);
bool sys_find_program(const char *name, bool beside, char *to, size_t bytes);

/* Run a program and wait: its exit status, 128 and more by a signal, -1 when it is not
   there. With `quiet` it says nothing. */
int sys_run(const char *const *argv, bool quiet);

/* A time-out of so long, or STMIOT_TIMEOUT_MS: tests of silence need not take seconds. */
unsigned sys_timeout_ms(unsigned ms);

/* The name of this user, for lines that are to be typed. */
const char *sys_user(void);

/* Is this user in the group: in this session, or by /etc/group at the next login? */
enum sys_member { SYS_NO_GROUP, SYS_NOT_MEMBER, SYS_AT_NEXT_LOGIN, SYS_MEMBER };
enum sys_member sys_member(const char *group);

/* Words of `path` and `name` with one '/' between; false when that does not fit. */
bool sys_join(char *to, size_t bytes, const char *path, const char *name);

#endif
