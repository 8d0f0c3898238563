# What the tests share of a board that runs tests/board/outside/outside.S, besides
# helpers.bash.
# shellcheck shell=bash

load "${BASH_SOURCE[0]%/*}/helpers"

# [UP-OPTION...]: b0 runs that program, as fast as a chip does.
outside_up() {
	stmiot -q sim up --no-hub --time real "$@" >up.txt
	stmiot -q -b sim:b0 flash "$STMIOT_BUILD/tests/board/outside/outside.elf"
}

# JQ-FILTER: is true of the LEDs
leds() {
	stmiot sim leds b0 --json | jq -e "$1"
}
