load helpers

# What a script relies on: one document, and nothing else, on standard output.
document() {
	stmiot --json "$@" >doc.json || return 1
	jq -e . doc.json >/dev/null
}

@test "a command that changes a setting answers in JSON too" {
	stmiot sim up --time none
	make_firmware root.bin 16
	document option set nwrp3=0 --yes
	run -0 jq -c . doc.json
	output_is '{"board":"sim:b0","changed":"nwrp3 from 1 to 0"}'
	document option set nwrp3=0 --yes
	run -0 jq -c .changed doc.json
	output_is null
	document otp write 2/16 root.bin --yes
	run -0 jq -c . doc.json
	output_is '{"board":"sim:b0","block":2,"offset":16,"written_bytes":16}'
	document otp lock 2 --yes
	run -0 jq -c . doc.json
	output_is '{"board":"sim:b0","block":2,"locked":true}'
	document option unprotect --yes
	run -0 jq -c . doc.json
	output_is '{"board":"sim:b0","unprotected":true}'
}

@test "what is not known is null" {
	stmiot sim up --time none
	document option set rdp=1 --yes
	document info
	run -0 jq -c '[.read_protected, .options, .otp, .slots]' doc.json
	output_is '[true,null,null,null]'
	stmiot sim power b0 off
	document list
	run -0 jq -c '.[0] | [.mode, .vid, .pid, .bcdDevice]' doc.json
	output_is '["off",null,null,null]'
}

@test "a verdict of flash says why, and claims nothing that was not done" {
	stmiot sim up --time none
	make_firmware app.bin
	run -0 bash -c "stmiot --json flash --dry-run app.bin | tail -n 1 | jq -c '[.ok, .why, .verified, .started]'"
	output_is '[true,null,false,false]'
	stmiot option set rdp=1 --yes
	stmiot --json flash app.bin >doc.json || status=$?
	[ "$status" -eq 4 ]
	run -0 bash -c "tail -n 1 doc.json | jq -c '[.ok, .exit, .why]'"
	output_is '[false,4,"read at 0x08000000: the chip is read-protected (RDP level 1, errVENDOR)"]'
}
