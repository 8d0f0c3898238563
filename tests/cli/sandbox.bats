load boards
load process

# How the kernel sees the board's process: KEY
kept_to() {
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$board_pid/status"
}

@test "the board gives up what it does not need" {
	board_start ./b --gdb 0 --serial USART1=tcp:0 --serial USART2=stdout
	[ "$(kept_to NoNewPrivs)" = 1 ]
	[ "$(kept_to Seccomp)" = 2 ]
	[ "$(kept_to CapPrm)" = 0000000000000000 ]
	[ "$(kept_to CapEff)" = 0000000000000000 ]
	[ "$(kept_to CapInh)" = 0000000000000000 ]
	board_end
	[ ! -e b/control ]
	[ ! -e b/usart3 ]
}

@test "the board is its folder's owner" {
	mkdir b
	if [ "$(id -u)" = 0 ]; then
		chown nobody b
	fi
	board_start ./b
	[ "$(kept_to Uid)" = "$(stat -c %u b)" ]
	[ "$(kept_to Gid)" = "$(stat -c %g b)" ]
	board_end
	[ "$(stat -c %u b/flash.bin)" = "$(stat -c %u b)" ]
}

@test "and still keeps its state" {
	boards_up
	stmiot -q sim boot0 b0 off
	has "$(cat sim/b0/chip)" "boot0 0"
	stmiot -q sim power b0 off
	stmiot -q sim power b0 on
	stmiot -q sim boot0 b0 on
	has "$(cat sim/b0/chip)" "boot0 1"
	stmiot -q sim reset b0
	random_firmware fw.bin 4096
	stmiot -q -b sim:b0 flash fw.bin
	holds fw.bin 0
}
