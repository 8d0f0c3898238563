/*
 * ELF, "Tool Interface Standard, Executable and Linking Format", 1.2, and "ELF for the
 * Arm Architecture". What is loaded is what the program headers say, at the physical
 * address: initialised data lies in flash there, and is copied to RAM by the program
 * itself.
 */
#include "image.h"
#include "le.h"

#include <string.h>

enum { EI_CLASS = 4, EI_DATA = 5, ELFCLASS32 = 1, ELFCLASS64 = 2, ELFDATA2LSB = 1 };

/* Elf32_Ehdr */
enum {
	E_TYPE = 16,
	E_MACHINE = 18,
	E_ENTRY = 24,
	E_PHOFF = 28,
	E_SHOFF = 32,
	E_PHENTSIZE = 42,
	E_PHNUM = 44,
	E_SHENTSIZE = 46,
	E_SHNUM = 48,
	EHDR_BYTES = 52
};

/* Elf32_Phdr */
enum {
	P_TYPE = 0,
	P_OFFSET = 4,
	P_PADDR = 12,
	P_FILESZ = 16,
	P_MEMSZ = 20,
	PHDR_BYTES = 32
};

/* Elf32_Shdr */
enum { SH_TYPE = 4, SH_FLAGS = 8, SH_OFFSET = 16, SH_SIZE = 20, SHDR_BYTES = 40 };

#define ET_EXEC    2
#define EM_ARM     40
#define PT_LOAD    1
#define PN_XNUM    0xffff
#define SHT_NOBITS 8
#define SHF_ALLOC  2u

static const struct type {
	uint16_t e_type;
	const char *words;
} other_types[] = {
	{ 0, "an ELF file of no type" },
	{ 1, "an object file, which is not linked yet" },
	{ 3, "a shared object, not a program" },
	{ 4, "a core dump, not a program" },
};

static int check_ident(const struct file *file, struct dfu_error *err)
{
	const uint8_t *p = file->bytes;

	if (file->len < 4 || memcmp(p, "\177ELF", 4) != 0)
		return malformed(err, 0, "does not begin with the magic of ELF");
	if (file->len < EHDR_BYTES)
		return malformed(err, file->len, "cut short: an ELF header has %d bytes",
				 EHDR_BYTES);
	if (p[EI_CLASS] == ELFCLASS64)
		return malformed(err, EI_CLASS,
				 "a 64-bit program, the STM32F407 is a 32-bit chip");
	if (p[EI_CLASS] != ELFCLASS32)
		return malformed(err, EI_CLASS, "ELF class %u is not known", p[EI_CLASS]);
	if (p[EI_DATA] != ELFDATA2LSB)
		return malformed(err, EI_DATA,
				 "a big-endian program, the STM32F407 is "
				 "little-endian");
	return DFU_OK;
}

static int check_header(const struct file *file, struct dfu_error *err)
{
	const uint8_t *p = file->bytes;
	uint16_t e_type, n;
	size_t i;
	int rc;

	rc = check_ident(file, err);
	if (rc < 0)
		return rc;
	if (get_le16(p + E_MACHINE) != EM_ARM)
		return malformed(err, E_MACHINE,
				 "a program for another machine (e_machine %u, Arm "
				 "is %d)",
				 get_le16(p + E_MACHINE), EM_ARM);
	e_type = get_le16(p + E_TYPE);
	for (i = 0; i < sizeof(other_types) / sizeof(other_types[0]); i++) {
		if (e_type == other_types[i].e_type)
			return malformed(err, E_TYPE, "%s", other_types[i].words);
	}
	if (e_type != ET_EXEC)
		return malformed(err, E_TYPE, "ELF type %u is not known", e_type);
	n = get_le16(p + E_PHNUM);
	if (n == 0)
		return malformed(err, E_PHNUM,
				 "nothing to load: there are no program headers");
	if (n == PN_XNUM || get_le16(p + E_PHENTSIZE) != PHDR_BYTES)
		return malformed(err, E_PHENTSIZE,
				 "%u program headers of %u bytes, not of %d", n,
				 get_le16(p + E_PHENTSIZE), PHDR_BYTES);
	if (get_le32(p + E_PHOFF) > file->len ||
	    (size_t)n * PHDR_BYTES > file->len - get_le32(p + E_PHOFF))
		return malformed(err, E_PHOFF,
				 "cut short: %u program headers from offset 0x%" PRIx32
				 " on, in %zu bytes",
				 n, get_le32(p + E_PHOFF), file->len);
	return DFU_OK;
}

