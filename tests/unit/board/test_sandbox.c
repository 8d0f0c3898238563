#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

static char dir[] = "/tmp/stmiot-board-XXXXXX";
static char beside[100]; /* a file of the same user's, outside of the folder */
static int dirfd;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/stmiot-board-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(beside, sizeof(beside), "%s.beside", dir);
	close(open(beside, O_WRONLY | O_CREAT, 0644));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlinkat(dirfd, "chip", 0);
	close(dirfd);
	unlink(beside);
	return rmdir(dir);
}

/* The state of a child of ours in the sandbox, when `act` has ended there. */
static int status_after(int (*act)(void))
{
	char err[200];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_become_owner(dirfd, err, sizeof(err)) < 0 ||
		    sandbox_enter(dirfd, err, sizeof(err)) < 0)
			_exit(99);
		_exit(act());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void must_work(int (*act)(void))
{
	int status = status_after(act);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* -- what a board does ----------------------------------------------------------------- */

static int keep_state(void)
{
	int fd = openat(dirfd, "new.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char byte;

	if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || close(fd) < 0 ||
	    renameat(dirfd, "new.tmp", dirfd, "chip") < 0)
		return 1;
	fd = openat(dirfd, "chip", O_RDWR | O_CLOEXEC);
	if (fd < 0 || read(fd, &byte, 1) != 1 || byte != 'x')
		return 2;
	return unlinkat(dirfd, "chip", 0) == 0 ? 0 : 3;
}

static int compile_code(void)
{
	void *code = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t word;

	if (code == MAP_FAILED || mprotect(code, 4096, PROT_READ | PROT_EXEC) < 0 ||
	    munmap(code, 1 << 20) < 0)
		return 1;
	return getrandom(&word, sizeof(word), 0) == sizeof(word) ? 0 : 2;
}

static int run_a_board(void)
{
	struct clock clock;
	struct board *board;

	clock_init(&clock, CLOCK_NONE);
	board = board_new(NULL, &clock, &host_chip, 1);
	if (!board)
		return 1;
	board_power(board, false);
	board_power(board, true);
	board_boot0(board, false);
	board_reset(board);
	board_run(board);
	board_free(board);
	return 0;
}

static void test_allowed(void **state)
{
	(void)state;
	must_work(keep_state);
	must_work(compile_code);
	must_work(run_a_board);
}

static int abort_itself(void)
{
	abort();
}

static void test_own_end(void **state)
{
	(void)state;
	assert_int_equal(WTERMSIG(status_after(abort_itself)), SIGABRT);
}

/* -- what it is refused ------------------------------------------------------------------ */

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

static bool refused(int rc)
{
	return rc < 0 && (errno == EPERM || errno == EACCES);
}

static int open_files_outside(void)
{
	char over[120];

	snprintf(over, sizeof(over), "../%s.beside", dir + strlen("/tmp/"));
	return refused(open(beside, O_RDONLY)) && refused(open(beside, O_WRONLY)) &&
			       refused(openat(dirfd, beside, O_RDONLY)) &&
			       refused(openat(dirfd, beside, O_WRONLY | O_TRUNC)) &&
			       refused(openat(dirfd, over, O_RDONLY)) &&
			       refused(openat(dirfd, "../new", O_CREAT | O_WRONLY,
					      0600)) &&
			       refused(unlinkat(dirfd, beside, 0)) &&
			       refused(renameat(dirfd, beside, dirfd, "chip"))
		       ? 0
		       : 1;
}

/* Without Landlock there are only the calls by another way than the folder. */
static int open_files_by_path(void)
{
	return refused(open(beside, O_RDONLY)) && refused(unlink(beside)) ? 0 : 1;
}

static void test_files(void **state)
{
	(void)state;
	must_work(has_landlock() ? open_files_outside : open_files_by_path);
	assert_int_equal(access(beside, F_OK), 0);
}

#ifdef __SANITIZE_ADDRESS__
#define REFUSED_TO_FORK true /* it forks for itself */
#else
#define REFUSED_TO_FORK refused(fork())
#endif

static int gain_rights(void)
{
	int pipes[2];

	return REFUSED_TO_FORK && refused(ioctl(0, TIOCSTI, "x")) &&
			       refused(kill(1, 0)) && refused(mkdir("/tmp/x", 0700)) &&
			       refused(pipe(pipes)) && refused(setgid(0)) &&
			       refused((int)syscall(SYS_capset, NULL, NULL))
		       ? 0
		       : 1;
}

static void test_refused(void **state)
{
	(void)state;
	must_work(gain_rights);
}

static int execute(void)
{
	return execl("/bin/true", "true", NULL);
}

static int look_into_another(void)
{
	struct iovec ours = { &dirfd, sizeof(dirfd) };

	return (int)process_vm_readv(getpid(), &ours, 1, &ours, 1, 0);
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int change_root(void)
{
	return chroot(dir);
}

static void test_deadly(void **state)
{
	int (*const acts[])(void) = { execute, look_into_another, make_socket,
				      change_root };

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = status_after(acts[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* -- who it is --------------------------------------------------------------------------- */

static int be_the_owner(void)
{
	struct stat st;

	return fstat(dirfd, &st) == 0 && geteuid() == st.st_uid && getegid() == st.st_gid
		       ? keep_state()
		       : 9;
}

/* Root is the owner of a folder of somebody else's too. */
static void test_owner(void **state)
{
	(void)state;
	if (geteuid() == 0)
		assert_int_equal(fchown(dirfd, 65534, 65534), 0);
	must_work(be_the_owner);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_allowed), IN_DIR(test_own_end), IN_DIR(test_files),
		IN_DIR(test_refused), IN_DIR(test_deadly),  IN_DIR(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
