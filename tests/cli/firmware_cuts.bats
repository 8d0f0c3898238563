# The bundled firmware is written over another version of it with BOOT0 low, and the power
# is cut.

load boards
load cuts

more_setup() {
	build_cuts firmware_cuts
	firmware_of 9.0.1
	firmware_of 9.0.2
	firmware_board 9.0.2.elf
}

@test "the power fails at transfer n, for each n: stub or ROM comes up, and the same command repairs" {
	cuts firmware_cuts transfers 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}

@test "the power fails within an erase: stub or ROM comes up, and the same command repairs" {
	cuts firmware_cuts erases 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}
