/*
 * secrets [-l FILE]... ALLOWED FOLDER...: search what a test run has kept (keep.c), a
 * folder a suite, for the keys that were used in it. The files after -l are the tests'
 * own, where keys are written. ALLOWED is the table of places where a key may be. Prints
 * a line each:
 *
 *     keys N KIND                     were collected
 *     plain N                         were left out
 *     looked FOLDER PROCESSES FILES BYTES
 *     allowed N ROW                   finds that a row of the table allows
 *     find FOLDER FILE [= PATH] OFFSET KIND, as FORM
 *
 * A find never shows the key. Exit status: 0 nothing found, 1 something, 2 trouble.
 */
#include "secrets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_MAX  64
#define FINDS_MAX 8 /* that are told of a file */

/* A row of ALLOWED: "PART | COMMAND | FILE | REASON", the middle two expressions. */
static struct row {
	char text[400], part[16];
	regex_t command, file;
	size_t finds;
} rows[ROWS_MAX];
static size_t n_rows;

/* A file of keep.c's. */
struct kept {
	const char *folder, *name;
	char process[256]; /* the name without its part */
	char part[16];     /* "argv", "out", "err", "file", "at", "given", "memory" */
	char file[4096];   /* of "file" and "at": what was written */
	char command[4096];
	const uint8_t *bytes;
	size_t len;
};

static struct {
	struct keys keys;
	struct boards *boards;
	struct needles *needles;
	size_t processes, files, bytes; /* of a folder */
	size_t finds;
} s;

static void die(const char *what)
{
	fprintf(stderr, "secrets: %s: %s\n", what, strerror(errno));
	exit(2);
}

static const uint8_t *map(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	*len = (size_t)st.st_size;
	if (*len)
		at = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	close(fd);
	return at;
}

/* -- what is allowed -------------------------------------------------------------- */

static void compile(regex_t *to, const char *text)
{
	if (regcomp(to, text, REG_EXTENDED | REG_NOSUB) != 0) {
		errno = EINVAL;
		die(text);
	}
}

/* What is before the next " | ", as a string; *line goes on behind it. */
static char *column(char **line)
{
	char *begin = *line, *end = strstr(begin, " | ");

	if (!end) {
		errno = EINVAL;
		die(begin);
	}
	*end = '\0';
	*line = end + 3;
	return begin;
}

static void read_row(char *line)
{
	struct row *row = &rows[n_rows++];

	snprintf(row->text, sizeof(row->text), "%s", line);
	snprintf(row->part, sizeof(row->part), "%.15s", column(&line));
	compile(&row->command, column(&line));
	compile(&row->file, column(&line));
}

static void read_allowed(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[400];

	if (!f)
		die(path);
	while (n_rows < ROWS_MAX && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#')
			read_row(line);
	}
	fclose(f);
}

static struct row *allows(const struct kept *k)
{
	for (size_t i = 0; i < n_rows; i++)
		if (strcmp(rows[i].part, k->part) == 0 &&
		    regexec(&rows[i].command, k->command, 0, NULL, 0) == 0 &&
		    regexec(&rows[i].file, k->file, 0, NULL, 0) == 0)
			return &rows[i];
	return NULL;
}

/* -- what was kept ---------------------------------------------------------------- */

/* The arguments in a line, the program without its folder. */
static void read_command(struct kept *k)
{
	size_t n = k->len < sizeof(k->command) ? k->len : sizeof(k->command) - 1;
	const uint8_t *slash = memrchr(k->bytes, '/', strnlen((const char *)k->bytes, n));
	const uint8_t *from = slash ? slash + 1 : k->bytes;

	n -= (size_t)(from - k->bytes);
	memcpy(k->command, from, n);
	for (size_t i = 0; i < n; i++)
		if (k->command[i] == '\0' || k->command[i] == '\n')
			k->command[i] = ' ';
	k->command[n] = '\0';
}

