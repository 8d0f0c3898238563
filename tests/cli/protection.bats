load boards

@test "a write-protected sector: refused by its number, and nothing changed" {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
	run -0 --separate-stderr stmiot option set nwrp1=0 --yes
	output_is "sim:b0: nwrp1 from 1 to 0"
	[ "$(board b0 .nwrp)" = 0x0ffd ]
	random_firmware f.bin 20000
	run -5 --separate-stderr stmiot -q flash --no-start f.bin
	output_is ""
	stderr_is "stmiot: sim:b0: sector 1 at 0x08004000 is write-protected (nWRP1 is 0)
stmiot: \`stmiot option set nwrp1=1 --yes\` lifts that"
	cmp all sim/b0/flash.bin
	run -5 --separate-stderr stmiot -q erase 0x08004000 16K --yes
	has "$stderr" "write-protected"
	run -5 --separate-stderr stmiot -q erase --chip --yes
	cmp all sim/b0/flash.bin
	head -c 16384 f.bin >one.bin
	run -0 --separate-stderr stmiot -q flash --no-start one.bin
	run -0 --separate-stderr stmiot option set nwrp1=1 --yes
	run -0 --separate-stderr stmiot -q flash --no-start f.bin
	holds f.bin 0
}

@test "an image that is there already needs no writing: protection does not matter" {
	boards_up
	random_firmware f.bin 20000
	stmiot -q flash --no-start f.bin >/dev/null
	stmiot -q option set nwrp0=0 nwrp1=0 --yes >/dev/null
	run -0 --separate-stderr stmiot -q flash --no-start f.bin
	has "$output" "nothing to do"
}

@test "read protection: not permitted, and what lifts it" {
	boards_up
	random_firmware f.bin 5000
	stmiot -q flash --no-start f.bin >/dev/null
	run -0 --separate-stderr stmiot option set rdp=1 --yes
	output_is "sim:b0: rdp from level 0 to level 1"
	[ "$(board b0 .rdp)" -eq 1 ]
	for command in "flash f.bin" "verify f.bin" "read 0x08000000 16 -o x" "option show" "otp show" \
		"erase 0x08000000 16K --yes" "erase --chip --yes" "option set nwrp0=0 --yes"; do
		# shellcheck disable=SC2086
		run -4 --separate-stderr stmiot -q $command
		output_is ""
		has "$stderr" "the chip is read-protected (RDP level 1, errVENDOR)"
		has "$stderr" "stmiot: \`stmiot option unprotect --yes\` lifts it and erases all flash"
	done
	holds f.bin 0
	[ ! -e x ]
}

@test "unprotect asks, erases all, and leaves a board that can be flashed" {
	boards_up
	random_firmware f.bin 5000
	stmiot -q flash --no-start f.bin >/dev/null
	stmiot -q option set rdp=1 --yes >/dev/null
	run -2 --separate-stderr stmiot option unprotect </dev/null
	stderr_is "stmiot: sim:b0: lift the read protection and erase all flash?
stmiot: nobody is there to ask: give --yes to say so"
	[ "$(board b0 .rdp)" -eq 1 ]
	run -0 --separate-stderr stmiot option unprotect --yes
	output_is "sim:b0: not read-protected any more; all flash is erased"
	stderr_is "stmiot: sim:b0: lifting the read protection; the chip erases all flash, which takes 8 to 32 s"
	[ "$(board b0 .rdp)" -eq 0 ]
	blank_file ff 1048576
	cmp ff sim/b0/flash.bin
	run -0 --separate-stderr stmiot -q flash --no-start f.bin
	holds f.bin 0
}

@test "option show" {
	boards_up
	run -0 --separate-stderr stmiot option show
	stderr_is ""
	has "${lines[0]}" "NAME"
	[[ "${lines[1]}" =~ ^rdp\ +level\ 0\ +read\ protection ]]
	[ ${#lines[@]} -eq 19 ]
	run -0 bash -c "stmiot option show --json | jq -c '[.board, .options.rdp, .options.bor_lev,
		.options.wdg_sw, .options.nrst_stop, .options.nrst_stdby, .options.nwrp, (.raw | length)]'"
	output_is '["sim:b0",0,3,1,1,1,4095,32]'
}

@test "option set changes what is named and nothing else" {
	boards_up
	cp sim/b0/options.bin before
	run -0 --separate-stderr stmiot option set bor_lev=1 nrst_stop=0 --yes
	output_is "sim:b0: bor_lev from off to 2.4 V, nrst_stop from 1 to 0"
	stderr_is ""
	run -0 bash -c "stmiot option show --json | jq -c '.options | [.rdp, .bor_lev, .nrst_stop, .nwrp]'"
	output_is '[0,1,0,4095]'
	[ "$(cmp -l before sim/b0/options.bin | awk '$1 > 1' | wc -l)" -eq 0 ]
	run -0 --separate-stderr stmiot option set bor_lev=1 --yes
	output_is "sim:b0: nothing to do"
	[ "$(board b0 .counters.option_writes)" -eq 1 ]
}

@test "option set refuses" {
	boards_up
	cp sim/b0/options.bin before
	run -5 --separate-stderr stmiot option set rdp=2 --yes
	stderr_is "stmiot: sim:b0: RDP level 2 locks the bootloader and the debugger out for ever: it is never written"
	run -2 --separate-stderr stmiot option set rdp=3 --yes
	has "$stderr" 'rdp cannot be "3": it goes from 0 to 1'
	run -2 --separate-stderr stmiot option set rdp=0xcc --yes
	run -2 --separate-stderr stmiot option set bor_lev=4 --yes
	has "$stderr" 'bor_lev cannot be "4": it goes from 0 to 3'
	run -2 --separate-stderr stmiot option set speed=1 --yes
	has "$stderr" 'there is no option byte "speed"'
	has "$stderr" 'they are rdp, bor_lev'
	run -2 --separate-stderr stmiot option set rdp --yes
	has "$stderr" '"rdp" is not NAME=VALUE'
	run -2 --separate-stderr stmiot option set --yes
	has "$stderr" 'option set takes NAME=VALUE'
	run -2 --separate-stderr stmiot option set bor_lev=1 </dev/null
	stderr_is "stmiot: sim:b0: change bor_lev from off to 2.4 V? The board resets
stmiot: nobody is there to ask: give --yes to say so"
	cmp before sim/b0/options.bin
	[ "$(board b0 .counters.option_writes)" -eq 0 ]
}

@test "otp show" {
	boards_up
	printf 'birth' | change_board b0 otp.bin 64
	printf '\000' | change_board b0 otp.bin 515
	run -0 --separate-stderr stmiot otp show
	[ ${#lines[@]} -eq 17 ]
	[[ "${lines[1]}" =~ ^0\ +blank ]]
	[[ "${lines[3]}" =~ ^2\ +written\ +6269727468f{54}$ ]]
	[[ "${lines[4]}" =~ ^3\ +locked ]]
	run -0 bash -c "stmiot otp show --json | jq -c '.board, (.blocks | length), (.blocks[2] | [.locked, .blank])'"
	output_is '"sim:b0"
16
[false,false]'
}

@test "otp write burns what it is given, once" {
	boards_up
	cp sim/b0/otp.bin want
	printf 'birth record' >birth
	run -0 --separate-stderr stmiot otp write 4 birth --yes
	output_is "sim:b0: 12 bytes written to OTP block 4"
	patch_file want 128 <birth
	cmp want sim/b0/otp.bin
	printf 'xyz' >more
	run -0 --separate-stderr stmiot otp write 4/13 more --yes
	output_is "sim:b0: 3 bytes written to OTP block 4"
	patch_file want 141 <more
	cmp want sim/b0/otp.bin
	# The same again changes nothing; other bytes cannot be.
	run -0 --separate-stderr stmiot otp write 4 birth --yes
	printf 'death record' >death
	run -5 --separate-stderr stmiot otp write 4 death --yes
	output_is ""
	has "$stderr" "stmiot: sim:b0: 0x1fff7880 holds 62: only an erase could make it 64"
	cmp want sim/b0/otp.bin
}

@test "otp write refuses" {
	boards_up
	cp sim/b0/otp.bin want
	head -c 32 /dev/zero >zero
	head -c 33 /dev/zero >long
	: >empty
	run -5 --separate-stderr stmiot otp write 1 long --yes
	has "$stderr" "long\" holds 33 bytes; 32 fit into the block from offset 0" || has "$stderr" "long holds 33 bytes; 32 fit into the block from offset 0"
	run -5 --separate-stderr stmiot otp write 1/1 zero --yes
	run -5 --separate-stderr stmiot otp write 1 empty --yes
	run -2 --separate-stderr stmiot otp write 16 zero --yes
	run -2 --separate-stderr stmiot otp write 1/32 zero --yes
	run -2 --separate-stderr stmiot otp write 1 --yes
	run -2 --separate-stderr stmiot otp write 1 missing --yes
	run -2 --separate-stderr stmiot otp write 1 zero </dev/null
	stderr_is "stmiot: sim:b0: burn 32 bytes into OTP block 1 for ever?
stmiot: nobody is there to ask: give --yes to say so"
	run -2 --separate-stderr stmiot otp lock 1 </dev/null
	stderr_is "stmiot: sim:b0: lock OTP block 1 for ever?
stmiot: nobody is there to ask: give --yes to say so"
	run -2 --separate-stderr stmiot otp lock 16 --yes
	run -2 --separate-stderr stmiot otp lock --yes
	cmp want sim/b0/otp.bin
}

@test "otp lock writes the one byte" {
	boards_up
	cp sim/b0/otp.bin want
	run -0 --separate-stderr stmiot otp lock 5 --yes
	output_is "sim:b0: OTP block 5 is locked"
	printf '\000' | patch_file want 517
	cmp want sim/b0/otp.bin
	printf 'late' >late
	run -5 --separate-stderr stmiot otp write 5 late --yes
	stderr_is "stmiot: sim:b0: OTP block 5 is locked for ever"
	run -5 --separate-stderr stmiot otp lock 5 --yes
	stderr_is "stmiot: sim:b0: OTP block 5 is locked for ever"
	run -0 --separate-stderr stmiot otp write 4 late --yes
	run -0 --separate-stderr stmiot otp write 6 late --yes
	patch_file want 128 <late
	patch_file want 192 <late
	cmp want sim/b0/otp.bin
}
