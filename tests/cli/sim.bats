load helpers

@test "up starts boards, prints them, and starts no board twice" {
	run -0 --separate-stderr stmiot sim up --boards 2 --no-hub --time none
	stderr_is ""
	[[ "${lines[0]}" =~ ^BOARD\ +SERIAL\ +USBIP$ ]]
	[[ "${lines[1]}" =~ ^b0\ +[0-9A-F]{12}\ +usbip://127\.0\.0\.1:[0-9]+/ ]]
	[[ "${lines[2]}" =~ ^b1\  ]]
	[ ${#lines[@]} -eq 3 ]
	first=$output
	run -0 stmiot sim up --no-hub --boards 2
	output_is "$first"
	run -0 bash -c "stmiot sim status --json | jq -r '.[].name'"
	output_is $'b0\nb1'
}

@test "the state is nobody else's" {
	umask 000
	stmiot sim up --no-hub --time none
	run -0 stat -c %a sim sim/b0 sim/b0/log
	output_is $'700\n700\n600'
}

@test "down ends them, and their state stays" {
	stmiot sim up --no-hub --time none
	pgrep -f "stmiot-board.*$STMIOT_SIM_DIR/b0"
	run -0 --separate-stderr stmiot sim down
	stderr_is "stmiot: sim down: ended 1 board"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		pgrep -f "stmiot-board.*$STMIOT_SIM_DIR/b0" || break
		sleep 0.1
	done
	run -1 pgrep -f "stmiot-board.*$STMIOT_SIM_DIR/b0"
	[ -d sim/b0 ]
	run -0 --separate-stderr stmiot sim down
	stderr_is "stmiot: sim down: nothing was running"
	run -0 stmiot sim status
	[[ "${lines[1]}" =~ ^b0\ +down\  ]]
	run -0 stmiot sim status --json
	output_is "[]"
}

@test "a serial number is a board's for ever" {
	stmiot sim up --no-hub --boards 2 --time none
	before=$(stmiot sim status --json | jq -r '.[].serial')
	[ "$(sort -u <<<"$before" | wc -l)" -eq 2 ]
	stmiot sim down
	stmiot sim up --no-hub --boards 2 --time none
	run -0 bash -c "stmiot sim status --json | jq -r '.[].serial'"
	output_is "$before"
}

@test "down of one" {
	stmiot sim up --no-hub --boards 2 --time none
	stmiot sim down b0
	run -0 stmiot sim down b0
	run -3 --separate-stderr stmiot sim down b9
	has "$stderr" "b9: there is no such virtual board"
	run -0 bash -c "stmiot sim status --json | jq -r '.[].name'"
	output_is b1
}

@test "a board outlives its terminal and its log is followed" {
	stmiot sim up --no-hub --time none
	run -0 stmiot sim log b0
	has "$output" "usbip://"
	stmiot sim log b0 --follow >followed &
	follower=$!
	stmiot sim reset b0
	for _ in $(seq 50); do
		grep -q reset followed && break
		sleep 0.1
	done
	kill -INT "$follower" || true
	kill -TERM "$follower" || true
	wait "$follower" || status=$?
	[ "$status" -eq 130 ] || [ "$status" -eq 143 ]
	grep -q reset followed
}

@test "boot0, reset and power" {
	stmiot sim up --no-hub --time none
	run -0 bash -c "stmiot sim status b0 --json | jq -c '.[0] | [.boot0, .power, .mode]'"
	output_is '[true,true,"rom"]'
	run -0 --separate-stderr stmiot sim boot0 b0 off
	output_is ""
	stderr_is ""
	stmiot sim power b0 off
	run -0 bash -c "stmiot sim status b0 --json | jq -c '.[0] | [.boot0, .power, .mode]'"
	output_is '[false,false,"off"]'
	stmiot sim boot0 b0 on
	stmiot sim power b0 on
	run -0 bash -c "stmiot sim status b0 --json | jq -c '.[0] | [.boot0, .power, .mode]'"
	output_is '[true,true,"rom"]'
	run -0 bash -c "stmiot sim reset b0 --json | jq -c .ok"
	output_is true
}

@test "status shows where a board that left its bootloader jumped to" {
	stmiot sim up --time none
	run -0 stmiot sim status
	[[ "${lines[1]}" =~ ^b0\ +rom\ +-\ +on\  ]]
	make_firmware app.bin
	stmiot flash app.bin
	run -0 stmiot sim status b0
	[[ "${lines[0]}" =~ ^BOARD\ +MODE\ +PROGRAM\  ]]
	[[ "${lines[1]}" =~ ^b0\ +running\ +0x08000000\ +on\  ]]
}

@test "the log of a board that is not there" {
	# Looking for a terminal changes errno.
	unset NO_COLOR
	TERM=xterm run -3 --separate-stderr stmiot sim log b9
	has "$stderr" "No such file"
}

@test "faults go to the board" {
	stmiot sim up --no-hub --time none
	stmiot sim fault b0 stall --at 12
	stmiot sim fault b0 power --erase 1 --fraction 0.5
	stmiot sim fault b0 flip --address 0x08000000 --bit 3
	run -0 bash -c "stmiot sim status b0 --json | jq '.[0].faults | length'"
	output_is 3
	stmiot sim fault b0 none
	run -0 bash -c "stmiot sim status b0 --json | jq '.[0].faults | length'"
	output_is 0
	run -2 --separate-stderr stmiot sim fault b0 stall
	has "$stderr" "sim fault stall needs --at"
	run -2 --separate-stderr stmiot sim fault b0 quake --at 1
	has "$stderr" "'quake' is none of stall|"
	run -2 --separate-stderr stmiot sim fault b0 power --erase 1 --fraction 2
	run -1 --separate-stderr stmiot sim fault b0 flip --address 0x08000000 --bit 9
	has "$stderr" "stmiot: sim: b0: "
}

@test "what the board does not understand is a wrong command line, and said" {
	run -2 --separate-stderr stmiot sim up --no-hub --serial USART9=pty
	output_is ""
	has "$stderr" "b0: the virtual board ended at once"
	has "$stderr" "USART1 to USART3"
	run -2 --separate-stderr stmiot sim up --no-hub --gdb 65536
	run -2 --separate-stderr stmiot sim up --no-hub --boards 2 --gdb 65535
	has "$stderr" "--gdb 65535: a port, and those of the next boards, end at 65535"
}

@test "a board that runs stays as it was started, which is said" {
	stmiot sim up --no-hub --time none
	run -0 --separate-stderr stmiot sim up --no-hub --boards 2
	stderr_is ""
	run -0 --separate-stderr stmiot sim up --no-hub --boards 2 --time real
	has "$stderr" "b0 runs already, and stays as it was started: 'stmiot sim down b0' ends it"
	has "$stderr" "b1 runs already"
}

@test "GDB is served for each board, at a port that status tells" {
	stmiot sim up --no-hub --time none --boards 2 --gdb 0
	run -0 stmiot sim status b1
	port=$(stmiot sim status b1 --json | jq '.[0].gdb')
	has "$output" "GDB           127.0.0.1:$port"
	# An acknowledged packet, to the question what it can do.
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf '+$qSupported#37' >&7
	IFS= read -r -t 5 -n 2 answer <&7
	[ "$answer" = '+$' ]
	exec 7>&-
	stmiot sim down b0
	stmiot sim up --no-hub --time none
	run -0 stmiot sim status b0
	[[ "$output" != *GDB* ]]
}

@test "no such board, and one that does not run" {
	run -3 --separate-stderr stmiot sim reset b7
	stderr_is "stmiot: sim: b7: there is no such virtual board
stmiot: 'stmiot sim status' lists them"
	run -3 --separate-stderr stmiot sim log b7
	run -3 --separate-stderr stmiot sim status ../b7
	stmiot sim up --no-hub --time none
	stmiot sim down
	run -3 --separate-stderr stmiot sim reset b0
	stderr_is "stmiot: sim: b0: this virtual board is not running
stmiot: 'stmiot sim up' starts the boards"
}

@test "status of nothing" {
	run -0 --separate-stderr stmiot sim status
	output_is ""
	has "$stderr" "'stmiot sim up' makes one"
	run -0 --separate-stderr stmiot sim status --json
	output_is "[]"
}

@test "a folder too deep for a socket's path" {
	export STMIOT_SIM_DIR
	STMIOT_SIM_DIR=$BATS_TEST_TMPDIR/sim/$(printf 'deep%.0s' $(seq 40))
	stmiot sim up --no-hub --time none
	run -0 bash -c "stmiot sim status --json | jq -r '.[].name'"
	output_is b0
	stmiot sim down
}

@test "ports in a row" {
	# Below the range from which the kernel hands out ports: mostly free.
	for _ in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 10000))
		run stmiot sim up --no-hub --boards 2 --time none --port "$port"
		[ "$status" -eq 0 ] && break
		stmiot sim down
	done
	has "${lines[1]}" ":$port/"
	has "${lines[2]}" ":$((port + 1))/"
}

@test "a port that is taken is told by the board's last words" {
	stmiot sim up --no-hub --time none
	port=$(stmiot sim status --json | jq -r '.[0].usbip' | sed 's/.*:\([0-9]*\)\/.*/\1/')
	export STMIOT_SIM_DIR=$BATS_TEST_TMPDIR/other
	run -1 --separate-stderr stmiot sim up --no-hub --time none --port "$port"
	has "$stderr" "sim up: b0: the virtual board ended at once"
	has "$stderr" "its last words: "
}

@test "a board that does not answer is given up in time" {
	stmiot sim up --no-hub --time none
	pid=$(pgrep -f "stmiot-board.*$STMIOT_SIM_DIR/b0")
	kill -STOP "$pid"
	STMIOT_TIMEOUT_MS=200 run -1 --separate-stderr stmiot sim reset b0
	kill -CONT "$pid"
	has "$stderr" "the virtual board does not answer"
}

@test "wrong command lines" {
	run -2 --separate-stderr stmiot sim up --boards 0
	run -2 --separate-stderr stmiot sim up --boards 65
	run -2 --separate-stderr stmiot sim up --port 65536
	run -2 --separate-stderr stmiot sim up --boards 3 --port 65534
	run -2 --separate-stderr stmiot sim up b0
	run -2 --separate-stderr stmiot sim boot0 b0 maybe
	run -2 --separate-stderr stmiot sim power
	run -2 --separate-stderr stmiot sim up --time fast
	has "$stderr" "--time fast: it is one of real|none"
}

@test "many at once" {
	for _ in 1 2 3; do
		stmiot sim up --boards 3 --time none >/dev/null &
	done
	wait
	run -0 pgrep -fc "stmiot-board.*$STMIOT_SIM_DIR/"
	output_is 3
}

@test "a flash that is cut off says what to do next" {
	stmiot sim up --time none
	make_firmware app.bin
	stmiot sim fault b0 power --erase 1 --stay
	run -1 --separate-stderr stmiot flash --full app.bin
	has "$stderr" $'\nstmiot: the bootloader is unharmed; run the same command to try again'
}

@test "-v tells the plan, and how it was carried out" {
	stmiot sim up --time none
	make_firmware app.bin
	run -0 --separate-stderr stmiot -v flash app.bin
	has "$stderr" "sim:b0: 0 sectors to erase, 1 to write only, 0 are the same; 1024 bytes, 0 of them kept ones"
	has "$stderr" "32 bits at once, without sleeping"
}
