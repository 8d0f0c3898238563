load process

# NAME OPTION...: what the bundled firmware does at first when power comes (the $powers-th time
# since it was flashed), in NAME.trace, what it says in NAME.serial, and what the board says of it in NAME.log.
power_on() {
	local name=$1 tracer
	shift
	rm -rf sim
	board_start sim/b0 --uid 0123456789abcdef01234567 --serial USART3=stdout "$@"
	stmiot -q -b sim:b0 flash
	stmiot -q sim boot0 b0 off
	stmiot -q sim power b0 off
	for _ in $(seq 2 "${powers:-1}"); do
		stmiot -q sim power b0 on
		stmiot -q sim power b0 off
	done
	stmiot sim trace b0 --count 20000 --json >"$name.trace" &
	tracer=$!
	eventually traced
	stmiot -q sim power b0 on
	wait "$tracer"
	board_end
	tail -n +2 ready >"$name.serial"
	cp log "$name.log"
}

traced() {
	run -1 stmiot sim trace b0 NONE
	has "$output" "somebody traces this board already"
}

@test "two runs with one seed are the same, cycle for cycle" {
	power_on first --time none --seed 4294967295
	power_on second --time none --seed 4294967295
	[ "$(wc -l <first.trace)" -eq 20000 ]
	cmp first.trace second.trace
	cmp first.log second.log
	cmp first.serial second.serial
	grep -q "start: reset power-on" first.serial
	# however long it took
	power_on slow --time real --seed 4294967295
	cmp first.trace slow.trace
	cmp first.log slow.log
}

@test "two seeds differ where chance is" {
	power_on one --time none
	power_on same --time none --seed 1
	power_on other --time none --seed 2
	cmp one.trace same.trace
	run -1 cmp one.trace other.trace
	run -1 cmp <(numbers one) <(numbers other)
	cmp <(grep -v RNG one.trace | head -n 1000) <(grep -v RNG other.trace | head -n 1000)
}

# NAME: the numbers that its generator gave
numbers() {
	jq -r 'select(.register == "RNG.DR") | .value' "$1.trace" | grep .
}

@test "chance is another each time that power comes" {
	power_on first --time none
	powers=2 power_on second --time none
	run -1 cmp <(numbers first) <(numbers second)
}

@test "a seed is a number" {
	run -2 --separate-stderr stmiot-board --seed 4294967296 b
	has "$stderr" "--seed: is a number from 0 to 4294967295"
	run -2 --separate-stderr stmiot-board --seed -1 b
	run -2 --separate-stderr stmiot-board --seed 1x b
	run -2 --separate-stderr stmiot sim up --no-hub --seed 1x
	stmiot -q sim up --no-hub --seed 7 >up.txt
	run -0 pgrep -f "stmiot-board.*--seed 7 .*$STMIOT_SIM_DIR/b0"
}
