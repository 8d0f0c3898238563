#include "journal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER    "stmiot journal 1\n"
#define FILE_MAX  (8u << 20)
#define PIECE_MAX (1u << 20)

/* CRC-32 as in zlib, a bit at a time: journals are small. */
static uint32_t crc32(const char *text, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint8_t)text[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

void journal_clear(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->pieces[i].data);
	free(j->pieces);
	j->pieces = NULL;
	j->n = 0;
}

int journal_add(struct journal *j, uint32_t addr, const uint8_t *data, uint32_t len,
		struct dfu_error *err)
{
	struct journal_piece *more = realloc(j->pieces, (j->n + 1) * sizeof(*more));
	uint8_t *copy = len ? malloc(len) : NULL;

	if (more)
		j->pieces = more;
	if (!more || (len && !copy)) {
		free(copy);
		return fail(err, DFU_ERR_NOMEM, "no room for the bytes to be kept");
	}
	if (len)
		memcpy(copy, data, len);
	j->pieces[j->n++] = (struct journal_piece){ addr, len, copy };
	return 0;
}

/* -- reading ----------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly eight digits behind "0x". */
static bool take_address(const char *line, size_t len, uint32_t *addr)
{
	*addr = 0;
	if (len < 10 || line[0] != '0' || line[1] != 'x')
		return false;
	for (int i = 2; i < 10; i++) {
		if (hex_digit(line[i]) < 0)
			return false;
		*addr = *addr << 4 | (uint32_t)hex_digit(line[i]);
	}
	return true;
}

static int take_bytes(const char *hex, size_t len, uint32_t addr, struct journal *j,
		      struct dfu_error *err)
{
	uint8_t *bytes;
	int rc;

	if (!len || len % 2 || len / 2 > PIECE_MAX)
		return DFU_ERR_FORMAT;
	bytes = malloc(len / 2);
	if (!bytes)
		return fail(err, DFU_ERR_NOMEM, "no room for the bytes to be kept");
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(bytes);
			return DFU_ERR_FORMAT;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	rc = journal_add(j, addr, bytes, (uint32_t)(len / 2), err);
	free(bytes);
	return rc;
}

static int take_line(const char *line, size_t len, struct journal *j,
		     struct dfu_error *err)
{
	uint32_t addr;

	if (len == 17 && !memcmp(line, "sector ", 7) && take_address(line + 7, 10, &addr))
		return journal_add(j, addr, NULL, 0, err);
	if (len > 16 && !memcmp(line, "keep ", 5) &&
	    take_address(line + 5, len - 5, &addr) && line[15] == ' ')
		return take_bytes(line + 16, len - 16, addr, j, err);
	return DFU_ERR_FORMAT;
}

int journal_parse(const char *text, size_t len, struct journal *j, struct dfu_error *err)
{
	size_t head = strlen(HEADER), at = head;
	unsigned number = 2;
	char crc[16];

	j->pieces = NULL;
	j->n = 0;
	if (len < head || memcmp(text, HEADER, head) != 0)
		return fail(err, DFU_ERR_FORMAT, "line 1 is not that of a journal");
	for (; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - (text + at)) : len - at;
		int rc;

		if (end && n == 12 && at + 13 == len) {
			snprintf(crc, sizeof(crc), "crc %08" PRIx32, crc32(text, at));
			if (memcmp(text + at, crc, 12) == 0)
				return 0;
		}
		rc = end ? take_line(text + at, n, j, err) : DFU_ERR_FORMAT;
		if (rc < 0) {
			journal_clear(j);
			return rc == DFU_ERR_FORMAT
				       ? fail(err, rc, "line %u is damaged", number)
				       : rc;
		}
		at += n + 1;
	}
	journal_clear(j);
	return fail(err, DFU_ERR_FORMAT, "it is cut short after line %u", number - 1);
}

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_MAX) : NULL;

	*len = text ? fread(text, 1, FILE_MAX, f) : 0;
	if (f)
		fclose(f);
	return text;
}

