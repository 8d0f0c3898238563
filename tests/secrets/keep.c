/*
 * Preloaded into all of a test run: keeps what our programs write, for the search for
 * keys that comes after it (tests/secrets/run). In the folder $STMIOT_KEEP each process
 * has
 *
 *     NAME.PID.TIME.argv     its arguments, a zero byte behind each
 *                  .out      what it wrote to standard output, and
 *                  .err      to standard error
 *                  .file-N   to a file: a line with the path, then the bytes in order
 *                  .at-N     to places of a file: the path, then for each a line
 *                            "@OFFSET BYTES", the bytes, and a line's end; blank ones not
 *                  .given-N  a file that it was given by name, or what it was given in
 *                            the environment
 *                  .memory   with STMIOT_KEEP_MEMORY: its memory when it has ended
 *
 * It makes files and pipes out of nothing: no byte goes another way than without it. What
 * goes to sockets is not kept. Of programs that ours start, the arguments are.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define VARIABLE  "STMIOT_HUB_CONNECTION_STRING"
#define HIGH_FD   400 /* out of the way of programs that count on the lowest */
#define GIVEN_MAX 65536
#define STREAMS   1024
#define FILES     256 /* kept open: a program may have a thousand */

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static FILE *(*real_fopen)(const char *, const char *);
static FILE *(*real_fdopen)(int, const char *);
static int (*real_fileno)(FILE *);

static char prefix[4096]; /* empty: not a program of ours */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out_fd = -1, err_fd = -1;
static unsigned n_given;

/* A stream of libc's that we wrote, and the one that it stands for. */
static struct {
	FILE *outer, *inner;
} pairs[STREAMS];

/* A file that is written to, by its path. */
static struct stream {
	char *path; /* and a line's end */
	bool places;
	int to;
} streams[FILES];
static unsigned n_streams;

/* -- writing it down -------------------------------------------------------------- */

/* By system call: whatever stands before libc's functions is not for this. */
static void put(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (fd >= 0 && len > 0) {
		long n = syscall(SYS_write, fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += n;
		len -= (size_t)n;
	}
}

static int begin(const char *suffix, unsigned n)
{
	char path[sizeof(prefix) + 40];
	int low, fd;

	snprintf(path, sizeof(path), n ? "%s.%s-%u" : "%s.%s", prefix, suffix, n);
	low = (int)syscall(SYS_openat, AT_FDCWD, path,
			   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	fd = fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
	syscall(SYS_close, low);
	return fd;
}

static void keep(int *fd, const char *suffix, const void *bytes, size_t len)
{
	int before = errno;

	pthread_mutex_lock(&lock);
	if (*fd < 0)
		*fd = begin(suffix, 0);
	put(*fd, bytes, len);
	pthread_mutex_unlock(&lock);
	errno = before;
}

/* Where this file's bytes are kept; -1 for what is no file. */
static int stream_of(int fd, bool places)
{
	char link[40], path[4096], *gone;
	struct stream *s = streams;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 2);
	path[n > 0 ? n : 0] = '\0';
	/* A file may be gone while it is written to. */
	gone = strstr(path, " (deleted)");
	snprintf(gone ? gone : path + strlen(path), 2, "\n");
	for (; s < streams + FILES && s->path; s++)
		if (s->places == places && strcmp(s->path, path) == 0)
			return s->to;
	/* Of many files the oldest is let go; written again, it is kept in another. */
	s = &streams[n_streams % FILES];
	if (s->path)
		syscall(SYS_close, s->to);
	free(s->path);
	*s = (struct stream){ strdup(path), places,
			      begin(places ? "at" : "file", ++n_streams) };
	put(s->to, path, strlen(path));
	return s->to;
}

static void keep_file(int fd, const void *bytes, size_t len)
{
	int before = errno;

	pthread_mutex_lock(&lock);
	put(stream_of(fd, false), bytes, len);
	pthread_mutex_unlock(&lock);
	errno = before;
}

static void keep_descriptor(int fd, const void *bytes, size_t len)
{
	if (fd == STDOUT_FILENO)
		keep(&out_fd, "out", bytes, len);
	else if (fd == STDERR_FILENO)
		keep(&err_fd, "err", bytes, len);
	else
		keep_file(fd, bytes, len);
}

static bool is_blank(const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	return len > 1 && b[0] == 0xff && memcmp(b, b + 1, len - 1) == 0;
}

static void keep_place(int fd, const void *bytes, size_t len, off_t at)
{
	int before = errno, to;
	char head[64];

	if (is_blank(bytes, len))
		return;
	pthread_mutex_lock(&lock);
	to = stream_of(fd, true);
	put(to, head,
	    (size_t)snprintf(head, sizeof(head), "@%lld %zu\n", (long long)at, len));
	put(to, bytes, len);
	put(to, "\n", 1);
	pthread_mutex_unlock(&lock);
	errno = before;
}

/* -- in libc's place -------------------------------------------------------------- */

static void *find(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

static void find_all(void)
{
	if (real_fdopen)
		return;
	real_write = (ssize_t(*)(int, const void *, size_t))find("write");
	real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))find("pwrite64");
	real_fopen = (FILE * (*)(const char *, const char *)) find("fopen");
	real_fileno = (int (*)(FILE *))find("fileno");
	real_fdopen = (FILE * (*)(int, const char *)) find("fdopen");
}

