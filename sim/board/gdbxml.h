/*
 * What the chip is, in the words of GDB (manual, appendices G.5.3 and E.15): its registers
 * in the order of enum gdb_reg, and its memories.
 */
#ifndef BOARD_GDBXML_H
#define BOARD_GDBXML_H

extern const char gdbxml_target[];
extern const char gdbxml_memory_map[];

#endif
