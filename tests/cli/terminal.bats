load helpers

# What a person sees: the command on a terminal of 80 columns, with ANSWER typed into it.
on_terminal() {
	local answer=$1
	shift
	# TERM and NO_COLOR are the test's.
	printf '%s\n' "$answer" | TERM=${term-xterm} script -qec "stty cols 80 rows 24; $*" /dev/null
}

more_setup() {
	command -v script >/dev/null || skip "there is no script(1)"
	unset NO_COLOR
	stmiot sim up --no-hub --boards 2 --time none >/dev/null
	make_firmware blinky.bin 60000
}

@test "erase asks, and takes no for an answer" {
	run on_terminal n "stmiot erase --chip -b sim:b0"
	has "$output" "[y/N]"
	[ "$status" -ne 0 ]
	run -0 on_terminal y "stmiot erase --chip -b sim:b0"
	run -2 --separate-stderr stmiot erase --chip -b sim:b0
	has "$stderr" "nobody is there to ask: give --yes"
}

@test "a bar for each board, drawn over itself" {
	run -0 on_terminal "" "stmiot flash -b sim:b0 -b sim:b1 blinky.bin"
	has "$output" "sim:b0  "
	has "$output" $'\033[2A'
	# No bar is wider than the terminal.
	while IFS='' read -r line; do
		line=${line//$'\r'/}
		# shellcheck disable=SC2001 # a pattern that only sed has
		line=$(sed 's/\x1b\[[0-9]*[A-Za-z]//g' <<<"$line")
		[[ "$line" != *'['* || ${#line} -le 79 ]]
	done <<<"$output"
}

@test "no bars, no colour: TERM=dumb, NO_COLOR, --no-color, a pipe" {
	term=dumb run -0 on_terminal "" "stmiot flash -b sim:b0 blinky.bin"
	[[ "$output" != *$'\033'* ]]
	run -0 on_terminal "" "stmiot doctor"
	has "$output" $'\033[3'
	NO_COLOR=1 run -0 on_terminal "" "stmiot doctor"
	[[ "$output" != *$'\033'* ]]
	run -0 on_terminal "" "stmiot --no-color doctor"
	[[ "$output" != *$'\033'* ]]
	run -0 --separate-stderr stmiot flash -b sim:b1 blinky.bin
	[[ "$stderr$output" != *$'\033'* ]]
}
