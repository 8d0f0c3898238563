/* From the vector table into C: the same for the stub and for the application. */
#ifndef START_H
#define START_H

#include <stdint.h>

/* Of the linker script. */
extern uint32_t start_stack_bottom[], start_stack_top[];
extern uint32_t start_data_load[], start_data[], start_data_end[];
extern uint32_t start_bss[], start_bss_end[];

/* The first instruction. */
void start_reset(void);

/* The first C function; does not return. */
void start_main(void);

#endif
