/*
 * sweep FOLDER KIND...: flash a virtual board, and let something go wrong at transfer 1,
 * then at transfer 2, and so on to the last. FOLDER is the board's, KIND is in the table
 * below.
 *
 * Each time the command must end by itself, with the right status and words; the same
 * command run again must end with 0 and the image in flash; and no other byte of the
 * flash may have changed. Prints a line for each kind, and what was wrong for each n.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLASH_ADDR  0x08000000u
#define FLASH_BYTES 0x100000u
#define HANG_S      30
#define TIMEOUT_MS                                                                       \
	"10"       /* of a transfer, and of what the board wants to be waited for  \
			  */
#define LEAVING 12 /* transfers at the end of a run that also starts the program */

/* Two sectors, both with bytes before, behind and in the middle of a word to be kept. */
static const struct element {
	uint32_t addr, len;
} elements[] = { { 0x08000000, 2999 }, { 0x08005001, 5002 } };

enum after { LET_RUN, KILL, INTERRUPT };

/* %u is n, then the same n. */
static const struct kind {
	const char *name, *fault;
	enum after after;
	bool starts; /* without --no-start: only the last transfers are of interest */
} kinds[] = {
	{ "stall", "\"kind\":\"stall\",\"at\":%u", LET_RUN, false },
	{ "timeout", "\"kind\":\"timeout\",\"at\":%u", LET_RUN, false },
	{ "disconnect", "\"kind\":\"disconnect\",\"at\":%u", LET_RUN, false },
	{ "power", "\"kind\":\"power\",\"at\":%u", LET_RUN, false },
	{ "kill", "\"kind\":\"timeout\",\"at\":%u", KILL, false },
	{ "interrupt", "\"kind\":\"timeout\",\"at\":%u", INTERRUPT, false },
	{ "leave-stall", "\"kind\":\"stall\",\"at\":%u", LET_RUN, true },
	{ "leave-timeout", "\"kind\":\"timeout\",\"at\":%u", LET_RUN, true },
	{ "leave-disconnect", "\"kind\":\"disconnect\",\"at\":%u", LET_RUN, true },
	{ "leave-power", "\"kind\":\"power\",\"at\":%u", LET_RUN, true },
};

static struct {
	const char *folder;
	char selector[80];
	char image[2][32];
	uint8_t bytes[2][2][8192]; /* of each image's elements */
	unsigned turn;             /* which image is next */
	uint8_t before[FLASH_BYTES], after[FLASH_BYTES];
	char said[8192];
	unsigned faults, alone, repeats; /* of this kind */
	unsigned wrong;
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
	printf("\n%s", s.said);
	fflush(stdout);
}

/* -- the board --------------------------------------------------------------------- */

