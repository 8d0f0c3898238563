# What the tests share of a board that runs the bundled firmware, besides outside.bash.
# shellcheck shell=bash

# [IMAGE]: it runs on b0 without the jumper, `heard` has its console, and `say` types.
boot() {
	stmiot -q -b sim:b0 flash --no-start "$@"
	mkfifo keys
	stmiot console -b sim:b0 <keys >heard 2>said 3>&- &
	exec 9>keys
	stmiot sim boot0 b0 off
	restart
}

say() {
	printf '%s\r' "$1" >&9
}

# From here on `hears` listens.
anew() {
	was=$(stat -c %s heard 2>/dev/null || echo 0)
}

# PATTERN: sooner or later
hears() {
	eventually has_heard "$1" || {
		cat heard
		return 1
	}
}

has_heard() {
	tail -c "+$((was + 1))" heard | grep -q "$1"
}

restart() {
	anew
	stmiot sim reset b0
	hears "^type 'help'"
}

# It is in the bootloader, by the firmware's own doing.
asks_for_rom() {
	say dfu
	eventually in_rom
}

in_rom() {
	status '.mode == "rom" and (.boot0 | not)'
}

# PIN
is_lit() {
	leds ".leds[] | select(.pin == \"$1\") | .on"
}