/* What is about to be written, lest a signal end the program before it is kept. */
ssize_t write(int fd, const void *bytes, size_t len)
{
	find_all();
	if (*prefix)
		keep_descriptor(fd, bytes, len);
	return real_write(fd, bytes, len);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	find_all();
	if (*prefix)
		keep_place(fd, bytes, len, at);
	return real_pwrite(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite64(fd, bytes, len, at);
}

/* What may be needed, where no file can be opened any more (sim/board/sandbox.h). */
static void begin_ahead(void)
{
	pthread_mutex_lock(&lock);
	if (out_fd < 0)
		out_fd = begin("out", 0);
	if (err_fd < 0)
		err_fd = begin("err", 0);
	for (int fd = STDERR_FILENO + 1; fd < HIGH_FD; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
			stream_of(fd, true);
	}
	pthread_mutex_unlock(&lock);
}

int prctl(int option, ...)
{
	unsigned long more[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		more[i] = va_arg(args, unsigned long);
	va_end(args);
	if (*prefix && option == PR_SET_NO_NEW_PRIVS)
		begin_ahead();
	return (int)syscall(SYS_prctl, option, more[0], more[1], more[2], more[3]);
}

/* Standard output and error: libc's own streams do not go through write() above. */
static ssize_t write_descriptor(void *cookie, const char *bytes, size_t len)
{
	int fd = real_fileno(cookie);
	size_t at = 0;

	keep_descriptor(fd, bytes, len);
	while (at < len) {
		ssize_t n = real_write(fd, bytes + at, len - at);

		if (n < 0)
			break;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

static ssize_t write_stream(void *inner, const char *bytes, size_t len)
{
	keep_file(real_fileno(inner), bytes, len);
	return (ssize_t)fwrite(bytes, 1, len, inner);
}

static int seek_stream(void *inner, off64_t *at, int whence)
{
	int rc = fseeko(inner, *at, whence);

	*at = ftello(inner);
	return rc;
}

/* From the pair with `inner`, NULL for a free one, to these. */
static void set_pair(const FILE *inner, FILE *to_outer, FILE *to_inner)
{
	size_t i = 0;

	pthread_mutex_lock(&lock);
	while (i < STREAMS && pairs[i].inner != inner)
		i++;
	if (i == STREAMS)
		abort();
	pairs[i].outer = to_outer;
	pairs[i].inner = to_inner;
	pthread_mutex_unlock(&lock);
}

static int close_stream(void *inner)
{
	set_pair(inner, NULL, NULL);
	return fclose(inner);
}

static FILE *wrap_stream(FILE *inner, const char *mode)
{
	cookie_io_functions_t io = { .write = write_stream,
				     .seek = seek_stream,
				     .close = close_stream };
	FILE *outer;

	if (!inner || !*prefix || *mode == 'r' || strchr(mode, '+'))
		return inner;
	setvbuf(inner, NULL, _IONBF, 0);
	outer = fopencookie(inner, mode, io);
	set_pair(NULL, outer, inner);
	return outer;
}

static void wrap_descriptor(FILE **standard)
{
	cookie_io_functions_t io = { .write = write_descriptor };
	FILE *outer = fopencookie(*standard, "w", io);

	set_pair(NULL, outer, *standard);
	*standard = outer;
}

int fileno(FILE *f)
{
	FILE *inner = f;

	find_all();
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < STREAMS; i++)
		if (pairs[i].outer == f)
			inner = pairs[i].inner;
	pthread_mutex_unlock(&lock);
	return real_fileno(inner);
}

FILE *fopen(const char *path, const char *mode)
{
	find_all();
	return wrap_stream(real_fopen(path, mode), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
	find_all();
	return wrap_stream(real_fdopen(fd, mode), mode);
}

/* -- beginning and end ------------------------------------------------------------ */

static bool is_ours(void)
{
	const char *name = program_invocation_short_name;

	return strncmp(name, "stmiot", 6) == 0 || strncmp(name, "test_", 5) == 0 ||
	       strcmp(name, "compare") == 0;
}

static void keep_given(const void *bytes, size_t len)
{
	int fd = begin("given", ++n_given);

	put(fd, bytes, len);
	syscall(SYS_close, fd);
}

static void keep_if_file(const char *path)
{
	static char bytes[GIVEN_MAX];
	struct stat st;
	int fd;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > GIVEN_MAX)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	keep_given(bytes, (size_t)read(fd, bytes, sizeof(bytes)));
	/* What the memory holds in the end is not to be our doing. */
	explicit_bzero(bytes, sizeof(bytes));
	close(fd);
}

static void keep_arguments(int argc, char **argv, bool given)
{
	int fd = begin("argv", 0);

	for (int i = 0; i < argc; i++) {
		put(fd, argv[i], strlen(argv[i]) + 1);
		if (given && i > 0)
			keep_if_file(argv[i]);
	}
	syscall(SYS_close, fd);
}

__attribute__((constructor)) static void start(int argc, char **argv)
{
	const char *folder = getenv("STMIOT_KEEP"), *variable = getenv(VARIABLE);
	bool child = getenv("STMIOT_KEEP_CHILD") != NULL;
	struct timespec now;

	find_all();
	if (!folder || (!is_ours() && !child))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(prefix, sizeof(prefix), "%s/%s.%d.%lx%09lx", folder,
		 program_invocation_short_name, getpid(), now.tv_sec, now.tv_nsec);
	keep_arguments(argc, argv, is_ours());
	if (!is_ours()) {
		*prefix = '\0';
		return;
	}
	setenv("STMIOT_KEEP_CHILD", "1", 1);
	if (variable)
		keep_given(variable, strlen(variable));
	wrap_descriptor(&stdout);
	wrap_descriptor(&stderr);
	setvbuf(stderr, NULL, _IONBF, 0);
}

/* What is writable and nobody else's, as it was when everything had been freed. */
static void keep_memory(void)
{
	int fd = begin("memory", 0);
	unsigned long from, to;
	char line[4500], mode[5];
	FILE *maps = real_fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    strcmp(mode, "rw-p") == 0)
			put(fd, (const void *)from, to - from);
	if (maps)
		fclose(maps);
}

__attribute__((destructor)) static void end(void)
{
	if (*prefix && getenv("STMIOT_KEEP_MEMORY"))
		keep_memory();
}