static const char *ask(const char *request)
{
	static char answer[8192];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int folder = open(s.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n = 1;

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/control", folder);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("%s: no board", s.folder);
	dprintf(fd, "{\"do\":%s}\n", request);
	while (n > 0 && (!len || answer[len - 1] != '\n')) {
		n = read(fd, answer + len, sizeof(answer) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	answer[len] = '\0';
	close(fd);
	close(folder);
	if (!strstr(answer, "\"ok\":true"))
		die("%s: %s", request, answer);
	return answer;
}

/* By its address: a board that is asked for its name may be late once. */
static void find_selector(void)
{
	const char *at = strstr(ask("\"status\""), "usbip://");

	if (!at || sscanf(at, "%79[^\"]", s.selector) != 1)
		die("%s: no address", s.folder);
}

static unsigned transfers(void)
{
	const char *at = strstr(ask("\"status\""), "\"transfers\":");

	return at ? (unsigned)atoi(at + strlen("\"transfers\":")) : 0;
}

static void read_flash(uint8_t *to)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/flash.bin", s.folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, to, FLASH_BYTES) != FLASH_BYTES)
		die("%s", path);
	close(fd);
}

/* -- images ------------------------------------------------------------------------ */

static void put_hex(FILE *f, unsigned type, uint32_t addr, const uint8_t *data,
		    unsigned len)
{
	unsigned sum = len + (addr >> 8 & 0xff) + (addr & 0xff) + type;

	fprintf(f, ":%02X%04X%02X", len, addr & 0xffff, type);
	for (unsigned i = 0; i < len; i++) {
		fprintf(f, "%02X", data[i]);
		sum += data[i];
	}
	fprintf(f, "%02X\n", -sum & 0xff);
}

/* Random, but for a vector table that a board can start. */
static void make_image(unsigned which)
{
	static const uint8_t vectors[8] = { 0, 0, 2, 0x20, 9, 0, 0, 8 };
	static const uint8_t upper[2] = { FLASH_ADDR >> 24, FLASH_ADDR >> 16 & 0xff };
	FILE *f;

	snprintf(s.image[which], sizeof(s.image[which]), "image%u.hex", which);
	f = fopen(s.image[which], "w");
	if (!f)
		die("%s", s.image[which]);
	put_hex(f, 4, 0, upper, 2);
	for (unsigned e = 0; e < 2; e++) {
		uint8_t *bytes = s.bytes[which][e];

		for (uint32_t i = 0; i < elements[e].len; i++)
			bytes[i] = (uint8_t)(rand() >> 7);
		if (e == 0)
			memcpy(bytes, vectors, sizeof(vectors));
		for (uint32_t at = 0; at < elements[e].len; at += 32) {
			uint32_t left = elements[e].len - at;

			put_hex(f, 0, elements[e].addr + at, bytes + at,
				left < 32 ? left : 32);
		}
	}
	put_hex(f, 1, 0, NULL, 0);
	fclose(f);
}

/* -- runs -------------------------------------------------------------------------- */

static pid_t start(bool starts, bool times_out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (times_out)
		setenv("STMIOT_TIMEOUT_MS", TIMEOUT_MS, 1);
	alarm(HANG_S);
	dup2(open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	if (starts)
		execlp("stmiot", "stmiot", "-q", "-b", s.selector, "flash",
		       s.image[s.turn], NULL);
	else
		execlp("stmiot", "stmiot", "-q", "-b", s.selector, "flash", "--no-start",
		       s.image[s.turn], NULL);
	_exit(127);
}

static void hear(void)
{
	int fd = open("said", O_RDONLY);
	ssize_t n = read(fd, s.said, sizeof(s.said) - 1);

	s.said[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* The exit status; negative is the signal it died by. */
static int finish(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	hear();
	if (strstr(s.said, "Sanitizer") || strstr(s.said, "runtime error"))
		wrong("a sanitizer complains");
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status);
}

static bool fired(void)
{
	return strstr(ask("\"status\""), "\"faults\":[]") != NULL;
}

static int run(const struct kind *k, bool times_out)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };
	pid_t pid = start(k->starts, times_out);
	siginfo_t info = { 0 };

	while (k->after != LET_RUN && !fired() && !info.si_pid) {
		nanosleep(&tick, NULL);
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	if (k->after != LET_RUN)
		kill(pid, k->after == KILL ? SIGKILL : SIGINT);
	return finish(pid);
}

/* -- judging ----------------------------------------------------------------------- */

static bool speaks(void)
{
	return strncmp(s.said, "stmiot: ", 8) == 0 && strlen(s.said) > 20;
}

/* A refused transfer is made good by the command itself. */
static bool must_succeed(const struct kind *k)
{
	return strcmp(k->name, "stall") == 0 || strcmp(k->name, "leave-stall") == 0;
}

static void judge_fault(const struct kind *k, int status)
{
	s.faults++;
	if (status == 0)
		s.alone++;
	else if (k->after == KILL && status == -SIGKILL)
		return;
	else if (k->after == INTERRUPT && status == 130)
		return;
	else if (status != 1 || k->after == KILL || must_succeed(k))
		wrong("status %d", status);
	else if (!speaks())
		wrong("it failed, and does not say why");
}

/* What the flash is to hold: all as before, and the image. */
static void expect_image(uint8_t *flash)
{
	for (unsigned e = 0; e < 2; e++)
		memcpy(flash + (elements[e].addr - FLASH_ADDR), s.bytes[s.turn][e],
		       elements[e].len);
}

static void judge_flash(void)
{
	unsigned differ = 0;
	uint32_t first = 0;

	read_flash(s.after);
	expect_image(s.before);
	for (uint32_t i = FLASH_BYTES; i-- > 0;) {
		if (s.before[i] == s.after[i])
			continue;
		first = i;
		differ++;
	}
	if (differ)
		wrong("%u bytes are wrong, the first at 0x%08x: %02x instead of %02x",
		      differ, FLASH_ADDR + first, s.after[first], s.before[first]);
}

static void judge_journal(void)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/stmiot/journal", getenv("XDG_STATE_HOME"));
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			wrong("the journal %s stays", entry->d_name);
	if (dir)
		closedir(dir);
}

static void back_to_rom(void)
{
	if (strstr(ask("\"status\""), "\"mode\":\"running\""))
		ask("\"reset\"");
}

static void repeat(const struct kind *k)
{
	int status;

	ask("\"fault\",\"kind\":\"none\"");
	back_to_rom();
	s.repeats++;
	status = finish(start(k->starts, false));
	if (status != 0)
		wrong("status %d when it is repeated", status);
	judge_flash();
	judge_journal();
}

static void arm(const char *format, unsigned n)
{
	char fault[128], request[160];

	snprintf(fault, sizeof(fault), format, n);
	snprintf(request, sizeof(request), "\"fault\",%s", fault);
	ask(request);
}

static int fault(const struct kind *k, unsigned n, bool times_out)
{
	snprintf(s.doing, sizeof(s.doing), "%s at transfer %u", k->name, n);
	read_flash(s.before);
	back_to_rom();
	arm(k->fault, n);
	return run(k, times_out);
}

static void one(const struct kind *k, unsigned n)
{
	int status = fault(k, n, k->after != KILL);

	/* On a busy machine TIMEOUT_MS may be too short for an answer that is on its way. */
	if (must_succeed(k) && status != 0) {
		repeat(k);
		s.turn ^= 1;
		status = fault(k, n, false);
	}
	judge_fault(k, status);
	repeat(k);
	s.turn ^= 1;
}

/* The transfers of an undisturbed run, each image once so that the next ones erase. */
static unsigned count(bool starts)
{
	static const struct kind quiet = { "quiet", "", LET_RUN, false };
	static const struct kind starting = { "start", "", LET_RUN, true };
	const struct kind *k = starts ? &starting : &quiet;
	unsigned most = 0;

	snprintf(s.doing, sizeof(s.doing), "undisturbed");
	for (int i = 0; i < 2; i++) {
		read_flash(s.before);
		back_to_rom();
		ask("\"clear-counters\"");
		if (run(k, false) != 0)
			wrong("it fails");
		judge_flash();
		if (transfers() > most)
			most = transfers();
		s.turn ^= 1;
	}
	return most;
}

static void tell(const char *name, unsigned n)
{
	printf("# %s: %u faults, %u made good at once; %u runs repeated\n", name, n,
	       s.alone, s.repeats);
	fflush(stdout);
	s.faults = s.alone = s.repeats = 0;
}

static void sweep(const struct kind *k)
{
	unsigned last = count(k->starts);
	unsigned first = k->starts && last > LEAVING ? last - LEAVING : 1;

	for (unsigned n = first; n <= last; n++)
		one(k, n);
	tell(k->name, s.faults);
}

/* -- erases ------------------------------------------------------------------------ */

static const struct kind power = { "power", "", LET_RUN, false };

static void cut_erase(unsigned nth, double fraction)
{
	char request[128];

	snprintf(request, sizeof(request),
		 "\"fault\",\"kind\":\"power\",\"erase\":%u,\"fraction\":%g", nth,
		 fraction);
	ask(request);
	judge_fault(&power, run(&power, true));
}

static void sweep_erases(void)
{
	static const double fractions[] = { 0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1 };

	for (unsigned nth = 1; nth <= 2; nth++) {
		for (unsigned i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++) {
			snprintf(s.doing, sizeof(s.doing), "erase %u cut at %g", nth,
				 fractions[i]);
			read_flash(s.before);
			cut_erase(nth, fractions[i]);
			repeat(&power);
			s.turn ^= 1;
		}
	}
	tell("erase", s.faults);
}

/* An erase is cut, and then the run that is to make it good, at each of its transfers. */
static void sweep_twice(void)
{
	for (unsigned n = 1, last = count(false); n <= last; n++) {
		snprintf(s.doing, sizeof(s.doing), "erase cut, then power at transfer %u",
			 n);
		read_flash(s.before);
		cut_erase(1 + n % 2, 0.5);
		arm("\"kind\":\"power\",\"at\":%u", n);
		judge_fault(&power, run(&power, true));
		repeat(&power);
		s.turn ^= 1;
	}
	tell("twice", s.faults);
}

static void run_kind(const char *name)
{
	if (strcmp(name, "erase") == 0) {
		sweep_erases();
		return;
	}
	if (strcmp(name, "twice") == 0) {
		sweep_twice();
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			sweep(&kinds[i]);
			return;
		}
	}
	errno = EINVAL;
	die("%s", name);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: sweep FOLDER KIND...");
	s.folder = argv[1];
	find_selector();
	srand(1);
	make_image(0);
	make_image(1);
	for (int i = 2; i < argc; i++)
		run_kind(argv[i]);
	return s.wrong ? 1 : 0;
}
