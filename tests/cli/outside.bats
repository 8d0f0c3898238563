load outside

more_setup() {
	outside_up
}

@test "LEDs: one blinks, one is dimmed, one shows the button" {
	run -0 leds '[.leds[] | [.name, .colour, .pin]] | tostring'
	has "$output" 'LD3'
	eventually leds '.leds[] | select(.name == "LD4") | .changes > 3'
	eventually leds '.leds[] | select(.name == "LD4") | .brightness == 1 and .on'
	eventually leds '.leds[] | select(.name == "LD4") | .brightness == 0 and (.on | not)'
	leds '.leds[] | select(.name == "LD6") | .brightness > 0.24 and .brightness < 0.26'
	leds '.leds[] | select(.name == "LD3") | .on | not'
	leds '.pressed == false and .power and .mode == "running"'
	run -0 --separate-stderr stmiot sim press b0
	output_is ""
	stderr_is ""
	eventually leds '.pressed and (.leds[] | select(.name == "LD3") | .on)'
	stmiot sim release b0
	eventually leds '(.pressed | not) and (.leds[] | select(.name == "LD3") | .on | not)'
}

@test "a press ends by itself, in the board's own time" {
	stmiot sim press b0 --for 30
	leds '.pressed == false'
	stmiot sim press b0 --for 30
	leds '.pressed == false'
	eventually leds '.leds[] | select(.name == "LD3") | .changes == 4'
	run -2 --separate-stderr stmiot sim press b0 --for 0
	has "$stderr" '--for 0: 1 to 3600000 milliseconds'
	stmiot sim power b0 off
	run -1 --separate-stderr stmiot sim press b0
	has "$stderr" "b0: the board has no power"
}

