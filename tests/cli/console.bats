load outside

more_setup() {
	outside_up
	STMIOT_TIMEOUT_MS=1000
	export STMIOT_TIMEOUT_MS
}

# [OPTION...]: a session with standard input a pipe, which `type` writes to; heard, said
session() {
	mkfifo keys
	stmiot console "$@" <keys >heard 2>said 3>&- &
	session=$!
	exec 9>keys
}

type() {
	# shellcheck disable=SC2059
	printf "$1" >&9
}

# STATUS: of the session, when it has ended
ends_with() {
	local rc=0
	wait "$session" || rc=$?
	[ "$rc" -eq "$1" ] || {
		echo "exit $rc"
		cat said
		return 1
	}
}

@test "what is sent comes back, as it is" {
	run -0 --separate-stderr bash -c "printf 'one\rtwo\n' | stmiot console -b sim:b0 --timeout 1"
	output_is $'hello\r\none\rtwo'
	stderr_is ""
}

@test "the only board needs no name; of two one is named" {
	run -0 stmiot console --timeout 1 </dev/null
	output_is $'hello\r'
	stmiot -q sim up --no-hub --boards 2 --time real >up.txt
	run -3 --separate-stderr stmiot console --timeout 1 </dev/null
	stderr_is $'stmiot: 2 boards are in sight: say which with -b\nstmiot:   sim:b0\nstmiot:   sim:b1'
}

@test "no such board, no such port" {
	run -3 --separate-stderr stmiot console -b sim:b7 </dev/null
	has "$stderr" "b7: there is no such virtual board"
	run -3 --separate-stderr stmiot console -b sim:b0 --port USART2 </dev/null
	has "$stderr" "b0: its port USART2 is not open"
	run -3 --separate-stderr stmiot console -b /dev/none </dev/null
	has "$stderr" "/dev/none: No such file"
	run -3 --separate-stderr stmiot console -b /dev/null </dev/null
	has "$stderr" "/dev/null: this is no serial port"
	run -3 --separate-stderr stmiot console -b 357A3A7D3137 </dev/null
	has "$stderr" "no board with our firmware is called so"
	run -2 stmiot console -b sim:b0 --baud 12345 </dev/null
	run -2 stmiot console -b usbip://127.0.0.1/1-1 </dev/null
	run -2 stmiot console b0 </dev/null
	stmiot -q sim down
	run -3 --separate-stderr stmiot console </dev/null
	has "$stderr" "no board with a console is in sight"
}

@test "no rights: the line that mends it" {
	dev=$(readlink sim/b0/usart3)
	chmod 0 "$dev"
	run -4 --separate-stderr without_rights stmiot console -b "$dev" </dev/null
	has "$stderr" "$dev: Permission denied"
	has "$stderr" "sudo stmiot udev install"
}

@test "without standard input the board is not taken for it" {
	dev=$(readlink sim/b0/usart3)
	run -0 --separate-stderr bash -c 'stmiot console -b "$1" --timeout 1 <&-' - "$dev"
	output_is $'hello\r'
	stderr_is ""
	printf x | stmiot console -b "$dev" --timeout 1 >heard
	[ "$(cat heard)" = x ]
}

@test "one at a time" {
	session -b sim:b0
	eventually grep -q hello heard
	run -1 --separate-stderr stmiot console -b sim:b0 </dev/null
	has "$stderr" "somebody else has it open"
	kill -TERM "$session"
	ends_with 143
	run -0 stmiot console -b sim:b0 --timeout 1 </dev/null
}

@test "on over resets and over the board's end, without a restart" {
	stmiot sim boot0 b0 off
	session -b sim:b0
	eventually grep -q hello heard
	: >heard
	stmiot sim reset b0
	eventually grep -q hello heard
	type again
	eventually grep -q again heard
	: >heard
	stmiot sim down b0
	eventually grep -q 'sim:b0: gone; waiting until it is back' said
	stmiot -q sim up --no-hub --time real >up.txt
	eventually grep -q 'sim:b0: back' said
	eventually grep -q hello heard
	type anew
	eventually grep -q anew heard
	kill -INT "$session"
	kill -TERM "$session" || true
	rc=0
	wait "$session" || rc=$?
	[ "$rc" -eq 130 ] || [ "$rc" -eq 143 ]
}

@test "a log of what comes, nobody else's" {
	umask 000
	printf 'x' | stmiot console -b sim:b0 --timeout 1 --log log.txt >heard
	cmp heard log.txt
	[ "$(stat -c %a log.txt)" = 600 ]
	printf 'y' | stmiot console -b sim:b0 --timeout 1 --log log.txt >>heard
	cmp heard log.txt
	run -1 stmiot console -b sim:b0 --log "$PWD" </dev/null
	printf z >z
	run -1 --separate-stderr stmiot console -b sim:b0 --timeout 5 --log /dev/full <z
	stderr_is "stmiot: /dev/full: No space left on device"
	# Of eight bytes there is room for the first four.
	dd if=/dev/zero of=short bs=1020 count=1 2>dd.txt
	run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 1; printf 12345678 |
		stmiot console -b sim:b0 --timeout 5 --log short'
	[ "$status" -eq 1 ]
	has "$stderr" "short: File too large"
	[ "$(stat -c %s short)" -eq 1024 ]
}