/* Where the first section with bytes to load begins that lies in file bytes [from, to).
 */
static size_t first_section(const struct file *file, size_t from, size_t to)
{
	const uint8_t *p = file->bytes;
	size_t shoff = get_le32(p + E_SHOFF), n = get_le16(p + E_SHNUM), found = to, i;

	if (get_le16(p + E_SHENTSIZE) != SHDR_BYTES || shoff > file->len ||
	    n * SHDR_BYTES > file->len - shoff)
		return to;
	for (i = 0; i < n; i++) {
		const uint8_t *sh = p + shoff + i * SHDR_BYTES;
		size_t at = get_le32(sh + SH_OFFSET);

		if ((get_le32(sh + SH_FLAGS) & SHF_ALLOC) && get_le32(sh + SH_SIZE) > 0 &&
		    get_le32(sh + SH_TYPE) != SHT_NOBITS && at >= from && at < found)
			found = at;
	}
	return found;
}

/*
 * GNU ld puts the ELF header itself into the first segment when there is room on its
 * page, as for a program linked to 0x08004000: nobody wants that flashed in front of it.
 */
static void cut_headers(struct dfu_image *image, const struct file *file,
			struct dfu_segment *segment)
{
	size_t start = (size_t)(segment->data - file->bytes), end = start + segment->len,
	       first;

	if (start >= EHDR_BYTES)
		return;
	first = first_section(file, EHDR_BYTES, end);
	if (first == end) {
		image_warn(image, "the ELF header itself is loaded, at 0x%08" PRIx32,
			   segment->addr);
		return;
	}
	image_warn(image, "%zu bytes of ELF headers at 0x%08" PRIx32 " are left out",
		   first - start, segment->addr);
	segment->addr += (uint32_t)(first - start);
	segment->data += first - start;
	segment->len -= first - start;
}

static int add_program(struct dfu_image *image, const struct file *file, unsigned i,
		       struct dfu_error *err)
{
	size_t at = get_le32(file->bytes + E_PHOFF) + (size_t)i * PHDR_BYTES;
	const uint8_t *p = file->bytes + at;
	uint32_t offset = get_le32(p + P_OFFSET), filesz = get_le32(p + P_FILESZ);
	struct dfu_segment segment = { .addr = get_le32(p + P_PADDR), .len = filesz };

	if (get_le32(p + P_TYPE) != PT_LOAD || filesz == 0)
		return DFU_OK;
	if (filesz > get_le32(p + P_MEMSZ))
		return malformed(err, at + P_FILESZ,
				 "sizes that disagree: program header %u has %" PRIu32
				 " bytes in the file, %" PRIu32 " in memory",
				 i, filesz, get_le32(p + P_MEMSZ));
	if (offset > file->len || filesz > file->len - offset)
		return malformed(err, at + P_OFFSET,
				 "program header %u says %" PRIu32
				 " bytes from offset 0x%" PRIx32 " on, in a file of %zu",
				 i, filesz, offset, file->len);
	if (filesz > ((uint64_t)1 << 32) - segment.addr)
		return malformed(err, at + P_PADDR,
				 "program header %u: %" PRIu32 " bytes at 0x%08" PRIx32
				 " reach beyond 4 GiB",
				 i, filesz, segment.addr);
	segment.data = file->bytes + offset;
	cut_headers(image, file, &segment);
	return image_add(image, &segment, at, err);
}

int image_read_elf(struct dfu_image *image, const struct file *file,
		   const struct dfu_image_opts *opts, struct dfu_error *err)
{
	unsigned i, n;
	int rc;

	(void)opts;
	rc = check_header(file, err);
	if (rc < 0)
		return rc;
	n = get_le16(file->bytes + E_PHNUM);
	for (i = 0; i < n; i++) {
		rc = add_program(image, file, i, err);
		if (rc < 0)
			return rc;
	}
	if (image->n_pieces == 0)
		return malformed(
			err, get_le32(file->bytes + E_PHOFF),
			"nothing to load: no program header has bytes for memory");
	image->info.entry = get_le32(file->bytes + E_ENTRY);
	return DFU_OK;
}
