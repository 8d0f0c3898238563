load ../cli/boards
load ../cli/hubs
load ../cli/cuts

more_setup() {
	credential_setup
}

@test "the power fails at 1000 moments of provisioning, and 200 of its erase: always one valid record" {
	stmiot -q -b sim:b0 provision older >older.txt
	cuts credential_cuts 1000 200
}

@test "the same with certificates" {
	stmiot -q -b sim:b0 provision older --auth x509 >older.txt
	cuts credential_cuts 300 50 --auth x509
}

@test "the same with certificates and a root in OTP" {
	stmiot -q -b sim:b0 provision older --auth x509 --store otp --burn "$(serial)" >older.txt
	cuts credential_cuts 300 50 --auth x509 --store otp
}