@test "a click is heard" {
	session -b sim:b0
	eventually grep -q hello heard
	stmiot sim press b0 --for 20
	eventually grep -q 'press 1' heard
	stmiot sim press b0 --for 20
	eventually grep -q 'press 2' heard
}

@test "other ports: TCP and none" {
	stmiot -q sim down
	STMIOT_TIMEOUT_MS='' outside_up --serial USART3=tcp:0 --serial USART1=pty
	stmiot sim status b0 --json |
		jq -e '[.[0].ports[] | [.port, .kind]] == [["USART1", "pty"], ["USART3", "tcp"]]'
	[ ! -e sim/b0/usart3 ]
	[ -e sim/b0/usart1 ]
	run -0 bash -c "printf tcp | stmiot console -b sim:b0 --timeout 1"
	output_is $'hello\r\ntcp'
	stmiot -q sim down
	[ ! -e sim/b0/usart1 ]
	stmiot -q sim up --no-hub --serial USART3=none >up.txt
	run -3 --separate-stderr stmiot console -b sim:b0 </dev/null
	stmiot -q sim down
	run -2 --separate-stderr stmiot sim up --no-hub --serial USART9=pty
	has "$stderr" "with a PORT of USART1 to USART3"
}

# -- at a terminal: script(1) is one -----------------------------------------------------

# A session at a terminal; what is typed goes to `type`
terminal_session() {
	command -v script >/dev/null
	mkfifo keys
	TERM=dumb script -qefc "stty -a >before; stmiot console -b sim:b0; echo ended \$?; stty -a >after" \
		/dev/null <keys >heard 2>&1 3>&- &
	session=$!
	exec 9>keys
	eventually grep -q 'Ctrl-] ends' heard
}

@test "at a terminal each key goes to the board, and Ctrl-] ends" {
	terminal_session
	# no key is a signal's, and none is shown but by the board
	type 'a\003\034\032'
	eventually grep -q $'a\003\034\032' heard
	type z
	eventually grep -q z heard
	type '\035'
	eventually grep -q 'ended 0' heard
	wait "$session"
	cmp before after
	[ "$(grep -o z heard | wc -l)" -eq 1 ]
}

# This test's own command: others may run the same.
console_pid() {
	local pid
	for pid in $(pgrep -x stmiot); do
		[ "$(readlink "/proc/$pid/cwd")" != "$PWD" ] || echo "$pid"
	done
}

@test "a signal gives the terminal back" {
	terminal_session
	kill -s TERM "$(console_pid)"
	eventually grep -q 'ended 143' heard
	wait "$session" || true
	cmp before after
}

# -- real ports: a folder that looks like sysfs, whose tty is the virtual board's -----------

# PATH [PRODUCT [MANUFACTURER]]: a USB device whose serial port is NAME of `dev`
plug() {
	local device=sys/devices/$1
	mkdir -p "$device/$1:1.0" sys/class/tty/ttyACM0 dev
	echo 1209 >"$device/idVendor"
	echo 0001 >"$device/idProduct"
	echo "${3:-stmiot}" >"$device/manufacturer"
	echo "${2:-stmiot STM32F407}" >"$device/product"
	echo 357A3A7D3137 >"$device/serial"
	ln -sfn "../../../devices/$1/$1:1.0" sys/class/tty/ttyACM0/device
	ln -sfn "$(readlink sim/b0/usart3)" dev/ttyACM0
	export STMIOT_SYSFS=$PWD/sys STMIOT_DEV=$PWD/dev
}

@test "a real board is found by our firmware's identity alone" {
	plug 3-2
	for selector in path:3-2 3-2 serial:357A3A7D3137 357a3a7d3137 "$PWD/dev/ttyACM0"; do
		run -0 bash -c "printf . | stmiot console -b $selector --timeout 1"
		has "$output" .
	done
	STMIOT_BUS=usb run -0 bash -c "printf . | stmiot console --timeout 1"
	has "$output" .
	STMIOT_BUS=all run -3 --separate-stderr stmiot console </dev/null
	has "$stderr" "2 boards are in sight"
	plug 3-2 "stmiot STM32F407" somebody
	run -3 stmiot console -b path:3-2 </dev/null
	plug 3-2 "STM32 Virtual ComPort"
	run -3 stmiot console -b path:3-2 </dev/null
	STMIOT_BUS=usb run -3 stmiot console </dev/null
}

@test "a real board that is unplugged is waited for" {
	plug 3-2
	session -b path:3-2
	eventually grep -q hello heard
	rm -r sys/class/tty/ttyACM0
	stmiot -q sim down
	eventually grep -q 'path:3-2: gone' said
	stmiot -q sim boot0 b0 off || true
	stmiot -q sim up --no-hub --time real >up.txt
	plug 3-2
	eventually grep -q 'path:3-2: back' said
}
