# What the tests share of a board that is a process of their own, besides helpers.bash.
# shellcheck shell=bash

load "${BASH_SOURCE[0]%/*}/helpers"

# DIR [OPTION...]: sets board_pid; what it says is in the files ready and log.
board_start() {
	local dir=$1
	shift
	mkdir -p "${dir%/*}"
	: >ready
	stmiot-board --port 0 "$@" "$dir" >ready 2>log 3>&- &
	board_pid=$!
	for _ in $(seq 400); do
		[ ! -s ready ] || return 0
		sleep 0.02
	done
	cat log
	return 1
}

board_end() {
	kill "$board_pid"
	wait "$board_pid"
}
