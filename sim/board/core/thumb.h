/*
 * As much of the instruction set (ARMv7-M, DDI 0403) as must be known besides running it:
 * lengths, and which instructions concern the exception model.
 */
#ifndef CORE_THUMB_H
#define CORE_THUMB_H

#include <stdbool.h>
#include <stdint.h>

enum thumb_hint { THUMB_NONE, THUMB_WFE, THUMB_YIELD };

/* One of 16 bits in the low half, or one of 32 with its first half in the high one. */
uint32_t thumb_fetch(const uint8_t *code);
unsigned thumb_bytes(uint32_t instruction);
/* of enum cpu_trait */
unsigned thumb_traits(uint32_t instruction);
/* STR, STRB or STRH, of whatever address. */
bool thumb_plain_store(uint32_t instruction);
/*
 * The register in which STREX, STREXB or STREXH tells whether it stored; -1: it is none of
 * them.
 */
int thumb_store_exclusive(uint32_t instruction);
/* What such a store adds to its base register, which may be nothing. */
uint32_t thumb_store_moves(uint32_t instruction, unsigned *base);
/* Which hint lies right in front of `code` + 4, `room` bytes being known there. */
enum thumb_hint thumb_hint_before(const uint8_t *code, uint32_t room);

#endif
