# shellcheck shell=sh
# Virtual boards on the host, for scripts that set `top`, `build` and `boards`, a folder of
# their own. To be sourced. STMIOT_BOARD_PROGRAM names another program than the build's.

: "${top:?}" "${build:?}"
board_program=${STMIOT_BOARD_PROGRAM:-$top/$build/bin/stmiot-board}

# start_board NAME [OPTION...]: returns when the board can be attached to.
start_board() {
	board=${boards:?}/$1
	shift
	mkdir -p "$board"
	: >"$board.ready"
	"$board_program" --port "$(cat "$board.port" 2>/dev/null || echo 0)" "$@" "$board" \
		>"$board.ready" 2>"$board.log" 3>&- 4>&- &
	echo $! >"$board.pid"
	tries=100
	until grep -q ' at usbip://' "$board.ready"; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! kill -0 "$(cat "$board.pid")" 2>/dev/null; then
			echo "the board $board did not start:" >&2
			cat "$board.log" >&2
			return 1
		fi
		sleep 0.1
	done
	sed -n 's,.* at usbip://[^/]*:\([0-9]*\)/.*,\1,p' "$board.ready" >"$board.port"
}

board_port() {
	cat "$boards/$1.port"
}

# control NAME JSON: prints the board's answer.
control() {
	"$top/tests/vm/control" "$boards/$1/control" "$2"
}

stop_board() {
	control "$1" '{"do":"quit"}' >/dev/null || kill "$(cat "$boards/$1.pid")" || :
	while kill -0 "$(cat "$boards/$1.pid")" 2>/dev/null; do sleep 0.05; done
	rm -f "$boards/$1.pid"
}

stop_boards() {
	for pid in "$boards"/*.pid; do
		[ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || :
	done
}

# random_bytes SEED COUNT: the same bytes for the same seed.
random_bytes() {
	openssl enc -aes-128-ctr -nosalt -pass "pass:$1" -md sha256 </dev/zero 2>/dev/null |
		head -c "$2"
}

# seed_image SEED PREFIX: PREFIX.dfu and its two elements, sized as MicroPython's for this
# board, with a vector table that a core can start from; the rest is noise.
seed_image() {
	{
		printf '\000\000\002\040\011\000\002\010'
		random_bytes "$1" 14600
	} >"$2.0.bin"
	random_bytes "$1 too" 320184 >"$2.1.bin"
	dfuse-pack -b "0x08000000:$2.0.bin" -b "0x08020000:$2.1.bin" "$2.dfu" >/dev/null
}
