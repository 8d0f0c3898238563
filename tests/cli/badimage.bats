load boards

# Bytes of `body`, a DfuSe file of two elements without its suffix: [UM0391] 2.
SIZE=6 TARGETS=10 TARGET=11 ALT=17 TARGET_SIZE=277 ELEMENTS=281 ELEMENT=285

more_setup() {
	random_firmware a 1000 1
	random_file b 500 2
	dfuse-pack -b 0x08000000:a -b 0x08020000:b good.dfu
	head -c -16 good.dfu >body
}

# OFFSET: standard input goes there, and the suffix is right again: bad
patched() {
	cp body bad
	patch_file bad "$1"
	seal
}

seal() {
	dfu-suffix -S 0x011a -v 0483 -p df11 -d 0000 -a bad >/dev/null
}

# MESSAGE [HINT]: said of ./bad with and without a board, which hears nothing of it
refused() {
	local want="stmiot: \"bad\": $1${2:+$'\n'stmiot: $2}"
	STMIOT_SIM_DIR=$PWD/none run -5 --separate-stderr stmiot flash bad
	output_is ""
	stderr_is "$want"
	[ -d sim ] || boards_up
	before=$(board b0 .counters)
	run -5 --separate-stderr stmiot flash bad
	output_is ""
	stderr_is "$want"
	run -5 --separate-stderr stmiot flash --all --full bad
	stderr_is "$want"
	run -5 --separate-stderr stmiot verify bad
	output_is ""
	stderr_is "$want"
	[ "$(board b0 .counters)" = "$before" ]
	[ "$(board b0 .counters.transfers)" -eq 0 ]
}

@test "DfuSe cut short" {
	head -c 8 good.dfu >bad
	refused 'offset 0x8: cut short: a DfuSe prefix has 11 bytes'
	head -c 200 good.dfu >bad
	refused 'offset 0xb: target 1 has 274 bytes before its elements, but only 189 are left'
	head -c 700 good.dfu >bad
	refused 'offset 0x11d: element 1 of target 1 says 1000 bytes, but only 407 are left'
	head -c 1400 good.dfu >bad
	refused 'offset 0x50d: element 2 of target 1 says 500 bytes, but only 99 are left'
	cp body bad
	refused 'offset 0x709: cut short: no DFU suffix behind the last target'
}

@test "DfuSe with sizes that overflow or disagree" {
	le32 0 | patched $SIZE
	refused 'offset 0x6: sizes that disagree: DFUImageSize is 0, 1801 bytes are before the suffix'
	le32 0xffffffff | patched $((ELEMENT + 4))
	refused 'offset 0x11d: element 1 of target 1 says 4294967295 bytes, but only 1508 are left'
	le32 9 | patched $TARGET_SIZE
	refused 'offset 0x115: sizes that disagree: target 1 says 9 bytes, its elements have 1516'
	le32 0xffffff00 | patched $ELEMENT
	refused 'offset 0x11d: 1000 bytes at 0xffffff00 reach beyond 4 GiB'
}

@test "DfuSe with counts that are wrong" {
	printf '\000' | patched $TARGETS
	refused 'offset 0xa: it has no targets'
	printf '\002' | patched $TARGETS
	refused 'offset 0x709: target 2 has 274 bytes before its elements, but only 0 are left'
	le32 0 | patched $ELEMENTS
	refused 'offset 0x119: target 1 says 0 elements, 1 to 10000 make sense'
	le32 3 | patched $ELEMENTS
	refused 'offset 0x709: element 3 of target 1 has 8 bytes before its data, but only 0 are left'
	le32 0xffffffff | patched $ELEMENTS
	refused 'offset 0x119: target 1 says 4294967295 elements, 1 to 10000 make sense'
	le32 0 | patched $((ELEMENT + 4))
	refused 'offset 0x11d: element 1 of target 1 has no bytes'
}

