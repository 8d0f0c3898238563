/* The STM32F4-Discovery: which pin is what. [UM1472] 4.4, 4.5 and table 5. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>

/* The pins as the firmware wants them; all others stay as after a reset, inputs. */
void board_pins(void);

/* The user button, B1 on PA0: true while it is pressed. */
bool board_button(void);

/* An interrupt for each of its edges, which board_button_edge() takes. */
void board_button_watch(void);
bool board_button_edge(void);

/* LD4, LD3, LD5, LD6 on PD12 to PD15. */
enum board_led { LED_GREEN, LED_ORANGE, LED_RED, LED_BLUE, LEDS };
void board_led(enum board_led led, bool on);

#endif
