load boards
load hubs

more_setup() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o "$BATS_TEST_TMPDIR/ask" \
		"$BATS_TEST_DIRNAME/ask.c" "$BATS_TEST_DIRNAME/fault.c"
	hub_up
	stmiot -q sim up --no-hub --time none >up.txt
	serial=$(stmiot list --json | jq -r '.[0].serial')
}

requests() {
	./ask hub '"status"' | jq .requests
}

# The same number of requests before and after: the hub has not been asked.
untouched() {
	[ "$(requests)" -eq "$asked" ] || {
		echo "the hub has been asked"
		return 1
	}
}

# JQ-EXPRESSION over the records that the board has
credentials() {
	stmiot info --json | jq -r ".credentials$1"
}

verdict() {
	jq -r "select(.event == \"verdict\") | $1" <<<"$output"
}

@test "a key: registered, written, read back, and nothing to do the next time" {
	run -0 --separate-stderr stmiot provision dev1
	[[ "$output" =~ ^"sim:b0: 'dev1' at "[a-z.-]+": slot A, generation 1, "[0-9.]+" s"$ ]]
	stderr_is "stmiot: sim:b0: the key can be read over USB; --lock switches the read protection on"
	run -0 credentials '[0] | .state, .in_use, .device_id, .auth, .generation, .serial, .wrapped'
	output_is "valid
true
dev1
sas
1
$serial
false"
	cp sim/b0/flash.bin before
	run -0 stmiot -q provision dev1
	has "$output" "nothing to do"
	cmp before sim/b0/flash.bin
}

@test "without a device id it is the board's serial" {
	stmiot -q provision >/dev/null
	run -0 credentials '[0].device_id'
	output_is "$serial"
	stmiot device show "$serial" >/dev/null
}

@test "a device that is there is used, not made anew" {
	stmiot -q device create dev1 >/dev/null
	before=$(stmiot device show dev1 --json | jq -r .generation_id)
	stmiot -q provision dev1 >/dev/null
	[ "$(stmiot device show dev1 --json | jq -r .generation_id)" = "$before" ]
}

@test "another device goes into the other slot" {
	stmiot -q provision dev1 >/dev/null
	stmiot -q provision dev2 >/dev/null
	run -0 credentials '[] | .device_id, .generation, .in_use'
	output_is "dev1
1
false
dev2
2
true"
}

