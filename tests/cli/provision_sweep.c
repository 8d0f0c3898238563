/*
 * provision_sweep ask FOLDER REQUEST: a request to a board's or a hub's control socket,
 * and its answer.
 *
 * provision_sweep KIND FRESH [ARGUMENT...]: provision sim/b0 at the hub in hub/, with
 * these arguments for `stmiot provision`, and let something go wrong at transfer or
 * request 1, then at 2, and so on to the last. KIND is in the tables below. FRESH is 1
 * when each time begins with the board as it is in fresh/, 0 when it goes on with the
 * record of the time before, and "there" when also the device is in the registry already.
 *
 * After each fault the board's record is whole, and either the old or the new one; the
 * same command run again ends with 0 and the new record; once more, and there is nothing
 * to do (each eighth time). Of one-time memory there is never more than one block in use.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLASH_ADDR  0x08000000u
#define HANG_S      60
#define TIMEOUT_MS  "150" /* of a transfer, and of a request */
#define OTP_BLOCKS  16
#define BLOCK_BYTES 32
#define ARGS_MAX    32
#define TIMES_MAX   400

enum after { LET_RUN, KILL, INTERRUPT };

static const struct kind {
	const char *name, *fault; /* %u is n; a hub's fault is a pattern */
	enum after after;
	bool hub;
} kinds[] = {
	{ "stall", "\"kind\":\"stall\",\"at\":%u", LET_RUN, false },
	{ "timeout", "\"kind\":\"timeout\",\"at\":%u", LET_RUN, false },
	{ "disconnect", "\"kind\":\"disconnect\",\"at\":%u", LET_RUN, false },
	{ "power", "\"kind\":\"power\",\"at\":%u", LET_RUN, false },
	{ "kill", "\"kind\":\"timeout\",\"at\":%u", KILL, false },
	{ "interrupt", "\"kind\":\"timeout\",\"at\":%u", INTERRUPT, false },
	{ "hub-500", "500@%u", LET_RUN, true },
	{ "hub-429", "429@%u", LET_RUN, true },
	{ "hub-401", "401@%u", LET_RUN, true },
	{ "hub-html", "html@%u", LET_RUN, true },
	{ "hub-garbage", "garbage@%u", LET_RUN, true },
	{ "hub-drop", "drop@%u", LET_RUN, true },
	{ "hub-lose", "lose@%u", LET_RUN, true },
	{ "hub-cut", "cut@%u", LET_RUN, true },
	{ "hub-dead", "drop:99@%u", LET_RUN, true },
};

static struct {
	const struct kind *kind;
	bool fresh, exists;
	char *args[ARGS_MAX];
	int n_args;
	unsigned turn; /* which device is next */
	char device[32], old[160];
	char said[16384], told[16384];
	unsigned faults, alone, wrong;
	char doing[128];
} s;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(2);
}

__attribute__((format(printf, 1, 2))) static void wrong(const char *fmt, ...)
{
	va_list ap;

	s.wrong++;
	printf("not ok - %s: ", s.doing);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n%s%s", s.told, s.said);
	fflush(stdout);
}

/* -- board and hub --------------------------------------------------------------------- */

