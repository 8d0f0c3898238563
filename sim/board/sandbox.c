#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int fail(char *err, size_t err_bytes, const char *what, int code)
{
	snprintf(err, err_bytes, "cannot give up its rights: %s: %s", what,
		 strerror(code));
	return -1;
}

/* -- who it is ----------------------------------------------------------------------- */

int sandbox_become_owner(int dirfd, char *err, size_t err_bytes)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (fstat(dirfd, &st) < 0)
		return fail(err, err_bytes, "the folder's owner", errno);
	if (st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return fail(err, err_bytes, "becoming the folder's owner", errno);
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return (int)syscall(SYS_capset, &header, none);
}

/* -- files: Landlock ----------------------------------------------------------------- */

/* landlock(7): each version of it knows all the rights up to a bit, since Linux 5.13. */
#define FS_V1  ((1ull << 13) - 1)
#define FS_V2  ((1ull << 14) - 1) /* to move between folders */
#define FS_V3  ((1ull << 15) - 1) /* to truncate */
#define FS_V5  ((1ull << 16) - 1) /* ioctl on devices */
#define NET_V4 3ull               /* bind and connect of TCP */
#define ALL_V6 3ull               /* abstract sockets and signals of others */

#define FS_TRUNCATE (1ull << 14)
#define FS_OURS                                                                          \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                  \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE)

/* struct landlock_ruleset_attr as of its version 6, which not every header has. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION);
}

static struct ruleset rights_of(long version)
{
	return (struct ruleset){
		.fs = version >= 5   ? FS_V5
		      : version >= 3 ? FS_V3
		      : version == 2 ? FS_V2
				     : FS_V1,
		.net = version >= 4 ? NET_V4 : 0,
		.scoped = version >= 6 ? ALL_V6 : 0,
	};
}

static size_t ruleset_bytes(long version)
{
	return version >= 6   ? sizeof(struct ruleset)
	       : version >= 4 ? offsetof(struct ruleset, scoped)
			      : offsetof(struct ruleset, net);
}

static long allow_beneath(int rules, int dirfd, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = rights,
						      .parent_fd = dirfd };

	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath,
		       0);
}

/* It looks for leaks in what /proc says of itself. */
static long allow_sanitizer(int rules)
{
	long rc = 0;
#ifdef SANITIZED
	int proc = open("/proc", O_PATH | O_CLOEXEC);

	rc = allow_beneath(rules, proc,
			   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	close(proc);
#else
	(void)rules;
#endif
	return rc;
}

static int restrict_files(int dirfd)
{
	long version = landlock_version();
	struct ruleset rights = rights_of(version);
	int rules, rc = -1;

	if (version < 1) {
		log_event("this kernel has no Landlock: only the rights of its user keep "
			  "the board from other files");
		return 0;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &rights, ruleset_bytes(version),
			     0);
	if (rules < 0)
		return -1;
	if (allow_beneath(rules, dirfd, FS_OURS & rights.fs) == 0 &&
	    allow_sanitizer(rules) == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return rc;
}

/* -- system calls: seccomp ------------------------------------------------------------ */

/* By libc, unicorn, which compiles into memory that it then executes, and ours. */
static const int allowed[] = {
	/* what is open: files, sockets, terminals */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(accept4),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(membarrier),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	/* time and chance */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	/* itself */
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef SANITIZED
	/* leaks are looked for at the end, by a process that stops this one */
	SCMP_SYS(clone),
	SCMP_SYS(ptrace),
	SCMP_SYS(wait4),
	SCMP_SYS(prctl),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getdents),
	SCMP_SYS(getdents64),
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(getppid),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(sched_getaffinity),
#endif
};

/* What a board never does: somebody else is at work in it. */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
#ifndef SANITIZED
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
};

/* Only with this argument; the first is argument 0. */
struct limited {
	int call;
	unsigned argument;
	uint64_t value;
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int add_limited(scmp_filter_ctx filter, int dirfd)
{
	const uint64_t dir = (uint64_t)dirfd;
	const struct limited limited[] = {
#ifndef SANITIZED
		{ SCMP_SYS(openat), 0, dir },
#endif
		{ SCMP_SYS(unlinkat), 0, dir },
		{ SCMP_SYS(renameat), 0, dir },
		{ SCMP_SYS(renameat2), 0, dir },
		/* serial.c: how much is unread; stdio: whether it is a terminal */
		{ SCMP_SYS(ioctl), 1, FIONREAD },
		{ SCMP_SYS(ioctl), 1, TCFLSH },
		{ SCMP_SYS(ioctl), 1, TCGETS },
		{ SCMP_SYS(setsockopt), 1, SOL_SOCKET },
		{ SCMP_SYS(setsockopt), 1, IPPROTO_TCP },
		/* abort(): signals to itself alone */
		{ SCMP_SYS(tgkill), 0, (uint64_t)getpid() },
		{ SCMP_SYS(kill), 0, (uint64_t)getpid() },
	};
	int rc = 0;

	for (size_t i = 0; i < COUNT(limited) && rc == 0; i++) {
		/* the kernel looks at the lower half alone, the rest may be anything */
		struct scmp_arg_cmp same = { limited[i].argument, SCMP_CMP_MASKED_EQ,
					     UINT32_MAX, limited[i].value };

		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, limited[i].call, 1,
					    &same);
	}
	return rc;
}

static int restrict_calls(int dirfd)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? add_limited(filter, dirfd) : -ENOMEM;

	for (size_t i = 0; i < COUNT(allowed) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < COUNT(deadly) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

int sandbox_enter(int dirfd, char *err, size_t err_bytes)
{
	int rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, err_bytes, "no_new_privs", errno);
	if (restrict_files(dirfd) < 0)
		return fail(err, err_bytes, "Landlock", errno);
	if (drop_capabilities() < 0)
		return fail(err, err_bytes, "capabilities", errno);
	rc = restrict_calls(dirfd);
	return rc < 0 ? fail(err, err_bytes, "seccomp", -rc) : 0;
}