@test "--auth x509: a certificate made here, its thumbprint registered" {
	run -0 --separate-stderr stmiot --json provision dev1 --auth x509
	thumbprint=$(verdict .thumbprint)
	[ ${#thumbprint} -eq 64 ]
	run -0 stmiot device show dev1
	has "$output" "$thumbprint"
	run -0 credentials '[0] | .auth, .thumbprint'
	output_is "x509
$thumbprint"
	run -0 stmiot -q provision dev1 --auth x509
	has "$output" "nothing to do"
}

@test "--auth x509 with a CA: the certificate is signed by it" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 4000 \
		-subj /CN=ca -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE \
		2>/dev/null
	run -0 stmiot -q provision dev1 --auth x509 --ca-cert ca.pem --ca-key ca.key --days 10
	run -0 stmiot device show dev1
	has "$output" certificateAuthority
	run -2 stmiot -q provision dev1 --auth x509 --ca-cert ca.pem
}

@test "--auth dps: a key derived offline, without a hub" {
	hub_down
	head -c 32 /dev/urandom | base64 >group.key
	run -0 stmiot -q provision Dev-1 --auth dps --id-scope 0ne1 --group-key-file group.key
	run -0 credentials '[0] | .auth, .id_scope, .registration_id'
	output_is "dps-sas
0ne1
dev-1"
	run -2 stmiot provision --auth dps --id-scope 0ne1
	hub_add plain --connection-string-file hub/connection-string
	run -2 stmiot --hub plain provision --auth dps --group-key-file group.key
	has "$output" "needs --id-scope"
	run -2 stmiot provision --id-scope 0ne1
	echo not-base64! >bad.key
	run -5 stmiot provision --auth dps --id-scope 0ne1 --group-key-file bad.key
	[[ "$output" != *not-base64* ]]
}

@test "--auth dps --enroll --register: its own keys, and where it is assigned" {
	run -0 --separate-stderr stmiot --json provision Dev-1 --auth dps --enroll --register
	[ "$(verdict '[.assigned_hub, .assigned_device] | join(" ")')" = "stmiot-local.azure-devices.net Dev-1" ]
	[ "$(verdict .id_scope)" = "$(cat hub/dps-id-scope)" ]
	run -0 stmiot device enrolled dev-1
	has "$output" "registered         assigned to stmiot-local.azure-devices.net as Dev-1"
	[ "$(stmiot device show Dev-1 --json | jq -r .auth)" = sas ]
	run -0 --separate-stderr stmiot provision Dev-1 --auth dps --enroll --register
	has "$output" "nothing to do"
	has "$stderr" "'dev-1' is assigned to stmiot-local.azure-devices.net as 'Dev-1'"
	stmiot -q device enroll --group line --show-keys --json >group.json
	jq -r .primary_key group.json >group.key
	used_secret group.key
	run -0 --separate-stderr stmiot -q provision Dev-2 --auth dps --group-key-file group.key --register
	run -0 bash -c "stmiot device enrolled --group line --json | jq -c '.registrations[] | [.id, .device_id, .status]'"
	output_is '["dev-2","dev-2","assigned"]'
}

@test "--auth dps --register: who is not let in is not written" {
	head -c 32 /dev/urandom | base64 >group.key
	used_secret group.key
	run -6 --separate-stderr stmiot provision Dev-1 --auth dps --group-key-file group.key --register
	has "$stderr" "the service lets in no \"dev-1\" with this key"
	run -0 credentials '[] | .state'
	output_is $'blank\nblank'
	stmiot -q device enroll dev-1 --disabled >made
	run -1 --separate-stderr stmiot provision dev-1 --auth dps --enroll --register
	has "$stderr" "the enrolment of \"dev-1\" is disabled"
	run -0 credentials '[] | .state'
	output_is $'blank\nblank'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 4000 -subj /CN=ca -keyout ca.key \
		-out ca.pem -addext basicConstraints=critical,CA:TRUE 2>/dev/null
	used_secret ca.key
	stmiot -q device enroll --group signed --certificate ca.pem >made
	run -0 --separate-stderr stmiot provision dev-3 --auth dps --ca-cert ca.pem --ca-key ca.key --register --days 10
	has "$stderr" "'dev-3' is assigned to stmiot-local.azure-devices.net as 'dev-3'"
	stmiot -q device enroll dev-4 --certificate ca.pem >made
	run -1 --separate-stderr stmiot provision dev-4 --auth dps --enroll
	has "$stderr" "has no symmetric keys"
	run -2 stmiot provision dev-1 --auth dps --enroll --group-key-file group.key
	run -2 stmiot provision dev-1 --enroll
	run -2 stmiot provision dev-1 --register
}

@test "--store otp: one block, once, and keys wrapped" {
	asked=$(requests)
	run -2 stmiot provision dev1 --store otp
	has "$output" "--burn $serial"
	run -5 stmiot provision dev1 --store otp --burn 000000000000
	has "$output" "its serial is $serial"
	untouched
	run -0 stmiot -q provision dev1 --store otp --burn "$serial"
	run -0 credentials '[0] | .wrapped, .otp_block'
	output_is "true
0"
	run -0 bash -c "stmiot otp show --json | jq -r '[.blocks[] | select(.locked)] | length'"
	output_is 1
	run -0 bash -c "stmiot otp show --json | jq -c '.blocks[0] | .locked, .blank, .data'"
	output_is $'true\nfalse\nnull'
	run -0 stmiot otp show
	has "$output" "(root of wrapped keys)"
	cp sim/b0/otp.bin before
	run -0 stmiot -q provision dev1 --store otp
	has "$output" "nothing to do"
	run -0 stmiot -q provision dev2
	run -0 credentials '[1] | .device_id, .wrapped, .otp_block'
	output_is "dev2
true
0"
	cmp before sim/b0/otp.bin
}

@test "--store otp: the root is not shown either when its record is gone: it is used again" {
	stmiot -q provision dev1 --store otp --burn "$serial" >told
	stmiot -q erase 0x08008000 32K --yes --overwrite-credentials >>told
	run -0 stmiot otp show
	has "$output" "(root of wrapped keys)"
	run -0 bash -c "stmiot otp show --json | jq -c '.blocks[0] | .locked, .blank, .data'"
	output_is $'true\nfalse\nnull'
	cp sim/b0/otp.bin before
	stmiot -q provision dev2 --store otp >>told
	cmp before sim/b0/otp.bin
}

@test "--store otp: no free block is refused before the hub is asked" {
	asked=$(requests)
	head -c 512 /dev/zero | change_board b0 otp.bin 0
	run -5 stmiot provision dev1 --store otp --burn "$serial"
	untouched
}

@test "--lock: read protection at the end, and the second run knows" {
	run -0 stmiot -q provision dev1 --lock
	has "$output" ", locked, "
	run -0 bash -c 'stmiot info --json | jq .read_protected'
	output_is true
	run -0 stmiot -q provision dev1 --lock
	has "$output" "provisioned and locked by an earlier run"
	asked=$(requests)
	run -4 stmiot provision dev2
	has "$output" "stmiot option unprotect"
	untouched
}

@test "--dry-run prints the plan, and changes nothing" {
	asked=$(requests)
	cp sim/b0/flash.bin before
	run -0 stmiot -q provision dev1 --dry-run --store otp --lock
	has "$output" "OTP      block 0: burn a root of 32 bytes, and lock it"
	has "$output" "record   slot A at 0x08008000, generation 1, keys wrapped"
	has "$output" "lock     read protection"
	run -0 --separate-stderr stmiot --json provision dev1 --dry-run
	[ "$(verdict '.result, .slot, .dry_run' | tr '\n' ' ')" = "planned A true " ]
	cmp before sim/b0/flash.bin
	untouched
	[ ! -e "$XDG_STATE_HOME/stmiot/provision" ]
}

@test "slots that hold something else are refused before the hub is asked" {
	random_file other 32768
	change_board b0 flash.bin 32768 <other
	asked=$(requests)
	run -5 stmiot provision dev1
	has "$output" "--force"
	untouched
	holds other 32768
	run -2 stmiot provision dev1 --force
	has "$output" "give --yes"
	run -0 stmiot -q provision dev1 --force --yes
}

@test "a record of another board is refused before the hub is asked" {
	stmiot -q sim up --no-hub --boards 2 --time none >up.txt
	stmiot -q -b sim:b1 provision dev1 >/dev/null
	dd if=sim/b1/flash.bin bs=16384 skip=2 count=1 of=record status=none
	change_board b0 flash.bin 32768 <record
	asked=$(requests)
	run -5 stmiot -b sim:b0 provision dev2
	untouched
	run -0 stmiot -b sim:b0 info
	has "$output" "A record of another board, serial "
}

@test "a damaged journal is refused, and named" {
	mkdir -p "$XDG_STATE_HOME/stmiot/provision"
	echo '{' >"$XDG_STATE_HOME/stmiot/provision/$serial.json"
	asked=$(requests)
	run -5 stmiot provision dev1
	has "$output" "$serial.json is damaged"
	untouched
}

@test "a hub that refuses: nothing is written, and the next run goes on" {
	cp sim/b0/flash.bin before
	./ask hub '"fail","pattern":"403"' >/dev/null
	run ! stmiot provision dev1
	cmp before sim/b0/flash.bin
	./ask hub '"fail","clear":true' >/dev/null
	run -0 stmiot -q provision dev1
}

# FAULT DEVICE [ARGUMENTS...]: the board's power fails in a run that is to make it DEVICE
cut_off() {
	./ask sim/b0 "\"fault\",\"kind\":\"power\",$1" >/dev/null
	run -1 stmiot provision "${@:2}"
}

@test "what a cut-off run has left in a slot is never in the way" {
	cut_off '"at":72' dev1
	[ "$(jq .step "$XDG_STATE_HOME/stmiot/provision/$serial.json")" = '"record"' ]
	cut_off '"erase":1,"fraction":0.3' dev1
	run -0 credentials '[0].state'
	output_is other
	run -0 stmiot -q provision dev1
	run -0 stmiot -q provision dev2
	cut_off '"erase":1,"fraction":0.3' dev3
	run -0 stmiot -q provision dev2
	has "$output" "nothing to do"
	run -0 stmiot -q provision dev3
}

@test "--auth x509: a certificate of a run that was cut off makes room, however many failed since" {
	stmiot -q device create dev1 --auth x509-selfsigned --thumbprint "$(printf '%064d' 1)" >/dev/null
	cut_off '"at":72' dev1 --auth x509
	for _ in $(seq 9); do
		./ask hub '"fail","pattern":"403@1"' >/dev/null
		run -6 stmiot provision dev1 --auth x509
	done
	run -0 stmiot -q provision dev1 --auth x509
	thumbprint=$(credentials '[0].thumbprint')
	[ "$(stmiot device show dev1 --json | jq -c '[.primary_thumbprint, .secondary_thumbprint]')" = \
		"[\"$(printf '%064d' 1)\",\"$thumbprint\"]" ]
}

@test "flash and erase keep the record" {
	stmiot -q provision dev1 >/dev/null
	cp sim/b0/flash.bin before
	run -5 stmiot erase 0x08008000 16K --yes
	has "$output" "holds a credential record"
	run -0 stmiot erase --chip --yes
	cmp -n 16384 before sim/b0/flash.bin 32768 32768
	run -0 credentials '[0].state'
	output_is valid
}

@test "JSON: steps, then one verdict" {
	run -0 --separate-stderr stmiot --json provision dev1
	[ "$(jq -r 'select(.event == "step") | .step' <<<"$output" | tr '\n' ' ')" = \
		"identity record committed " ]
	[ "$(verdict '.ok, .exit, .result, .device_id, .serial, .store, .slot, .generation' | tr '\n' ' ')" = \
		"true 0 provisioned dev1 $serial flash A 1 " ]
}

@test "rotate: the unused key is new and in the other slot, the used one stays" {
	stmiot -q provision dev1 >/dev/null
	keys() { stmiot device show dev1 --show-keys --json | jq -r ".$1"; }
	primary=$(keys primary_key) secondary=$(keys secondary_key)
	run -0 --separate-stderr stmiot device rotate dev1
	output_is "sim:b0: 'dev1' has a new secondary key, in slot B"
	[ "$(keys primary_key)" = "$primary" ]
	[ "$(keys secondary_key)" != "$secondary" ]
	run -0 stmiot -q device rotate dev1
	output_is "sim:b0: 'dev1' has the new secondary key already, in slot B"
	run -1 stmiot device rotate dev1 --finish
	has "$output" "has not connected"
	[ "$(keys primary_key)" = "$primary" ]
	run -0 stmiot -q provision dev1
	has "$output" "nothing to do"
}

transfers() {
	./ask sim/b0 '"status"' | jq .counters.transfers
}

@test "rotate: a record for another device ends it, also when that run is cut off" {
	stmiot -q provision dev1 >/dev/null
	stmiot -q device rotate dev1 >/dev/null
	before=$(transfers)
	stmiot -q provision dev0 >/dev/null
	behind_the_commit=$(($(transfers) - before - 4))
	stmiot -q provision dev1 >/dev/null
	stmiot -q device rotate dev1 >/dev/null
	./ask hub '"fail","pattern":"403@1"' >/dev/null
	run -6 stmiot provision dev2
	run -1 stmiot device rotate dev2 --finish
	has "$output" "no rotation of 'dev2' was begun"
	stmiot -q device rotate dev1 >/dev/null
	cut_off "\"at\":$behind_the_commit" dev2
	run -0 stmiot -q provision dev2
	has "$output" "nothing to do"
	run -1 stmiot device rotate dev2 --finish
	has "$output" "no rotation of 'dev2' was begun"
}

@test "rotate: a read-protected board is refused before the hub is asked" {
	stmiot -q provision dev1 --lock >/dev/null
	asked=$(requests)
	run -4 stmiot device rotate dev1
	has "$output" "read-protected"
	has "$output" "stmiot option unprotect"
	untouched
}

@test "rotate: something else in a slot is refused, and how to give it up" {
	stmiot -q provision dev1 >/dev/null
	random_file other 16384
	change_board b0 flash.bin 49152 <other
	asked=$(requests)
	run -5 stmiot device rotate dev1
	has "$output" "slot B is neither blank nor a credential record"
	has "$output" "stmiot erase 0x0800c000 16K --overwrite-credentials"
	untouched
	run -0 stmiot -q erase 0x0800c000 16K --overwrite-credentials --yes
	run -0 stmiot -q device rotate dev1
}

@test "a damaged record: what, and where" {
	stmiot -q provision dev1 >/dev/null
	printf 'x' | change_board b0 flash.bin $((32768 + 100))
	run -0 stmiot info
	has "$output" "A damaged record: the record's CRC does not fit, at 0x"
	run -0 credentials '[0].damage'
	has "$output" "CRC does not fit, at 0x"
	asked=$(requests)
	run -5 stmiot device rotate dev1
	has "$output" "the record in slot A is damaged: the record's CRC does not fit, at 0x"
	untouched
}

@test "locked in another way than is wanted now: refused" {
	stmiot -q provision dev1 --lock >/dev/null
	asked=$(requests)
	run -4 stmiot provision dev1 --store otp --burn "$serial"
	run -4 stmiot provision dev1 --force --yes
	untouched
	run -0 stmiot provision dev1 --store flash
}

@test "rotate: a board of another device is refused" {
	stmiot -q provision dev1 >/dev/null
	stmiot -q device create dev2 >/dev/null
	run -5 stmiot device rotate dev2
	has "$output" "is not of 'dev2'"
}

@test "no key in what is said, logged or kept" {
	{
		stmiot -v provision dev1
		stmiot -v --json provision dev2 --auth x509
		stmiot -v provision dev3 --store otp --burn "$serial"
		stmiot info
		stmiot info --json
		stmiot device create d4
		stmiot device create d5
	} >said 2>&1
	no_secret_in said up.txt hub.out hub/log sim/b0/log "$XDG_STATE_HOME"/stmiot/provision/*
}
