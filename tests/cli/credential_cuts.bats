# A board with the bundled firmware is provisioned anew with BOOT0 low, and the power is cut:
# what the firmware then says of its credentials.

load boards
load hubs
load cuts

more_setup() {
	credential_setup
}

@test "the power fails at 200 moments of provisioning, and 40 of its erase: always one valid record" {
	stmiot -q -b sim:b0 provision older >older.txt
	cuts credential_cuts 200 40
}

@test "the same with a root in OTP, at 48 moments" {
	stmiot -q -b sim:b0 provision older --store otp --burn "$(serial)" >older.txt
	cuts credential_cuts 40 8 --store otp
}
