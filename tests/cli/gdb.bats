load process

program=tests/board/debugged/debugged.elf

more_setup() {
	board_start sim/b0 --gdb 0
	stmiot -q sim boot0 b0 off
	port=$(status .gdb)
}

# [COMMAND...]: a debugger with those commands and then standard input's
debug() {
	local command
	{
		printf 'set pagination off\nset confirm off\nset width 0\n'
		printf 'target remote 127.0.0.1:%s\n' "$port"
		for command; do
			printf '%s\n' "$command"
		done
		cat
	} >commands.gdb
	exec timeout 60 gdb-multiarch -batch -nx -x commands.gdb "$STMIOT_BUILD/$program" 2>&1 3>&-
}

# In the program, at the beginning of its loop's second round
loaded=(load 'monitor reset' 'maintenance flush register-cache' 'tbreak work' continue 'tbreak work'
	continue)

@test "gdb: a program is loaded, and runs from its reset" {
	run -0 debug <<-'END'
		load
		compare-sections
		monitor reset
		maintenance flush register-cache
		info registers pc sp
		break work
		continue
		print/x kept
	END
	has "$output" "Section .text, range 0x8000000 -- "
	has "$output" "Section .data, range 0x8000"
	[ "$(grep -c ': matched.' <<<"$output")" -eq 2 ]
	has "$output" "<start>"
	has "$output" "sp             0x20004000"
	has "$output" "Breakpoint 1, work ()"
	has "$output" '$1 = 0x600d'
	cmp -n 256 sim/b0/flash.bin <(arm-none-eabi-objcopy -O binary "$STMIOT_BUILD/$program" /dev/stdout)
}

@test "gdb: registers of the core, the FPU and the system" {
	run -0 debug "${loaded[@]}" <<-'END'
		set $r4 = 0x12345678
		set $s1 = 2.5
		set $d7 = 0.125
		set $primask = 1
		set $basepri = 0x40
		stepi
		printf "r4 %x, s1 %g, d7 %g, masks %d %x\n", $r4, $s1, $d7, $primask, $basepri
		print $s1
		print $d7
		print $msp == $sp && $psp != $sp && $control == 4
		print/x $xpsr & 0x1000000
		info registers faultmask fpscr
	END
	has "$output" "r4 12345678, s1 2.5, d7 0.125, masks 1 40"
	has "$output" '$1 = 2.5'
	has "$output" '$2 = 0.125'
	has "$output" '$3 = 1'
	has "$output" '$4 = 0x1000000'
	has "$output" "faultmask      0x0"
	has "$output" "fpscr "
}

@test "gdb: memory, of every kind" {
	run -1 debug "${loaded[@]}" <<-'END'
		set var marks = {1, 2, 3, 0xabcd}
		print/x marks
		set var *(int *)0x10000000 = 0
		set var *(char *)0x10000003 = 0x77
		print/x *(int *)0x10000000
		print/x *(unsigned short *)0x1fff7a22
		print *(int *)0 == *(int *)0x08000000
		set var *(int *)0x40023830 = 8
		set var *(int *)0x40020c14 = 0x5000
		print/x *(int *)0x40020c14
		output/x *(int *)0x30000000
	END
	has "$output" '$1 = {0x1, 0x2, 0x3, 0xabcd}'
	has "$output" '$2 = 0x77000000'
	has "$output" '$3 = 0x400'
	has "$output" '$4 = 1'
	has "$output" '$5 = 0x5000'
	has "$output" "Cannot access memory at address 0x30000000"
}

@test "gdb: flash is not written but by load" {
	run -1 debug "${loaded[@]}" <<-'END'
		set var *(int *)0x08000400 = 1
	END
	has "$output" "Writing to flash memory forbidden in this context"
}

@test "gdb: breakpoints in flash and in RAM, and steps" {
	run -0 debug "${loaded[@]}" <<-'END'
		break thrice
		break twice
		continue
		finish
		continue
		backtrace
		printf "pc in RAM: %d\n", $pc >= 0x20000000 && $pc < 0x20000008
		finish
		delete
		set var $before = rounds
		until
		next
		next
		next
		next
		printf "rounds: %d more\n", rounds - $before
		tbreak work
		continue
		next
		step
		step
		step
		info program
		printf "in %d\n", rounds
	END
	has "$output" "Breakpoint 4, twice (n=1)"
	has "$output" 'Value returned is $1 = 2'
	has "$output" "Breakpoint 3, thrice (n=1)"
	has "$output" "in work () at"
	has "$output" "pc in RAM: 1"
	has "$output" 'Value returned is $2 = 3'
	has "$output" "rounds: 1 more"
	has "$output" "twice (n=2)"
	has "$output" "thrice (n=2)"
	has "$output" "in 2"
}

@test "gdb: a conditional breakpoint" {
	run -0 debug "${loaded[@]}" <<-'END'
		break inside if calls == 20
		continue
		print calls
		print rounds
		print half
	END
	has "$output" '$1 = 20'
	has "$output" '$2 = 20'
	has "$output" '$3 = 10'
}