@test "the board is drawn" {
	stmiot sim press b0
	eventually leds '.leds[] | select(.name == "LD3") | .on'
	run -0 stmiot sim leds b0
	has "${lines[4]}" "(*)"
	has "${lines[6]}" "(.)"
	has "$output" "[#] B1 user"
	has "${lines[-1]}" "running (sleeps), BOOT0 high, B1 pressed; LD3 orange"
	has "${lines[-1]}" "LD6 blue 25 %"
	for line in "${lines[@]}"; do
		[ ${#line} -le 80 ]
	done
	stmiot sim power b0 off
	run -0 stmiot sim leds b0
	has "${lines[-1]}" "off, BOOT0 high, B1 released; no LED shines"
}

@test "in colour on a terminal, and without on others" {
	command -v script >/dev/null
	unset NO_COLOR
	TERM=xterm run -0 script -qec "stmiot sim leds b0" /dev/null
	has "$output" $'\033[34m.\033[0m'
	TERM=dumb run -0 script -qec "stmiot sim leds b0" /dev/null
	[[ "$output" != *$'\033'* ]]
	NO_COLOR=1 TERM=xterm run -0 script -qec "stmiot sim leds b0" /dev/null
	[[ "$output" != *$'\033'* ]]
	TERM=xterm run -0 stmiot sim leds b0
	[[ "$output" != *$'\033'* ]]
}

# COLUMNS ROWS COMMAND: on a terminal of that size
on_terminal() {
	TERM=xterm script -qec "stty cols $1 rows $2; $3" /dev/null | tr -d '\r'
}

@test "a narrow terminal: the words are wrapped; one without room has them alone" {
	stmiot sim power b0 off
	run -0 on_terminal 40 24 "stmiot sim leds b0"
	output_is "$(stmiot sim leds b0 | head -n 13)
  off, BOOT0 high, B1 released; no LED
  shines"
	run -0 on_terminal 30 24 "stmiot sim leds b0"
	output_is $'  off, BOOT0 high, B1\n  released; no LED shines'
	run -0 on_terminal 80 16 "stmiot sim leds b0"
	output_is "  off, BOOT0 high, B1 released; no LED shines"
}

@test "watched on a terminal it is drawn over itself, without colour and wrapped too" {
	on_terminal 40 24 "timeout -s INT 3 stmiot sim leds b0 --watch; true" >watched &
	watcher=$!
	eventually grep -q "LD6 blue" watched
	stmiot sim power b0 off
	wait "$watcher"
	# 13 of the picture and 2 of the words
	grep -q $'^\033\\[1[56]A\033\\[J' watched
	! grep -q $'\033\\[[0-9;]*m' watched
}

@test "the picture as SVG is XML" {
	run -0 stmiot sim leds b0 --svg
	has "$output" '<svg xmlns="http://www.w3.org/2000/svg"'
	has "$output" 'id="LD6"'
	has "$output" 'fill-opacity="0.44"'
	if command -v xmllint; then
		stmiot sim leds b0 --svg | xmllint --noout -
	fi
	run -2 stmiot sim leds b0 --svg --json
}

@test "watched, it is drawn again when it changes" {
	stmiot sim leds b0 --watch --json >watched &
	watcher=$!
	eventually jq -e '.leds[] | select(.name == "LD4") | .on' watched
	stmiot sim press b0
	eventually jq -se 'any(.[]; .pressed)' watched
	kill -INT "$watcher" || true
	kill -TERM "$watcher" || true
	rc=0
	wait "$watcher" || rc=$?
	[ "$rc" -eq 130 ] || [ "$rc" -eq 143 ]
}

@test "reset goes on with the program when BOOT0 is low" {
	stmiot sim boot0 b0 off
	stmiot sim press b0
	stmiot sim reset b0
	status '.mode == "running" and .jumped_to == "0x08000000"'
	eventually grep -q "system reset" sim/b0/log
	# who holds the button holds it through a reset
	leds '.pressed'
	eventually leds '.leds[] | select(.name == "LD3") | .on'
	stmiot sim boot0 b0 on
	stmiot sim reset b0
	status '.mode == "rom" and .state == "rom" and .pc == null'
	run -0 stmiot info -b sim:b0
}

@test "the program resets the chip" {
	stmiot sim boot0 b0 off
	printf '^' >sim/b0/usart3
	eventually grep -q "resets itself by software" sim/b0/log
	status '.mode == "running"'
}

@test "status: what the processor does, and its wires" {
	eventually status '.state == "sleeps" and .cycles > 0 and .virtual_us > 0 and .mips > 0'
	status '.pc | test("^0x0800")'
	status '.ports == [{"port": "USART3", "kind": "pty", "path": .ports[0].path}]'
	[ "$(readlink sim/b0/usart3)" = "$(status '.ports[0].path')" ]
	run -0 stmiot sim status b0
	has "$output" "processor     "
	has "$output" "USART3        /dev/pts/"
}

@test "what is not modelled is logged once, and counted" {
	status '.unmodelled == []'
	printf '@@@' >sim/b0/usart3
	eventually status '.unmodelled[0].count == 3'
	status '.unmodelled | length == 1'
	status '.unmodelled[0].register == "CAN1.MCR" and .unmodelled[0].address == "0x40006400"'
	status '.unmodelled[0].pc | test("^0x0800")'
	run -0 stmiot sim log b0
	[ "$(grep -c 'not modelled: CAN1.MCR at 0x40006400, by 0x0800' <<<"$output")" -eq 1 ]
	run -0 stmiot sim status b0
	has "$output" "not modelled  CAN1.MCR (0x40006400) by 0x0800"
}

@test "a program that locks up leaves its registers in the log" {
	printf '~' >sim/b0/usart3
	eventually status '.state == "locked"'
	run -0 stmiot sim log b0 --lines 8
	has "$output" "the processor locks up"
	has "$output" "pc "
	has "$output" "cfsr "
	has "$output" "hfsr 4"
	has "$output" "came by 0800"
	run -0 stmiot sim leds b0
	has "${lines[-1]}" "running (locked)"
}

@test "the last lines of the log" {
	run -0 stmiot sim log b0 --lines 1
	[ ${#lines[@]} -eq 1 ]
	[ "$output" = "$(tail -n 1 sim/b0/log)" ]
	run -0 stmiot sim log b0 --lines 0
	output_is ""
	run -0 stmiot sim log b0 --lines 100000
	[ "$output" = "$(cat sim/b0/log)" ]
}

@test "trace: register accesses by name" {
	run -0 stmiot sim trace b0 --count 4 GPIOD gpioa
	[ ${#lines[@]} -eq 4 ]
	[[ "${lines[0]}" =~ ^\ +[0-9]+\.[0-9]{9}\ \ 0x0800[0-9a-f]{4}\ \ [RW]\ \ GPIO[AD]\.[A-Z]+\ +0x[0-9a-f]{8}$ ]]
	run -0 bash -c "stmiot sim trace b0 --count 2000 --json | jq -r '.register' | sort -u"
	has "$output" "GPIOA.IDR"
	has "$output" "USART3.SR"
	run -0 bash -c "stmiot sim trace b0 --count 4 --json GPIOD |
		jq -se 'any(.[]; .op == \"W\" and .register == \"GPIOD.ODR\")'"
	run -1 --separate-stderr stmiot sim trace b0 GPIOZ
	has "$stderr" "there is no peripheral 'GPIOZ'"
	run -2 stmiot sim trace
}

@test "trace: one at a time, and it ends with its reader" {
	stmiot sim trace b0 >traced &
	tracer=$!
	eventually test -s traced
	run -1 --separate-stderr stmiot sim trace b0
	has "$stderr" "somebody traces this board already"
	kill -TERM "$tracer"
	rc=0
	wait "$tracer" || rc=$?
	[ "$rc" -eq 143 ]
	eventually stmiot sim trace b0 --count 1
	# and with the board
	stmiot sim trace b0 >traced 2>why &
	tracer=$!
	eventually test -s traced
	stmiot -q sim down
	rc=0
	wait "$tracer" || rc=$?
	[ "$rc" -eq 3 ]
	grep -q "has ended" why
}

@test "in no time the trace loses nothing" {
	stmiot -q sim down
	stmiot -q sim up --no-hub --time none >up.txt
	stmiot -q -b sim:b0 flash "$STMIOT_BUILD/tests/board/outside/outside.elf"
	run -0 bash -c "stmiot sim trace b0 --count 100000 --json TIM4 GPIOA GPIOD USART3 |
		jq -s 'length, all(.[]; has(\"register\")), (map(.ns) == (map(.ns) | sort))'"
	output_is $'100000\ntrue\ntrue'
}
