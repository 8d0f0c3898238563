load boards

serial_of() {
	stmiot -b "$1" info --json | jq -r .serial
}

@test "a board by each kind of selector" {
	boards_up 2
	serial=$(board b1 .serial)
	[ "$(serial_of sim:b1)" = "$serial" ]
	[ "$(serial_of "$(board b1 .usbip)")" = "$serial" ]
	[ "$(serial_of "serial:$serial")" = "$serial" ]
	[ "$(serial_of "$serial")" = "$serial" ]
	[ "$(serial_of "${serial,,}")" = "$serial" ]
}

@test "on either side of the command, and from the environment" {
	boards_up 2
	serial=$(board b1 .serial)
	for args in "-b sim:b1 info" "info -b sim:b1" "--board=sim:b1 info" "info --board sim:b1" \
		"info -bsim:b1"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr stmiot --json $args
		[ "$(jq -r .serial <<<"$output")" = "$serial" ]
	done
	STMIOT_BOARD=sim:b1 run -0 --separate-stderr stmiot info --json
	[ "$(jq -r .serial <<<"$output")" = "$serial" ]
	STMIOT_BOARD=sim:b0 run -0 --separate-stderr stmiot info --json -b sim:b1
	[ "$(jq -r .serial <<<"$output")" = "$serial" ]
}

@test "two boards and no selector: the list" {
	boards_up 2
	run -3 --separate-stderr stmiot info
	output_is ""
	stderr_is "stmiot: 2 boards are in sight: say which with -b
stmiot:   sim:b0                   $(board b0 .serial)   dfu
stmiot:   sim:b1                   $(board b1 .serial)   dfu"
	make_firmware f.bin
	run -3 --separate-stderr stmiot flash f.bin
	has "$stderr" "2 boards are in sight: say which with -b, or --all"
}

@test "the one in its bootloader needs no selector" {
	boards_up 2
	stmiot sim power b0 off
	run -0 --separate-stderr stmiot info --json
	[ "$(jq -r .serial <<<"$output")" = "$(board b1 .serial)" ]
}

@test "no board" {
	run -3 --separate-stderr stmiot info
	output_is ""
	stderr_is "stmiot: no board in its bootloader is in sight
stmiot: connect BOOT0 to VDD and reset the board (or \`stmiot sim up\` for a virtual one); \`stmiot doctor\` finds what else is wrong"
}

@test "boards that are not there" {
	boards_up
	run -3 --separate-stderr stmiot info -b sim:b7
	stderr_is "stmiot: no virtual board \"b7\" is running
stmiot: \`stmiot sim up\` starts one"
	run -3 --separate-stderr stmiot info -b serial:000000000000
	stderr_is "stmiot: no board \"serial:000000000000\" is in sight; these are:
stmiot:   sim:b0                   $(board b0 .serial)   dfu"
	run -3 --separate-stderr stmiot info -b path:99-9
	has "$stderr" 'no board "path:99-9" is in sight'
	run -3 --separate-stderr stmiot info -b 99-9
	has "$stderr" 'no board "99-9" is in sight'
	run -3 --separate-stderr stmiot info -b usbip://127.0.0.1:1/1-1
	has "$stderr" "no USB/IP server at 127.0.0.1 port 1: Connection refused"
	url=$(board b0 .usbip)
	run -3 --separate-stderr stmiot info -b "${url%/*}/9-9"
	has "$stderr" "the USB/IP server has no device 9-9"
}

@test "selectors that are none" {
	run -2 --separate-stderr stmiot info -b usbip://host
	has "$stderr" 'has no /BUSID behind the host'
	run -2 --separate-stderr stmiot info -b usbip://host:70000/1-1
	has "$stderr" 'has no port from 1 to 65535'
	run -3 --separate-stderr stmiot info -b $'a\033[31mb'
	[[ "$stderr" != *$'\033'* ]]
}

@test "a serial number that two boards bear is refused" {
	boards_up
	stmiot -q sim down
	uid=$(sed -n 's/.*uid[ =:]*\([0-9a-fA-F]\{24\}\).*/\1/p' sim/b0/chip)
	[ -n "$uid" ]
	mkdir -m 700 sim/b1
	stmiot-board --name b1 --port 0 --time none --uid "$uid" sim/b1 >/dev/null 2>sim/b1/log 3>&- &
	pid=$!
	for _ in $(seq 50); do [ -S sim/b1/control ] && break; sleep 0.05; done
	stmiot sim up --time none >/dev/null
	serial=$(board b0 .serial)
	[ "$(board b1 .serial)" = "$serial" ]
	run -3 --separate-stderr stmiot info -b "$serial"
	output_is ""
	stderr_is "stmiot: sim:b0 and sim:b1 bear the serial $serial
stmiot: select by path"
	run -0 stmiot info -b sim:b1
	stmiot -q sim down
	wait "$pid" || true
}

@test "a board that runs its program: words about BOOT0" {
	boards_up
	stmiot sim boot0 b0 off
	stmiot sim reset b0
	make_firmware f.bin
	for command in info "flash f.bin" "verify f.bin" "start" "option show"; do
		# shellcheck disable=SC2086
		run -3 --separate-stderr stmiot -b sim:b0 $command
		output_is ""
		stderr_is "stmiot: sim:b0 is not in its bootloader (running)
stmiot: set BOOT0 high and reset it (\`stmiot sim boot0 NAME on\`, \`stmiot sim reset NAME\`)"
	done
}

@test "a board in use by another" {
	boards_up
	url=$(board b0 .usbip)
	port=${url##*:} port=${port%/*}
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	{
		printf '\001\021\200\003\000\000\000\000%s' 1-1
		head -c 29 /dev/zero
	} >&9
	for _ in $(seq 50); do [ "$(board b0 .attached)" = true ] && break; sleep 0.05; done
	[ "$(board b0 .attached)" = true ]
	run -1 --separate-stderr stmiot -b sim:b0 info
	output_is ""
	has "$stderr" "it is in use or not there"
	exec 9>&-
}

@test "one board at a time, but for flash" {
	boards_up 2
	run -2 --separate-stderr stmiot info -b sim:b0 -b sim:b1
	has "$stderr" "this goes for one board at a time: give -b once"
	make_firmware f.bin
	run -2 --separate-stderr stmiot flash f.bin -b sim:b0 -b sim:b0
	has "$stderr" "sim:b0 is selected twice"
	run -2 --separate-stderr stmiot flash f.bin --all -b sim:b0
	has "$stderr" "--all and -b do not go together"
}