@test "gdb: watchpoints: who writes, who reads, who does either" {
	run -0 debug "${loaded[@]}" <<-'END'
		watch rounds
		continue
		continue
		delete
		rwatch calls
		continue
		backtrace 2
		delete
		awatch marks[3]
		continue
		print rounds
		frame
		delete
		watch half if half == 5
		continue
		print rounds
		delete
		tbreak work
		continue
		print rounds
	END
	has "$output" "Hardware watchpoint 3: rounds"
	grep -A 3 "^Hardware watchpoint 3: rounds" <<<"$output" | grep -q "^New value = 2"
	has "$output" "New value = 3"
	has "$output" "Hardware read watchpoint 4: calls"
	has "$output" "in inside () at"
	has "$output" "#1  0x0800"
	has "$output" "Hardware access (read/write) watchpoint 5: marks[3]"
	has "$output" '$1 = 7'
	has "$output" "New value = 5"
	has "$output" '$2 = 10'
	has "$output" '$3 = 11'
}

@test "gdb: backtrace through an exception" {
	run -0 debug "${loaded[@]}" <<-'END'
		break inside
		continue
		backtrace
		printf "exception %d\n", $xpsr & 0x1ff
		finish
		stepi
		finish
		printf "exception %d\n", $xpsr & 0x1ff
		frame
	END
	grep -qx '#0  inside () at .*' <<<"$output"
	grep -qx '#1  0x0800.* in svc_handler () at .*' <<<"$output"
	grep -qx '#2  <signal handler called>' <<<"$output"
	grep -qx '#3  0x0800.* in ask (.*) at .*' <<<"$output"
	grep -qx '#4  0x0800.* in work () at .*' <<<"$output"
	grep -qx '#5  0x0800.* in start () at .*' <<<"$output"
	has "$output" "exception 11"
	has "$output" "exception 0"
}

@test "gdb: monitor resets, and knows what it knows" {
	run -0 debug "${loaded[@]}" <<-'END'
		print rounds
		monitor reset
		maintenance flush register-cache
		printf "at %x\n", $pc
		info line *$pc
		tbreak work
		continue
		print rounds
		monitor halt
		monitor dance
	END
	has "$output" '$1 = 1'
	has "$output" "<start>"
	has "$output" '$2 = 0'
	has "$output" "monitor reset: resets the chip, and halts it there"
}

@test "gdb: an interrupt halts what runs" {
	debug "${loaded[@]}" >said <<-'END' &
		continue
		printf "after %d\n", rounds > 1
		stepi
		continue
		printf "again\n"
	END
	debugger=$!
	for n in 1 2; do
		eventually status '.state == "runs"'
		eventually halted "$n"
	done
	wait "$debugger"
	has "$(cat said)" "after 1"
	has "$(cat said)" "again"
	status '.state == "runs"'
}

# N: has stopped it for the Nth time
halted() {
	pkill -INT -P "$debugger" gdb-multiarch
	sleep 0.2
	[ "$(grep -c "Program received signal SIGINT" said)" -ge "$1" ]
}

@test "gdb: lock-up is a signal" {
	run -0 debug "${loaded[@]}" <<-'END'
		set var *(int *)0xe000ed08 = 0x30000000
		continue
	END
	has "$output" "Program received signal SIGSEGV"
	status '.state == "locked"'
}

@test "gdb: a second debugger is turned away" {
	mkfifo more
	debug "${loaded[@]}" 'shell cat more' 'print rounds + 70' <<<'' >said &
	debugger=$!
	eventually grep -q "Temporary breakpoint 2, work" said
	run timeout 10 gdb-multiarch -batch -nx -ex "target remote 127.0.0.1:$port" 3>&-
	[[ "$output" != *"0x"* ]]
	grep -q "another debugger is turned away" log
	echo >more
	wait "$debugger"
	has "$(cat said)" '$1 = 71'
}

@test "gdb: one that is lost leaves a board that runs" {
	debug "${loaded[@]}" 'break stop' >said <<-'END' &
		continue
	END
	debugger=$!
	eventually grep -q "Temporary breakpoint 2, work" said
	eventually status '.state == "runs"'
	kill -9 "$(pgrep -P "$debugger" gdb-multiarch)"
	wait "$debugger" || true
	eventually grep -q "gdb: gone" log
	status '.state == "runs"'
	# with no breakpoint left behind
	run -0 debug 'print rounds > 0' <<-'END'
		info breakpoints
		tbreak inside
		continue
		detach
	END
	has "$output" '$1 = 1'
	has "$output" "Temporary breakpoint 1, inside ()"
	has "$output" "detached"
	status '.state == "runs"'
}

@test "gdb: a board in its ROM, and one without power" {
	stmiot -q sim boot0 b0 on
	stmiot -q sim reset b0
	run -0 debug 'info registers pc' <<<''
	has "$output" "0x1fff"
	run -0 stmiot info -b sim:b0
	stmiot -q sim power b0 off
	run -0 debug 'print/x $pc' <<<''
	has "$output" '$1 = 0x0'
	stmiot -q sim power b0 on
	run -0 stmiot info -b sim:b0
}