/* Serial and path, for there are boards with the same serial ([AN3156] gives 48 bits of 96). */
static int name_file(const char *dir, const struct dfu_board *board, struct journal *j,
		     struct dfu_error *err)
{
	char id[128];

	snprintf(id, sizeof(id), "%s@%s", board->serial, board->path);
	for (char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("@.-", *c))
			*c = '_';
	if ((size_t)snprintf(j->path, sizeof(j->path), "%s/%s.journal", dir, id) <
	    sizeof(j->path))
		return 0;
	j->path[0] = '\0';
	return fail(err, DFU_ERR_ARG, "%.150s...: the path is too long", dir);
}

int journal_open(const char *dir, const struct dfu_board *board, struct journal *j,
		 struct dfu_error *err)
{
	struct dfu_error cause = { 0 };
	size_t len;
	char *text;
	int rc;

	*j = (struct journal){ 0 };
	if (!dir)
		return 0;
	/* Where it cannot be made, storing will say so, when there is something to store. */
	mkdir(dir, 0700);
	rc = name_file(dir, board, j, err);
	if (rc < 0)
		return rc;
	text = read_all(j->path, &len);
	if (!text)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR
			       ? 0
			       : fail(err, DFU_ERR_FILE, "%s: %s", j->path,
				      strerror(errno));
	rc = journal_parse(text, len, j, &cause);
	free(text);
	if (rc == 0)
		return 0;
	fail(err, rc, "%.150s: %.70s", j->path, cause.msg);
	return hint(err, rc,
		    "it held bytes of this board that an earlier run had to keep; "
		    "move it away to go on without them");
}

/* -- writing ----------------------------------------------------------------------- */

static char *compose(const struct journal *j, size_t *len)
{
	char *text = NULL;
	FILE *f;
	int bad;

	f = open_memstream(&text, len);
	if (!f)
		return NULL;
	fputs(HEADER, f);
	for (size_t i = 0; i < j->n; i++) {
		const struct journal_piece *p = &j->pieces[i];

		fprintf(f, p->len ? "keep 0x%08" PRIx32 " " : "sector 0x%08" PRIx32,
			p->addr);
		for (uint32_t k = 0; k < p->len; k++)
			fprintf(f, "%02x", p->data[k]);
		fputc('\n', f);
	}
	/* A text that is cut short must not get the CRC of a whole one. */
	if (fflush(f) == 0)
		fprintf(f, "crc %08" PRIx32 "\n", crc32(text, *len));
	bad = ferror(f);
	if (fclose(f) == 0 && !bad)
		return text;
	free(text);
	return NULL;
}

static int sync_folder(const char *path)
{
	char dir[512];
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	fsync(fd);
	return close(fd);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

int journal_store(const struct journal *j, struct dfu_error *err)
{
	char temporary[520];
	size_t len = 0;
	char *text = compose(j, &len);
	int fd, rc;

	if (!text)
		return fail(err, DFU_ERR_NOMEM, "no room for the bytes to be kept");
	snprintf(temporary, sizeof(temporary), "%s.new", j->path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = fd < 0 ? -1 : write_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	free(text);
	if (rc == 0 && rename(temporary, j->path) == 0 && sync_folder(j->path) == 0)
		return 0;
	fail(err, DFU_ERR_FILE,
	     "the bytes to be kept cannot be stored in %.150s: %s; nothing was erased",
	     j->path, strerror(errno));
	unlink(temporary);
	return DFU_ERR_FILE;
}

int journal_remove(const struct journal *j, struct dfu_error *err)
{
	if (!j->path[0])
		return 0;
	if (unlink(j->path) == 0) {
		/* One that came back would put old bytes over newer ones. */
		sync_folder(j->path);
		return 0;
	}
	if (errno == ENOENT)
		return 0;
	return fail(err, DFU_ERR_FILE, "%s cannot be removed: %s", j->path,
		    strerror(errno));
}

int dfu_journal_forget(const char *journal_dir, const struct dfu_board *board,
		       struct dfu_error *err)
{
	struct journal j = { 0 };
	int rc = name_file(journal_dir, board, &j, err);

	return rc < 0 ? rc : journal_remove(&j, err);
}
