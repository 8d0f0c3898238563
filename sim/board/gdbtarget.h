/* The board as GDB's target. */
#ifndef BOARD_GDBTARGET_H
#define BOARD_GDBTARGET_H

#include "board.h"
#include "gdb.h"

/* `board` has to outlive it. Without power, or in the ROM, its registers are zero. */
struct gdb_target gdbtarget(struct board *board);
/* A debugger has come or gone: only with one do breakpoints halt. */
void gdbtarget_attach(struct board *board, bool attached);

#endif