@test "DfuSe that is none, of another version, or damaged" {
	printf X | patched $TARGET
	refused 'offset 0xb: target 1 does not begin with "Target"'
	printf '\002' | patched 5
	refused 'offset 0x5: DfuSe version 2, only 1 is known'
	cp good.dfu bad
	printf x | patch_file bad 600
	run -5 --separate-stderr stmiot image info bad
	has "$stderr" 'offset 0x715: the suffix has the CRC 0x'
	crc=${stderr#*offset 0x715: }
	refused "offset 0x715: $crc"
}

@test "elements that overlap" {
	le32 0x08000100 | patched $((ELEMENT + 1008))
	refused 'offset 0x50d: 0x08000100 is given a second time, after offset 0x11d'
}

@test "another device, another alternate setting" {
	cp body bad && dfu-suffix -S 0x011a -v 1209 -p 0001 -d 0000 -a bad >/dev/null
	refused 'it is for the device 1209:0001, not for 0483:df11, an STM32'\''s bootloader'
	printf '\001' | patched $ALT
	refused '0x08000000 is for alternate setting 1, internal flash is 0'
}

@test "bytes outside the flash, and the command for them" {
	le32 0x080fff00 | patched $ELEMENT
	refused '0x08100000 is outside this flash, 0x08000000 to 0x080fffff'
	le32 0x1fffc000 | patched $ELEMENT
	refused '0x1fffc000 is option bytes' \
		'set them by name with `stmiot option set`'
	le32 0x1fff7800 | patched $ELEMENT
	refused '0x1fff7800 is one-time programmable memory' \
		'write it with `stmiot otp write`; it cannot be undone'
	le32 0x1fff0000 | patched $ELEMENT
	refused '0x1fff0000 is system memory, where the bootloader is'
	le32 0xffff0000 | patched $ELEMENT
	refused '0xffff0000 is the bootloader'\''s Device Feature, not memory'
	le32 0x20000000 | patched $ELEMENT
	refused '0x20000000 is RAM' \
		'link the program so that it is loaded into flash'
}

@test "raw bytes that do not say where they go" {
	: >bad
	refused 'the file is empty'
	head -c 100 /dev/zero >bad
	refused 'offset 0x0: nothing but zero bytes' \
		'if this is the right file, say where it goes with --address'
	blank_file bad 100
	refused 'offset 0x0: nothing but 0xff, as in blank flash' \
		'if this is the right file, say where it goes with --address'
	echo hello, this is text >bad
	refused 'offset 0x0: text, in no image format' \
		'if this is the right file, say where it goes with --address'
	{ printf '\001\002\003\004' && cat b; } >bad
	refused 'offset 0x0: raw bytes that do not look like STM32F407 firmware: 0x04030201 is no stack pointer' \
		'if this is the right file, say where it goes with --address'
	{ printf '\000\000\002\040\000\000\000\000' && cat b; } >bad
	refused 'offset 0x4: raw bytes that do not look like firmware for 0x08000000: its reset vector would be 0x00000000' \
		'if this is the right file, say where it goes with --address'
}

@test "Intel HEX" {
	printf ':020000040800F2\n:04000000010203047F\n:00000001FF\n' >bad
	refused 'offset 0x21: line 2: the checksum is 7f, the bytes before it make f2'
	printf ':020000040800F2\n:0400000001020304F2\n' >bad
	refused 'offset 0x24: line 3: cut short: there is no end record'
	printf ':020000040800F2\n:0400000001020304F2\n:0400020001020304F0\n:00000001FF\n' >bad
	refused 'offset 0x24: 0x08000002 is given a second time, after offset 0x10'
	printf ':020000040800F2\n:04000000010203\n:00000001FF\n' >bad
	refused 'offset 0x1f: line 2: the record is cut short'
	printf ':00000001FF\n' >bad
	refused 'offset 0x0: there is no data before the end record'
}

@test "ELF of another machine, with nothing to load, cut short" {
	make_elf a bad 62
	refused 'offset 0x12: a program for another machine (e_machine 62, Arm is 40)'
	make_elf a bad 40 6
	refused 'offset 0x34: nothing to load: no program header has bytes for memory'
	make_elf a whole && head -c 40 whole >bad
	refused 'offset 0x28: cut short: an ELF header has 52 bytes'
	head -c 500 whole >bad
	refused 'offset 0x38: program header 0 says 1000 bytes from offset 0x54 on, in a file of 500'
}
