load boards

# Two sectors with some bytes that no image of sweep.c covers, and full ones elsewhere.
more_setup() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o "$BATS_TEST_TMPDIR/sweep" \
		"$BATS_TEST_DIRNAME/sweep.c" "$BATS_TEST_DIRNAME/fault.c"
	boards_up
	stmiot -q sim down
	random_file flash 1048576
	blank_file blank 131072
	for hole in 3200:13179 16416:4064 25600:7168 131072:131072 262144:131072; do
		head -c "${hole#*:}" blank | patch_file flash "${hole%:*}"
	done
	mv flash sim/b0/flash.bin
	boards_up
}

sweep() {
	run ./sweep "$STMIOT_SIM_DIR/b0" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a refused transfer, for each n: made good at once" {
	sweep stall leave-stall
}

@test "an unanswered transfer, for each n: made good at once or by the same command again" {
	sweep timeout leave-timeout
}

@test "the board leaves the bus at transfer n, for each n: the same command makes it good" {
	sweep disconnect leave-disconnect
}

@test "the power fails at transfer n, for each n: the same command makes it good" {
	sweep power leave-power
}

@test "the power fails within an erase: the same command makes it good, all bytes kept" {
	sweep erase
}

@test "the power fails within an erase and then at transfer n of the repeat, for each n" {
	sweep twice
}

@test "killed or interrupted at transfer n, for each n: the same command makes it good" {
	sweep kill interrupt
}