static const char *ask(const char *folder, const char *request)
{
	static char answer[16384];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n = 1;

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/control", dir);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("%s: nobody answers", folder);
	dprintf(fd, "{\"do\":%s}\n", request);
	while (n > 0 && (!len || answer[len - 1] != '\n')) {
		n = read(fd, answer + len, sizeof(answer) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	answer[len] = '\0';
	close(fd);
	close(dir);
	if (!strstr(answer, "\"ok\":true"))
		die("%s: %s: %s", folder, request, answer);
	return answer;
}

static unsigned number(const char *answer, const char *key)
{
	const char *at = strstr(answer, key);

	return at ? (unsigned)atoi(at + strlen(key)) : 0;
}

/* Transfers of the board or requests to the hub so far. */
static unsigned count(void)
{
	return s.kind->hub ? number(ask("hub", "\"status\""), "\"requests\":")
			   : number(ask("sim/b0", "\"status\""), "\"transfers\":");
}

static bool fired(void)
{
	return strstr(ask("sim/b0", "\"status\""), "\"faults\":[]") != NULL;
}

static void disarm(void)
{
	ask("sim/b0", "\"fault\",\"kind\":\"none\"");
	ask("hub", "\"fail\",\"clear\":true");
}

static void arm(unsigned n)
{
	char fault[80], request[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(fault, sizeof(fault), s.kind->fault, n);
#pragma GCC diagnostic pop
	if (s.kind->hub)
		snprintf(request, sizeof(request), "\"fail\",\"pattern\":\"%s\"", fault);
	else
		snprintf(request, sizeof(request), "\"fault\",%s", fault);
	ask(s.kind->hub ? "hub" : "sim/b0", request);
}

static void shell(const char *command)
{
	if (system(command) != 0)
		die("%s", command);
}

/* The board as it was in the beginning, and a run that knows nothing of it. */
static void start_afresh(void)
{
	shell("stmiot -q sim down b0 && cp fresh/*.bin sim/b0/ && "
	      "rm -rf \"$XDG_STATE_HOME/stmiot/provision\" && "
	      "stmiot -q sim up --no-hub --time none >up.txt");
}

static void read_part(const char *file, long at, uint8_t *to, size_t len)
{
	FILE *f = fopen(file, "r");

	if (!f || fseek(f, at, SEEK_SET) != 0 || fread(to, 1, len, f) != len)
		die("%s", file);
	fclose(f);
}

/* The device of the record that counts; empty without one. */
static void read_device(char *to, size_t bytes)
{
	static uint8_t slots[2][RECORD_SLOT_BYTES];
	struct record_view view;

	read_part("sim/b0/flash.bin", RECORD_SLOT_A_ADDR - FLASH_ADDR, slots[0],
		  sizeof(slots));
	to[0] = '\0';
	if (record_choose(slots[0], slots[1], RECORD_SLOT_BYTES, NULL, &view) >= 0 &&
	    !record_text(&view, RECORD_DEVICE_ID, to, bytes))
		record_text(&view, RECORD_REGISTRATION_ID, to, bytes);
}

static unsigned blocks_in_use(void)
{
	static uint8_t otp[OTP_BLOCKS * BLOCK_BYTES + OTP_BLOCKS];
	unsigned used = 0;

	read_part("sim/b0/otp.bin", 0, otp, sizeof(otp));
	for (unsigned i = 0; i < OTP_BLOCKS; i++)
		used += !record_is_blank(otp + i * BLOCK_BYTES, BLOCK_BYTES) ||
			otp[OTP_BLOCKS * BLOCK_BYTES + i] != 0xff;
	return used;
}

/* -- runs ---------------------------------------------------------------------------------- */

static void hear(const char *file, char *to, size_t bytes)
{
	int fd = open(file, O_RDONLY);
	ssize_t n = read(fd, to, bytes - 1);

	to[n > 0 ? n : 0] = '\0';
	close(fd);
}

static pid_t start(bool times_out)
{
	char *argv[ARGS_MAX + 8] = {
		"stmiot", "-v", "-b", "sim:b0", "provision", s.device
	};
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; i < s.n_args; i++)
		argv[6 + i] = s.args[i];
	if (times_out)
		setenv("STMIOT_TIMEOUT_MS", TIMEOUT_MS, 1);
	alarm(HANG_S);
	dup2(open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
	dup2(open("told", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

/* What is said is kept for the search for secrets. */
static int finish(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	hear("said", s.said, sizeof(s.said));
	hear("told", s.told, sizeof(s.told));
	shell("cat said told >>all-that-was-said");
	if (strstr(s.said, "Sanitizer") || strstr(s.said, "runtime error"))
		wrong("a sanitizer complains");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(void)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };
	enum after after = s.kind->after;
	pid_t pid = start(after != KILL);
	siginfo_t info = { 0 };

	while (after != LET_RUN && !fired() && !info.si_pid) {
		nanosleep(&tick, NULL);
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	if (after != LET_RUN)
		kill(pid, after == KILL ? SIGKILL : SIGINT);
	return finish(pid);
}

/* -- judging ------------------------------------------------------------------------------- */

static bool may_end_so(int status)
{
	/* A busy machine may not answer in TIMEOUT_MS: the repeat is to make it good. */
	if (status == 6 && strstr(s.said, "no answer"))
		return true;
	switch (s.kind->after) {
	case KILL:
		return status == 0 || status == -SIGKILL;
	case INTERRUPT:
		return status == 0 || status == 130;
	case LET_RUN:
		break;
	}
	if (status == 5 && s.kind->hub)
		return strstr(s.said, "malformed JSON at byte ");
	return status == 0 || status == 1 ||
	       (s.kind->hub && (status == 6 || status == 4));
}

static void judge_board(void)
{
	char now[160];

	read_device(now, sizeof(now));
	if (strcmp(now, s.device) != 0 && strcmp(now, s.old) != 0)
		wrong("the board is '%s', neither '%s' nor '%s'", now, s.old, s.device);
	if (blocks_in_use() > 1)
		wrong("%u blocks of OTP are in use", blocks_in_use());
}

static void judge_fault(int status)
{
	s.faults++;
	s.alone += status == 0;
	if (!may_end_so(status))
		wrong("status %d", status);
	else if (status > 0 && !strstr(s.said, "stmiot: "))
		wrong("it failed, and does not say why");
	judge_board();
}

static void repeat(void)
{
	char now[160];
	int status;

	disarm();
	status = finish(start(false));
	if (status != 0)
		wrong("status %d when it is repeated", status);
	judge_board();
	read_device(now, sizeof(now));
	if (strcmp(now, s.device) != 0)
		wrong("the board is still '%s' when it was repeated", now);
	if (s.faults % 8 == 0 &&
	    (finish(start(false)) != 0 || !strstr(s.told, "nothing to do")))
		wrong("there is something left to do");
}

/* With keys or a thumbprint that the board does not have. */
static void create_device(void)
{
	bool x509 = s.n_args > 1 && strcmp(s.args[1], "x509") == 0;
	char command[256];

	snprintf(command, sizeof(command), "stmiot -q device create %s%s%064d >created",
		 s.device, x509 ? " --auth x509-selfsigned --thumbprint " : " # ", 1);
	shell(command);
}

static void choose_device(void)
{
	if (s.fresh)
		start_afresh();
	read_device(s.old, sizeof(s.old));
	snprintf(s.device, sizeof(s.device), "%s%s-%u", s.kind->name,
		 s.exists ? "-there" : "", s.turn++);
	if (s.exists)
		create_device();
}

/* One undisturbed run tells how many there are. */
static unsigned undisturbed(void)
{
	unsigned before, after;

	snprintf(s.doing, sizeof(s.doing), "undisturbed");
	choose_device();
	before = count();
	if (finish(start(false)) != 0)
		wrong("it fails");
	after = count();
	repeat();
	return after - before;
}

static void sweep(void)
{
	unsigned last = undisturbed();

	if (!last || last > TIMES_MAX)
		wrong("%u transfers or requests", last);
	for (unsigned n = 1; n <= last && n <= TIMES_MAX; n++) {
		choose_device();
		snprintf(s.doing, sizeof(s.doing), "%s at %u of %u", s.kind->name, n,
			 last);
		arm(n);
		judge_fault(run());
		repeat();
	}
	printf("# %s: %u faults, %u made good at once\n", s.kind->name, s.faults,
	       s.alone);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "ask") == 0) {
		fputs(ask(argv[2], argv[3]), stdout);
		return 0;
	}
	if (argc < 3 || argc - 3 > ARGS_MAX)
		die("usage: provision_sweep KIND FRESH [ARGUMENT...]");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			s.kind = &kinds[i];
	if (!s.kind)
		die("%s", argv[1]);
	s.fresh = strcmp(argv[2], "1") == 0;
	s.exists = strcmp(argv[2], "there") == 0;
	for (int i = 3; i < argc; i++)
		s.args[s.n_args++] = argv[i];
	sweep();
	return s.wrong ? 1 : 0;
}
