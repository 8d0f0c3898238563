# The bundled firmware when something is wrong: with the board's crystal, or with itself.

load outside
load boards
load cuts
load firmware

more_setup() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o ask \
		"$BATS_TEST_DIRNAME"/{ask,fault}.c
	boards_up
}

crystal() {
	./ask sim/b0 "\"crystal\",\"on\":$1" >/dev/null
}

@test "the crystal stops: it goes on at 16 MHz, and says so" {
	boot
	crystal false
	hears 'clock: 16 MHz from HSI: the crystal (HSE) stopped'
	eventually is_lit PD13
	say info
	hears '^ok'
	hears '^clock hsi 16000000 Hz, the crystal (HSE) stopped'
	hears '^random no 48 MHz clock'
	hears '^console lost 0 received, 0 sent'
	# It is a chip as any other: the bootloader can be asked for.
	asks_for_rom
	crystal true
	restart
	hears 'start: reset pin'
	run -1 has_heard 'clock:'
	run -1 is_lit PD13
}

@test "without a crystal from the start: no random numbers, and no ids" {
	crystal false
	boot
	hears 'clock: 16 MHz from HSI: the crystal (HSE) did not start'
	hears 'random: no numbers: no 48 MHz clock'
	eventually is_lit PD13
	stmiot sim press b0 --for 100
	hears 'click 1, id none'
	# With it there is an id, which a start without it goes on with.
	crystal true
	restart
	stmiot sim press b0 --for 100
	hears 'click 1, id [0-9a-f]\{8\}-1-1'
	crystal false
	restart
	stmiot sim press b0 --for 100
	hears 'click 1, id [0-9a-f]\{8\}-2-1'
}

# A click with the red LED on reads where nothing is; with the blue one it never ends.
with_bugs() {
	firmware_of 9.0.1 app/app.c 's/^\tclick_next(.*/&\
	if (leds_mode_of(LED_RED) == LED_ON)\
		*(volatile uint32_t *)0x30000000;\
	while (leds_mode_of(LED_BLUE) == LED_ON)\
		;/'
	boot 9.0.1.elf
}

@test "a fault is kept over the restart, and told once" {
	with_bugs
	say 'led red on'
	hears '^ok'
	anew
	stmiot sim press b0 --for 100
	hears "^type 'help'"
	hears 'start: reset software'
	hears 'fault: bus fault 5 (precise) at 0x30000000, pc 0x0802[0-9a-f]*, lr 0x0802'
	eventually is_lit PD14
	say info
	hears '^fault bus fault 5'
	anew
	say reboot
	hears "^type 'help'"
	run -1 has_heard 'fault:'
	say info
	hears '^fault none'
	run -1 is_lit PD14
}

@test "a task that never ends: the watchdog ends it, and the next start names it" {
	with_bugs
	say 'led blue on'
	hears '^ok'
	# The slower it is the sooner these seconds are over.
	crystal false
	anew
	stmiot sim press b0 --for 100
	hears "^type 'help'"
	hears 'start: reset watchdog'
	hears 'watchdog: it ended a stall in: button'
	eventually is_lit PD14
	say info
	hears '^reset watchdog'
}