/* The first line of what was written to a file. */
static void read_file_name(struct kept *k)
{
	const uint8_t *end = memchr(k->bytes, '\n', k->len);
	size_t n = end ? (size_t)(end - k->bytes) : k->len;

	snprintf(k->file, sizeof(k->file), "%.*s", (int)n, (const char *)k->bytes);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void look_at(struct kept *k, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t before = dot ? (size_t)(dot - name) : strlen(name);
	char path[8192];

	/* Arguments come first among the files of a process. */
	if (strlen(k->process) != before || strncmp(k->process, name, before) != 0) {
		snprintf(k->process, sizeof(k->process), "%.*s", (int)before, name);
		k->command[0] = '\0';
	}
	k->name = name;
	snprintf(k->part, sizeof(k->part), "%.15s", dot ? dot + 1 : "");
	k->part[strcspn(k->part, "-")] = '\0';
	snprintf(path, sizeof(path), "%s/%s", k->folder, name);
	k->bytes = map(path, &k->len);
	k->file[0] = '\0';
	if (k->len && strcmp(k->part, "argv") == 0)
		read_command(k);
	if (k->len && (strcmp(k->part, "file") == 0 || strcmp(k->part, "at") == 0))
		read_file_name(k);
}

static void each_kept(const char *folder, void (*each)(const struct kept *k))
{
	static struct kept k;
	struct dirent **list;
	int n = scandir(folder, &list, is_file, alphasort);

	if (n < 0)
		die(folder);
	k.folder = folder;
	for (int i = 0; i < n; i++) {
		look_at(&k, list[i]->d_name);
		each(&k);
		if (k.len)
			munmap((void *)k.bytes, k.len);
		free(list[i]);
	}
	free(list);
}

/* -- first look: keys ------------------------------------------------------------- */

static bool is_database(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash && strncmp(slash, "/hub.db", 7) == 0;
}

static void collect(const struct kept *k)
{
	size_t skip = strlen(k->file) + 1;

	if (strcmp(k->part, "given") == 0 && k->len)
		keys_from_text(&s.keys, k->bytes, k->len);
	if (strcmp(k->part, "file") == 0 && k->len > skip)
		keys_from_text(&s.keys, k->bytes + skip, k->len - skip);
	if (strcmp(k->part, "at") != 0 || k->len <= skip)
		return;
	if (is_database(k->file))
		keys_from_base64(&s.keys, KIND_STORE, k->bytes + skip, k->len - skip);
	else
		boards_see(s.boards, &s.keys, k->file, k->bytes + skip, k->len - skip);
}

static void collect_literals(const char *path)
{
	size_t len;
	const uint8_t *text = map(path, &len);

	if (len)
		keys_from_base64(&s.keys, KIND_TEXT, text, len);
}

/* -- second look: finds ----------------------------------------------------------- */

struct finding {
	const struct kept *kept;
	struct row *row;
	size_t n;
};

static void on_find(void *ctx, const struct find *find)
{
	struct finding *f = ctx;

	if (f->row) {
		f->row->finds++;
		return;
	}
	s.finds++;
	if (f->n++ < FINDS_MAX)
		printf("find %s %s%s%s %zu %s, as %s\n", f->kept->folder, f->kept->name,
		       *f->kept->file ? " = " : "", f->kept->file, find->offset,
		       kind_name(find->kind), find->form);
}

static void search(const struct kept *k)
{
	struct finding f = { .kept = k, .row = allows(k) };

	s.processes += strcmp(k->part, "argv") == 0;
	/* Where keys come from. */
	if (strcmp(k->part, "given") == 0)
		return;
	if (f.row && strcmp(k->part, "at") == 0) {
		f.row->finds++;
		return;
	}
	s.files++;
	s.bytes += k->len;
	if (k->len)
		needles_search(s.needles, k->bytes, k->len, on_find, &f);
}

int main(int argc, char **argv)
{
	const char **literals = calloc((size_t)argc, sizeof(*literals));
	size_t n = 0;
	int first, c;

	while ((c = getopt(argc, argv, "l:")) == 'l')
		literals[n++] = optarg;
	if (c != -1 || argc - optind < 2) {
		fprintf(stderr, "usage: secrets [-l FILE]... ALLOWED FOLDER...\n");
		return 2;
	}
	read_allowed(argv[optind]);
	first = optind + 1;
	s.boards = boards_new();
	for (int i = first; i < argc; i++)
		each_kept(argv[i], collect);
	boards_end(s.boards, &s.keys);
	for (size_t i = 0; i < n; i++)
		collect_literals(literals[i]);
	for (int i = 0; i < KINDS; i++)
		printf("keys %zu %s\n", s.keys.count[i], kind_name((enum kind)i));
	printf("plain %zu\n", s.keys.plain);
	s.needles = needles_new(&s.keys);
	for (int i = first; i < argc; i++) {
		s.processes = s.files = s.bytes = 0;
		each_kept(argv[i], search);
		printf("looked %s %zu %zu %zu\n", argv[i], s.processes, s.files, s.bytes);
	}
	for (size_t i = 0; i < n_rows; i++)
		printf("allowed %zu %s\n", rows[i].finds, rows[i].text);
	needles_free(s.needles);
	free(literals);
	return s.finds > 0;
}
